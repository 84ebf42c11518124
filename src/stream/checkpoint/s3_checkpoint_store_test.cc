#include "stream/checkpoint/s3_checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "fake/fake_s3.h"
#include "sim/world.h"
#include "stream/checkpoint/checkpoint_stores.h"
#include "stream/checkpoint/store_contract.h"

namespace tidemill::stream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class S3CheckpointStoreTest : public testing::Test {
 protected:
  S3CheckpointStoreTest() { serve({}); }
  void serve(fake::FakeS3Options options) {
    s3_ = std::make_unique<fake::FakeS3>(account_, base::Random(1), options);
    s3_->makeBucket("bucket");
    world_.net().serve(
        "s3.local",
        {.handle = [this](const http::Request& request,
                          rt::WallTime now) { return s3_->handle(request, now, fake::Fault::kNone); },
         .throttled = [this](
                          const http::Request& request,
                          rt::WallTime now) { return s3_->handle(request, now, fake::Fault::kThrottled); }});
  }
  sim::Node& node(const std::string& name) {
    sim::Node* found = world_.node(name);
    if (found != nullptr) return *found;
    return world_.addNode(name, sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  }
  std::unique_ptr<CheckpointStore> store(const std::string& url = "s3://bucket/apps/orders",
                                         const std::string& on = "driver") {
    CheckpointStoreOptions options;
    options.s3.endpoint = "https://s3.local";
    options.environment = [](std::string_view name) -> std::optional<std::string> {
      if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY") return "test";
      return std::nullopt;
    };
    options.remote.unsafeSingleWriter = unsafeSingleWriter_;
    auto made = makeCheckpointStore(node(on).env(), url, options);
    EXPECT_TRUE(made) << made.error().what();
    return std::move(*made);
  }
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }

  const fake::FakeAwsOptions account_;
  std::unique_ptr<fake::FakeS3> s3_;
  bool unsafeSingleWriter_ = false;
  sim::World world_{1};
};

TEST_F(S3CheckpointStoreTest, KeepsTheContract) {
  auto bucket = store();
  EXPECT_EQ(run(brokenContract(*bucket)), "");
  EXPECT_FALSE(bucket->exclusive());
  for (const std::string& key : s3_->keys("bucket")) EXPECT_THAT(key, testing::StartsWith("apps/orders/"));
}

TEST_F(S3CheckpointStoreTest, KeepsTheContractAtTheTopOfABucketAndPageByPage) {
  serve({.pageMax = 1});
  auto bucket = store("s3://bucket");
  EXPECT_EQ(run(brokenContract(*bucket)), "");
}

TEST_F(S3CheckpointStoreTest, KeepsTheContractThroughTroubleOfTheNetwork) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    sim::WorldOptions options;
    options.net.responseLost = 30'000;
    options.net.requestLost = 30'000;
    options.net.reset = 30'000;
    options.net.serverError = 30'000;
    options.net.throttle = 30'000;
    sim::World world(seed, options);
    fake::FakeS3 s3(account_, base::Random(seed));
    s3.makeBucket("bucket");
    world.net().serve(
        "s3.local",
        {.handle = [&](const http::Request& request,
                       rt::WallTime now) { return s3.handle(request, now, fake::Fault::kNone); },
         .throttled = [&](const http::Request& request,
                          rt::WallTime now) { return s3.handle(request, now, fake::Fault::kThrottled); }});
    sim::Node& node =
        world.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    s3::S3ClientOptions client;
    client.aws.endpoint = {"https://s3.local", "us-east-1"};
    client.aws.credentials = AwsCredentials("test", "test");
    client.aws.callTimeout = std::chrono::seconds(120);
    client.aws.retry.attemptsMax = 10;
    client.aws.retry.tokensMax = 100'000;
    client.pathStyle = true;
    S3CheckpointStore store(node.env(), "s3://bucket/a", {"bucket", "a/"}, client, {});
    EXPECT_EQ(world.loop().run(brokenContract(store)), "") << seed;
    EXPECT_GT(world.net().faultsDrawn(), 0u);
    world.end();
  }
}

TEST_F(S3CheckpointStoreTest, RefusesAStoreThatIgnoresTheCondition) {
  serve({.conditions = false});
  const auto opened = run(store()->open("x"));

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kUnsafeStore);
  EXPECT_THAT(opened.error().message(), HasSubstr("s3://bucket/apps/orders"));
  EXPECT_THAT(opened.error().hint(), HasSubstr("tidemill.checkpoint.unsafeSingleWriter"));
  EXPECT_THAT(s3_->keys("bucket"), ElementsAre());

  unsafeSingleWriter_ = true;
  EXPECT_TRUE(run(store()->open("x")));
}

TEST_F(S3CheckpointStoreTest, AMissingBucketIsNamed) {
  const auto opened = run(store("s3://nothing/a")->open("x"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kInvalidConfig);
  EXPECT_THAT(opened.error().message(), HasSubstr("checkpoint directory s3://nothing/a"));
}

TEST_F(S3CheckpointStoreTest, OfTwoWritersOneWinsEachName) {
  auto first = store("s3://bucket/a", "one");
  auto second = store("s3://bucket/a", "two");
  int wins = 0;
  const auto race = [&](CheckpointStore& one, std::string bytes) -> rt::Task<void> {
    for (int i = 0; i < 50; ++i) {
      std::string name = "log/" + std::to_string(i);
      auto done = co_await one.putIfAbsent(std::move(name), bytes);
      if (done) ++wins;
      if (!done) {
        EXPECT_EQ(done.error().code(), Code::kConflict);
      }
    }
  };
  world_.spawn(race(*first, "one"));
  world_.spawn(race(*second, "two"));
  world_.runUntil([&] { return s3_->keys("bucket").size() == 50; }, std::chrono::seconds(60));
  world_.runFor(std::chrono::seconds(1));
  EXPECT_EQ(wins, 50);
}

TEST(S3Urls, NeedARegionACredentialAndAKeyThatMakesSense) {
  sim::World world(1);
  sim::Node& node = world.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  CheckpointStoreOptions options;
  EXPECT_EQ(makeCheckpointStore(node.env(), "s3://bucket/a", options).error().code(), Code::kInvalidConfig);
  options.s3.region = "eu-west-1";
  EXPECT_EQ(makeCheckpointStore(node.env(), "s3://bucket/a", options).error().code(), Code::kNoCredentials);
  options.environment = [](std::string_view) { return "x"; };
  options.s3.endpoint = "https://127.0.0.1:1";
  options.s3KmsKeyId = "key";
  EXPECT_EQ(makeCheckpointStore(node.env(), "s3://bucket/a", options).error().code(), Code::kInvalidConfig);
  options.s3ServerSideEncryption = "aws:kms";
  EXPECT_TRUE(makeCheckpointStore(node.env(), "s3://bucket/a", options));
  EXPECT_EQ(makeCheckpointStore(node.env(), "s3:///a", options).error().code(), Code::kInvalidConfig);
}

}  // namespace
}  // namespace tidemill::stream

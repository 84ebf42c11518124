#include "stream/checkpoint/hdfs_checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "fake/fake_web_hdfs.h"
#include "sim/world.h"
#include "stream/checkpoint/checkpoint_stores.h"
#include "stream/checkpoint/store_contract.h"

namespace tidemill::stream {
namespace {

using testing::HasSubstr;

class HdfsCheckpointStoreTest : public testing::Test {
 protected:
  HdfsCheckpointStoreTest() : HdfsCheckpointStoreTest(sim::WorldOptions()) {}
  explicit HdfsCheckpointStoreTest(sim::WorldOptions options) : world_(1, options) {
    node_ = &world_.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    for (const char* host : {"nna", "nnb", "dna"}) {
      world_.net().serve(host, {.handle = [this](const http::Request& request,
                                                 rt::WallTime now) { return hdfs_.handle(request, now); },
                                .throttled = {}});
    }
  }
  std::unique_ptr<CheckpointStore> store(const std::string& url = "hdfs://nna:9870,nnb:9870/apps/orders") {
    CheckpointStoreOptions options;
    options.environment = [](std::string_view name) -> std::optional<std::string> {
      if (name == "HADOOP_USER_NAME") return "ada";
      return std::nullopt;
    };
    auto made = makeCheckpointStore(node_->env(), url, options);
    EXPECT_TRUE(made) << made.error().what();
    return std::move(*made);
  }
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }

  fake::FakeWebHdfs hdfs_{{.nameNodes = {"nna:9870", "nnb:9870"}, .listMax = 2}};
  sim::World world_;
  sim::Node* node_ = nullptr;
};

sim::WorldOptions troubled() {
  sim::WorldOptions options;
  options.net.responseLost = 20'000;
  options.net.requestLost = 20'000;
  options.net.reset = 20'000;
  options.net.serverError = 20'000;
  return options;
}

class TroubledHdfsTest : public HdfsCheckpointStoreTest {
 protected:
  TroubledHdfsTest() : HdfsCheckpointStoreTest(troubled()) {}
};

TEST_F(HdfsCheckpointStoreTest, KeepsTheContract) {
  auto folder = store();
  EXPECT_EQ(run(brokenContract(*folder)), "");
  EXPECT_FALSE(folder->exclusive());
  for (const std::string& path : hdfs_.files()) EXPECT_THAT(path, testing::StartsWith("/apps/orders/"));
}

TEST_F(HdfsCheckpointStoreTest, KeepsTheContractAtTheRootAndWithTheSecondNamenode) {
  hdfs_.setActive(1);
  auto folder = store("hdfs://nna,nnb");
  EXPECT_EQ(run(brokenContract(*folder)), "");
}

TEST_F(TroubledHdfsTest, KeepsTheContractThroughTroubleOfTheNetwork) {
  auto folder = store();
  EXPECT_EQ(run(brokenContract(*folder)), "");
  EXPECT_GT(world_.net().faultsDrawn(), 0u);
}

TEST_F(HdfsCheckpointStoreTest, AFolderOfAnotherUserAndSafeModeAreNamed) {
  hdfs_.deny("/apps");
  auto opened = run(store()->open("x"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kAccessDenied);
  EXPECT_THAT(opened.error().message(),
              HasSubstr("checkpoint directory hdfs://nna:9870,nnb:9870/apps/orders"));

  hdfs_.setSafeMode(true);
  opened = run(store()->open("x"));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message(), HasSubstr("safe mode"));
}

TEST(HdfsUrls, NeedANamenode) {
  sim::World world(1);
  sim::Node& node = world.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  EXPECT_EQ(makeCheckpointStore(node.env(), "hdfs:///a").error().code(), Code::kInvalidConfig);
  CheckpointStoreOptions options;
  options.hdfsHosts = "dna";
  EXPECT_EQ(makeCheckpointStore(node.env(), "hdfs://nn/a", options).error().code(), Code::kInvalidConfig);
}

}  // namespace
}  // namespace tidemill::stream

// stream/test_context.h: a StreamingContext in a simulated world with the fake AWS, for tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/workloads/test_account.h"
#include "sim/world.h"
#include "stream/seams.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill {

using namespace std::chrono_literals;

constexpr char kHost[] = "kinesis.us-east-1.amazonaws.com";
constexpr char kEndpoint[] = "https://kinesis.us-east-1.amazonaws.com";

// A whole program in a world where nothing fails unless a test says so.
class ContextFixture : public testing::Test {
 protected:
  void SetUp() override {
    world_.net().faults().on = false;
    world_.net().serve(kHost, {.handle =
                                   [this](const http::Request& request, rt::WallTime now) {
                                     if (intercept_) {
                                       auto instead = intercept_(request);
                                       if (instead) return std::move(*instead);
                                     }
                                     return aws_.handle(request, now).response;
                                   },
                               .throttled = {}});
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    client_ = std::make_unique<kinesis::KinesisClient>(env().loop, env().http, random_, env().log,
                                                       sim::testClient(kEndpoint));
    factory_ = std::make_unique<lease::MemoryLeaseStoreFactory>(env(), tables_);
    seams_ = std::make_unique<stream::Seams>(stream::Seams{env(), *factory_, sim::testEnvironment()});
  }
  void TearDown() override {
    // What a test leaves running ends before the seams do.
    client_.reset();
  }

  rt::Env& env() { return node_->env(); }
  void createStream(int shards, const std::string& stream = "orders") {
    ASSERT_TRUE(world_.loop().run(client_->createStream(stream, shards)));
    world_.runFor(2s);
  }
  void put(const std::vector<std::string>& lines, const std::string& stream = "orders") {
    std::vector<kinesis::PutEntry> entries;
    for (const std::string& line : lines) entries.push_back({line, random_.uuid(), std::nullopt});
    auto outcomes = world_.loop().run(client_->putRecords(stream, entries));
    ASSERT_TRUE(outcomes);
    for (const kinesis::PutOutcome& outcome : *outcomes) ASSERT_EQ(outcome.errorCode, "");
  }
  std::unique_ptr<StreamingContext> makeContext(const std::string& worker = "me") {
    Conf conf;
    conf.set("tidemill.worker.id", worker).set("tidemill.batch.maxFailures", "3");
    return std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
  }
  DStream<std::string> lines(StreamingContext& context, const std::string& stream = "orders") {
    return KinesisUtils::createStream(context, "app", stream, kEndpoint, "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Seconds(1),
                                      StorageLevel::MEMORY_ONLY);
  }
  // Stops gracefully in virtual time.
  Result<void> stopped(StreamingContext& context) {
    context.requestStop(true);
    return ended(context);
  }
  // What it ended with, by itself or because it was asked to.
  Result<void> ended(StreamingContext& context) {
    world_.runUntil([&] { return context.getState() == StreamingContextState::STOPPED; }, 600s);
    EXPECT_EQ(context.getState(), StreamingContextState::STOPPED);
    return context.awaitTermination();
  }
  Code failureOf(StreamingContext& context) {
    auto result = ended(context);
    EXPECT_FALSE(result);
    return result ? Code::kCancelled : result.error().code();
  }

  sim::World world_{1};
  base::Random random_{1};
  fake::FakeAws aws_{{}};
  // What the service answers instead, if anything.
  std::function<std::optional<http::Response>(const http::Request&)> intercept_;
  std::shared_ptr<lease::MemoryLeaseTables> tables_ = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> leases_ = tables_->at("app", "orders");
  sim::Node* node_ = nullptr;
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::unique_ptr<lease::LeaseStoreFactory> factory_;
  std::unique_ptr<stream::Seams> seams_;
};

// The code of the Error that `mistake` throws, which must say what to do.
inline Code thrownBy(const std::function<void()>& mistake) {
  try {
    mistake();
  } catch (const Error& error) {
    EXPECT_FALSE(error.message().empty());
    EXPECT_FALSE(error.hint().empty());
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Code::kCancelled;
}

}  // namespace tidemill

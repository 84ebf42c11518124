// consume/test_consumer.h: consumers in a simulated world with the fake AWS, for tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "consume/consumer_seams.h"
#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/workloads/test_account.h"
#include "sim/world.h"
#include "tidemill/consumer.h"

namespace tidemill::consume {

using namespace std::chrono_literals;

constexpr char kHost[] = "kinesis.us-east-1.amazonaws.com";
constexpr char kEndpoint[] = "https://kinesis.us-east-1.amazonaws.com";

// Passes work on, or keeps it as a call that does not end.
class HoldingPool final : public rt::WorkerPool {
 public:
  explicit HoldingPool(rt::WorkerPool& inner) : inner_(inner) {}

  void submit(base::UniqueFunction<void()> work) override {
    if (holding_ == 0) return inner_.submit(std::move(work));
    --holding_;
    held_.push_back(std::move(work));
  }
  int threads() const override { return inner_.threads(); }

  // Keeps the next so many calls.
  void hold(int calls) { holding_ = calls; }
  std::size_t held() const { return held_.size(); }
  // Lets go of what was kept.
  void release() {
    for (auto& work : std::exchange(held_, {})) inner_.submit(std::move(work));
  }

 private:
  rt::WorkerPool& inner_;
  int holding_ = 0;
  std::list<base::UniqueFunction<void()>> held_;
};

// What the handlers of all shards and consumers of a test did, and what they shall do.
struct Script {
  // "shard initialize TRIM_HORIZON", "shard records a,b", "shard ended", "shard shutdown", "shard lost".
  std::vector<std::string> calls;
  std::function<Outcome(const ShardInfo&)> onInitialize;
  std::function<Outcome(const RecordBatch&, Checkpointer&)> onRecords;
  std::function<Outcome(Checkpointer&)> onEnded;
  std::function<Outcome(Checkpointer&)> onShutdown;

  // Calls that contain `part`.
  int count(std::string_view part) const {
    int found = 0;
    for (const std::string& call : calls) found += call.find(part) != std::string::npos ? 1 : 0;
    return found;
  }
  // Payloads in the order in which calls with them began; a call that is made again counts again.
  std::vector<std::string> payloads;
};

class ScriptedHandler final : public ShardHandler {
 public:
  ScriptedHandler(Script& script, std::string shardId) : script_(script), shardId_(std::move(shardId)) {}

  Outcome initialize(const ShardInfo& shard) override {
    note("initialize " + shard.checkpoint.sequenceNumber);
    return script_.onInitialize ? script_.onInitialize(shard) : Outcome::ok();
  }
  Outcome processRecords(const RecordBatch& batch, Checkpointer& checkpointer) override {
    std::string line = "records";
    for (const Record& record : batch.records) {
      line += " " + std::string(record.text());
      script_.payloads.emplace_back(record.text());
    }
    note(line);
    return script_.onRecords ? script_.onRecords(batch, checkpointer) : Outcome::ok();
  }
  void leaseLost() override { note("lost"); }
  Outcome shardEnded(Checkpointer& checkpointer) override {
    note("ended");
    return script_.onEnded ? script_.onEnded(checkpointer) : ShardHandler::shardEnded(checkpointer);
  }
  Outcome shutdownRequested(Checkpointer& checkpointer) override {
    note("shutdown");
    return script_.onShutdown ? script_.onShutdown(checkpointer) : Outcome::ok();
  }

 private:
  void note(const std::string& what) { script_.calls.push_back(shardId_ + " " + what); }

  Script& script_;
  const std::string shardId_;
};

// A world where nothing fails unless a test says so.
class ConsumerFixture : public testing::Test {
 protected:
  void SetUp() override {
    world_.net().faults().on = false;
    world_.net().serve(kHost,
                       {.handle = [this](const http::Request& request,
                                         rt::WallTime now) { return aws_.handle(request, now).response; },
                        .throttled = {}});
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    const rt::Env& env = node_->env();
    pool_ = std::make_unique<HoldingPool>(env.workers);
    env_.emplace(rt::Env{env.loop, env.http, env.fetchLoop, env.fetchHttp, *pool_, env.jobs, env.store,
                         env.replicas, env.files, env.random, env.log, env.faults, env.registry});
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log,
                                                       sim::testClient(kEndpoint));
    factory_ = std::make_unique<lease::MemoryLeaseStoreFactory>(*env_, tables_);
    seams_.emplace(ConsumerSeams{*env_, *factory_, sim::testEnvironment()});
    options_.applicationName = "app";
    options_.streamName = "orders";
    options_.workerId = "me";
    options_.kinesisEndpoint = kEndpoint;
    options_.initialPosition = KinesisInitialPosition::TrimHorizon();
    options_.exceptionBackoff = 100ms;
    options_.exceptionBackoffCap = 1s;
    options_.exceptionRetriesMax = 3;
  }
  void TearDown() override { client_.reset(); }

  void createStream(int shards) {
    ASSERT_TRUE(world_.loop().run(client_->createStream("orders", shards)));
    world_.runFor(2s);
  }
  // With one shard: into it, in this order.
  void put(const std::vector<std::string>& payloads) {
    for (const std::string& payload : payloads) {
      const std::vector<kinesis::PutEntry> entry{{payload, "key-" + payload, std::nullopt}};
      auto outcomes = world_.loop().run(client_->putRecords("orders", entry));
      ASSERT_TRUE(outcomes);
      numbers_[payload] = outcomes->front().sequenceNumber;
      shards_[payload] = outcomes->front().shardId;
    }
  }
  void splitShard(const std::string& shardId) {
    ASSERT_TRUE(
        world_.loop().run(client_->splitShard("orders", shardId, "170141183460469231731687303715884105728")));
    world_.runFor(2s);
  }
  std::unique_ptr<Consumer> makeConsumer() { return makeConsumer(script_); }
  std::unique_ptr<Consumer> makeConsumer(Script& script) {
    auto factory = [&script](const std::string& shardId) {
      return std::make_unique<ScriptedHandler>(script, shardId);
    };
    return std::make_unique<Consumer>(*seams_, options_, std::move(factory));
  }
  std::unique_ptr<Consumer> startConsumer() {
    auto consumer = makeConsumer();
    consumer->start();
    return consumer;
  }
  void runUntil(const std::function<bool()>& reached) { EXPECT_TRUE(world_.runUntil(reached, 600s)); }
  Result<void> stopped(Consumer& consumer) {
    consumer.requestStop();
    return ended(consumer);
  }
  Result<void> ended(Consumer& consumer) {
    runUntil([&] { return consumer.state() == ConsumerState::kStopped; });
    if (consumer.state() != ConsumerState::kStopped) return fail(Code::kTimeout, "it has not stopped");
    return consumer.awaitTermination();
  }
  // The row of the only shard, or of `shardId`.
  lease::Lease& row(const std::string& shardId = "shardId-000000000000") { return table_->rows.at(shardId); }
  std::uint64_t logged(std::string_view event) const { return node_->log().count(event); }

  sim::World world_{1};
  base::Random random_{1};
  fake::FakeAws aws_{{}};
  std::shared_ptr<lease::MemoryLeaseTables> tables_ = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> table_ = tables_->at("app", "orders");
  sim::Node* node_ = nullptr;
  std::unique_ptr<HoldingPool> pool_;
  std::optional<rt::Env> env_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::unique_ptr<lease::LeaseStoreFactory> factory_;
  std::optional<ConsumerSeams> seams_;
  ConsumerOptions options_;
  Script script_;
  // By payload.
  std::map<std::string, std::string> numbers_;
  std::map<std::string, std::string> shards_;
};

}  // namespace tidemill::consume

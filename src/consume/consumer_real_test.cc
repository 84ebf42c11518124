#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "fake/server.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "rt/blocking_event.h"
#include "rt/guarded.h"
#include "tidemill/consumer.h"
#include "tidemill/kinesis_checkpointer.h"
#include "tidemill/shard_watermarks.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;

fake::FakeAwsOptions serviceOptions() {
  fake::FakeAwsOptions options;
  options.limits = false;
  options.createDelay = 0ms;
  return options;
}

// What handlers have seen, for the test's thread to wait on.
class Seen {
 public:
  void add(std::string_view payload) {
    const std::lock_guard lock(mutex_);
    payloads_.emplace(payload);
    changed_.notify_all();
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    payloads_.clear();
  }
  bool waitFor(std::size_t payloads) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return payloads_.size() >= payloads; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> payloads_;
};

class Collector final : public ShardHandler {
 public:
  Collector(Seen& seen, rt::BlockingEvent* gate) : seen_(seen), gate_(gate) {}
  Outcome processRecords(const RecordBatch& batch, Checkpointer&) override {
    for (const Record& record : batch.records) seen_.add(record.text());
    // The handler of the first shard waits as long as the test likes.
    if (gate_ != nullptr && batch.shardId == "shardId-000000000000") gate_->wait();
    return Outcome::ok();
  }

 private:
  Seen& seen_;
  rt::BlockingEvent* gate_;
};

// Takes records and leaves them to others, who finish them later: the checkpoints follow by a timer.
struct Postponed {
  explicit Postponed(std::shared_ptr<Clock> clock)
      : checkpoints(marks, Seconds(10), "me", std::move(clock)) {}

  void finishAll() {
    for (const auto& [shardId, upTo] : taken.with([](auto& all) { return std::exchange(all, {}); })) {
      marks->processed(shardId, upTo);
    }
  }

  std::shared_ptr<ShardWatermarks> marks = std::make_shared<ShardWatermarks>();
  KinesisCheckpointer checkpoints;
  rt::Guarded<std::vector<std::pair<std::string, CheckpointPosition>>> taken;
};

class Postponer final : public ShardHandler {
 public:
  Postponer(Seen& seen, Postponed& postponed) : seen_(seen), postponed_(postponed) {}

  Outcome initialize(const ShardInfo& shard) override {
    shardId_ = shard.shardId;
    postponed_.marks->forget(shardId_);
    return Outcome::ok();
  }
  Outcome processRecords(const RecordBatch& batch, Checkpointer& checkpointer) override {
    const CheckpointPosition upTo{std::string(batch.records.back().sequenceNumber), 0};
    if (auto received = postponed_.marks->received(shardId_, upTo); !received) {
      return Outcome::fatal(received.error().message());
    }
    postponed_.checkpoints.setCheckpointer(shardId_, checkpointer.handle());
    postponed_.taken.with([&](auto& all) { all.emplace_back(shardId_, upTo); });
    for (const Record& record : batch.records) seen_.add(record.text());
    return Outcome::ok();
  }
  void leaseLost() override {
    static_cast<void>(postponed_.checkpoints.removeCheckpointer(shardId_, nullptr));
  }
  Outcome shutdownRequested(Checkpointer& checkpointer) override {
    auto removed = postponed_.checkpoints.removeCheckpointer(shardId_, &checkpointer);
    return removed ? Outcome::ok() : Outcome::retryAfter(Seconds(1), removed.error().message());
  }

 private:
  Seen& seen_;
  Postponed& postponed_;
  std::string shardId_;
};

// Consumers with their own threads, sockets and files, and the fake AWS on a port.
class RealConsumerTest : public testing::Test {
 protected:
  RealConsumerTest()
      : server_(std::move(*fake::FakeServer::listen(aws_, 0))), thread_([this] { server_->run(); }) {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    kinesis::KinesisClientOptions client;
    client.aws.endpoint = aws::Endpoint{endpoint(), "us-east-1"};
    client.aws.credentials = AwsCredentials("test", "test");
    const rt::Env& env = production_.env();
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, env.random, env.log, client);
  }
  ~RealConsumerTest() override {
    production_.onControlLane([this] { client_.reset(); });
    server_->stop();
    thread_.join();
    std::filesystem::remove_all(folder_);
  }

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  void createStream(const std::string& stream) {
    ASSERT_TRUE(production_.block(client_->createStream(stream, 2)));
  }
  void put(int records) {
    std::vector<kinesis::PutEntry> entries;
    for (int i = 0; i < records; ++i) {
      const std::string number = std::to_string(written_++);
      entries.push_back({number, number, std::nullopt});
    }
    ASSERT_TRUE(production_.block(client_->putRecords("orders", entries)));
  }
  ConsumerOptions options(LeaseStoreKind store) const {
    ConsumerOptions options;
    options.applicationName = "app";
    options.streamName = "orders";
    options.workerId = "me";
    options.kinesisEndpoint = endpoint();
    options.dynamoDbEndpoint = endpoint();
    options.regionName = "us-east-1";
    options.credentials = AwsCredentials("test", "test");
    options.leaseStore = store;
    options.stateDirectory = folder_ + "/state";
    options.initialPosition = KinesisInitialPosition::TrimHorizon();
    options.idleTimeBetweenReads = 20ms;
    options.handlerThreads = 4;
    return options;
  }
  ShardHandlerFactory factory(rt::BlockingEvent* gate = nullptr) {
    return [this, gate](const std::string&) { return std::make_unique<Collector>(seen_, gate); };
  }
  void readsStopsAndGoesOn(LeaseStoreKind store) {
    createStream("orders");
    put(100);
    {
      Consumer consumer(options(store), factory());
      consumer.start();
      EXPECT_TRUE(seen_.waitFor(100));
      const auto end = consumer.stop();
      ASSERT_TRUE(end) << end.error().message();
      EXPECT_EQ(consumer.status().checkpointed, 100);
    }
    put(50);
    Consumer again(options(store), factory());
    again.start();
    EXPECT_TRUE(seen_.waitFor(150));
    const auto end = again.stop();
    ASSERT_TRUE(end) << end.error().message();
    EXPECT_EQ(again.status().delivered, 50);
  }

  fake::FakeAws aws_{serviceOptions()};
  std::unique_ptr<fake::FakeServer> server_;
  std::thread thread_;
  base::StderrLog log_;
  http::ProductionEnv production_{log_};
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::string folder_;
  Seen seen_;
  int written_ = 0;
};

TEST_F(RealConsumerTest, ReadsStopsAndGoesOnWithLeasesInAFile) {
  readsStopsAndGoesOn(LeaseStoreKind::kSqlite);
}

TEST_F(RealConsumerTest, ReadsStopsAndGoesOnWithLeasesInDynamoDb) {
  readsStopsAndGoesOn(LeaseStoreKind::kDynamoDb);
}

TEST_F(RealConsumerTest, AHandlerThatHangsHoldsBackItsOwnShardAlone) {
  createStream("orders");
  put(1);
  rt::BlockingEvent gate;
  Consumer consumer(options(LeaseStoreKind::kSqlite), factory(&gate));
  consumer.start();
  put(200);
  // Each shard has about half of them, so the other one went on.
  EXPECT_TRUE(seen_.waitFor(80));
  gate.set();
  EXPECT_TRUE(seen_.waitFor(201));
  EXPECT_TRUE(consumer.stop());
}

TEST_F(RealConsumerTest, CheckpointsFollowByATimerWhatIsFinishedAfterTheCalls) {
  createStream("orders");
  put(100);
  ConsumerOptions manual = options(LeaseStoreKind::kDynamoDb);
  manual.checkpointMode = CheckpointMode::kManual;
  const auto clock = std::make_shared<ManualClock>();
  Postponed postponed(clock);
  const auto make = [&](const std::string&) { return std::make_unique<Postponer>(seen_, postponed); };
  const auto moved = [](const Consumer& consumer) {
    int shards = 0;
    for (const ShardStatus& shard : consumer.status().shards) {
      shards += shard.checkpoint.sequenceNumber != "TRIM_HORIZON" ? 1 : 0;
    }
    return shards;
  };
  {
    Consumer consumer(manual, make);
    consumer.start();
    ASSERT_TRUE(seen_.waitFor(100));
    clock->advance(Seconds(20));
    clock->awaitWaiters(1);
    ASSERT_TRUE(consumer.stop());
    EXPECT_EQ(moved(consumer), 0);  // Nothing was finished.
  }
  postponed.taken.with([](auto& all) { all.clear(); });
  {
    seen_.forget();
    Consumer consumer(manual, make);
    consumer.start();
    ASSERT_TRUE(seen_.waitFor(100));
    postponed.finishAll();
    clock->advance(Seconds(10));
    // The timer's, without a call of a handler.
    while (moved(consumer) < 2) ASSERT_FALSE(consumer.awaitTerminationOrTimeout(10ms));
    ASSERT_TRUE(consumer.stop());
  }
  seen_.forget();
  put(1);
  Consumer consumer(manual, make);
  consumer.start();
  ASSERT_TRUE(seen_.waitFor(1));
  ASSERT_TRUE(consumer.stop());
  EXPECT_EQ(consumer.status().delivered, 1);
}

TEST_F(RealConsumerTest, ATableOfAnotherStreamIsRefused) {
  createStream("orders");
  createStream("other");
  put(1);
  {
    Consumer consumer(options(LeaseStoreKind::kDynamoDb), factory());
    consumer.start();
    EXPECT_TRUE(seen_.waitFor(1));
    ASSERT_TRUE(consumer.stop());
  }
  ConsumerOptions wrong = options(LeaseStoreKind::kDynamoDb);
  wrong.streamName = "other";

  Consumer consumer(wrong, factory());
  consumer.start();
  const auto end = consumer.awaitTermination();

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kForeignTable) << end.error().message();
  EXPECT_FALSE(end.error().hint().empty());
}

TEST_F(RealConsumerTest, StoppingAndDestroyingAtOnceIsFine) {
  createStream("orders");
  put(10);
  for (int i = 0; i < 5; ++i) {
    Consumer consumer(options(LeaseStoreKind::kSqlite), factory());
    consumer.start();
    if (i % 2 == 0) consumer.requestStop();
  }
  Consumer never(options(LeaseStoreKind::kSqlite), factory());
  EXPECT_TRUE(never.stop());
}

}  // namespace
}  // namespace tidemill

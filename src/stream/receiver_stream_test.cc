// Receivers of the program's own. (Spark: ReceiverSuite, ReceiverTrackerSuite, StreamingContextSuite)
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "stream/checkpoint/memory_checkpoint_store.h"
#include "stream/receiver_port.h"
#include "stream/test_context.h"
#include "tidemill/receiver.h"

namespace tidemill {
namespace {

using Numbers = std::vector<int>;

// Stores when the test wants, on the lane.
class TestReceiver final : public Receiver<int> {
 public:
  explicit TestReceiver(StorageLevel level = StorageLevel::MEMORY_ONLY) : Receiver(level) {}
  void onStart() override {
    ++starts;
    if (starting) starting();
  }
  void onStop() override {
    ++stops;
    if (stopping) stopping();
  }

  // What store() of several does, but for the wait, for which there is no thread here.
  rt::Receipts::Number handIn(const Numbers& numbers) {
    stream::ReceiverPort::Elements elements;
    for (const int number : numbers) elements.push_back(detail::receivedBytes(number));
    return port()->handIn(std::move(elements));
  }
  std::optional<bool> answered(rt::Receipts::Number receipt) const {
    return port()->receipts().answered(receipt);
  }

  int starts = 0;
  int stops = 0;
  std::function<void()> starting;
  std::function<void()> stopping;
};

struct Heard final : StreamingListener {
  void onReceiverStarted(const ReceiverInfo& info) override { add("started", info); }
  void onReceiverError(const ReceiverInfo& info) override { add("error", info); }
  void onReceiverStopped(const ReceiverInfo& info) override { add("stopped", info); }
  void add(const char* name, const ReceiverInfo& info) {
    names.emplace_back(name);
    last = info;
  }
  std::vector<std::string> names;
  ReceiverInfo last;
};

using Names = std::vector<std::string>;

class ReceiverStreamTest : public ContextFixture {
 protected:
  std::unique_ptr<StreamingContext> begin(const std::shared_ptr<TestReceiver>& receiver, Conf conf = Conf()) {
    conf.set("tidemill.worker.id", "me").set("tidemill.batch.maxFailures", "3");
    auto context = std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
    if (!directory_.empty()) context->checkpoint(directory_);
    context->addStreamingListener(heard_);
    context->receiverStream<int>(receiver).foreachRDD([this](const RDD<int>& rdd, const BatchInfo& batch) {
      if (sinkDown_ && batch.records > 0) throw std::runtime_error("the sink is down");
      Numbers numbers = rdd.collect();
      if (!numbers.empty()) batches_.push_back(numbers);
      partitions_ += rdd.getNumPartitions();
      seen_.insert(seen_.end(), numbers.begin(), numbers.end());
      EXPECT_TRUE(batch.ranges.isEmpty());
      EXPECT_TRUE(batch.tokens.empty());
    });
    context->start();
    return context;
  }
  // Whether the source was told that an element is stored, which is in no batch.
  std::optional<bool> answeredWithoutRoom() {
    auto context = begin(receiver_, Conf().set("spark.executor.memory", "0b"));
    world_.runFor(500ms);
    const auto receipt = receiver_->handIn({1});
    world_.runFor(3s);
    EXPECT_TRUE(seen_.empty());
    const std::optional<bool> answer = receiver_->answered(receipt);
    EXPECT_TRUE(stopped(*context));
    return answer;
  }
  void expectAll(StreamingContext& context, std::int64_t count) {
    EXPECT_EQ(context.totals().received, count);
    EXPECT_EQ(context.totals().processed, count);
    EXPECT_EQ(context.totals().unallocated, 0);
  }

  std::string directory_;
  bool sinkDown_ = false;
  Numbers seen_;
  std::vector<Numbers> batches_;
  std::size_t partitions_ = 0;
  Heard heard_;
  const std::shared_ptr<TestReceiver> receiver_ = std::make_shared<TestReceiver>();
};

TEST_F(ReceiverStreamTest, WhatIsStoredIsInOneBatchEachInOrder) {
  EXPECT_EQ(receiver_->streamId(), -1);
  EXPECT_FALSE(receiver_->store(0)) << "before the start";
  auto context = begin(receiver_);
  EXPECT_EQ(receiver_->streamId(), 0);
  world_.runFor(500ms);
  EXPECT_TRUE(receiver_->isStarted());
  for (int i = 1; i <= 100; ++i) {
    EXPECT_TRUE(receiver_->store(i));
    world_.runFor(37ms);
  }
  EXPECT_TRUE(stopped(*context));

  Numbers expected(100);
  for (int i = 0; i < 100; ++i) expected[static_cast<std::size_t>(i)] = i + 1;
  EXPECT_EQ(seen_, expected);
  EXPECT_GE(batches_.size(), 3u);
  EXPECT_GE(partitions_, 15u) << "a block each 200 ms";
  expectAll(*context, 100);
  EXPECT_EQ(receiver_->starts, 1);
  EXPECT_EQ(receiver_->stops, 1);
  EXPECT_FALSE(receiver_->store(101)) << "after the end";
  EXPECT_EQ(heard_.names, (Names{"started", "stopped"}));
}

TEST_F(ReceiverStreamTest, ElementsThatAreStoredTogetherStayTogether) {
  auto context = begin(receiver_);
  receiver_->starting = [&] { receiver_->handIn({1, 2, 3}); };
  world_.runFor(3s);
  EXPECT_EQ(partitions_, 1u);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(batches_, (std::vector<Numbers>{{1, 2, 3}}));
}

TEST_F(ReceiverStreamTest, WhoStoresSeveralHearsWhenTheirBlockIsStored) {
  auto context = begin(receiver_, Conf().set("spark.streaming.blockInterval", "10s"));
  world_.runFor(500ms);
  const auto receipt = receiver_->handIn({1, 2});
  EXPECT_EQ(receiver_->answered(receipt), std::nullopt);
  world_.runFor(100ms);
  EXPECT_EQ(receiver_->answered(receipt), true) << "their block does not wait for its interval";
  world_.runFor(2s);
  EXPECT_EQ(seen_, (Numbers{1, 2}));
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(receiver_->handIn({3}), rt::Receipts::kNone);
}

TEST_F(ReceiverStreamTest, WithACheckpointDirectoryItIsStoredWhenTheDirectoryKnowsOfIt) {
  directory_ = "/checkpoints";
  auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [&](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  const auto receiver = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY);
  auto context = begin(receiver);
  world_.runFor(2s);
  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  const auto receipt = receiver->handIn({1, 2});
  world_.runFor(5s);
  EXPECT_EQ(receiver->answered(receipt), std::nullopt) << "the block lies on the disk, and nobody knows";

  place->failure.reset();
  world_.runFor(5s);
  EXPECT_EQ(receiver->answered(receipt), true);
  EXPECT_EQ(seen_, (Numbers{1, 2}));
  EXPECT_TRUE(stopped(*context));
}

TEST_F(ReceiverStreamTest, AStopAtOnceRefusesWhatIsNotStoredYet) {
  directory_ = "/checkpoints";
  auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [&](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  const auto receiver = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY);
  auto context = begin(receiver, Conf().set("spark.streaming.receiver.maxRate", "1"));
  world_.runFor(2s);
  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  const auto inTheStore = receiver->handIn({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  world_.runFor(2s);
  const auto before = receiver->handIn({11});  // Ten seconds of the rate lie before it.
  world_.runFor(1s);
  EXPECT_EQ(receiver->answered(before), std::nullopt);
  context->requestStop(false);
  EXPECT_TRUE(ended(*context));
  EXPECT_EQ(receiver->answered(inTheStore), false);
  EXPECT_EQ(receiver->answered(before), false);
}

TEST_F(ReceiverStreamTest, AGracefulStopStoresWhatIsHandedInWhileItStops) {
  rt::Receipts::Number receipt = rt::Receipts::kNone;
  receiver_->stopping = [&] { receipt = receiver_->handIn({1, 2}); };
  auto context = begin(receiver_, Conf().set("spark.streaming.receiver.maxRate", "1"));
  world_.runFor(2s);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(receiver_->answered(receipt), true);
  EXPECT_EQ(seen_, (Numbers{1, 2}));
}

TEST_F(ReceiverStreamTest, WhatFindsNoRoomInMemoryIsNotStored) {
  EXPECT_EQ(answeredWithoutRoom(), false);
}

TEST_F(ReceiverStreamTest, APlantedBugTellsASourceToForgetWhatIsLost) {
  world_.faultPlan().planted = {"receipt-before-stored"};
  EXPECT_EQ(answeredWithoutRoom(), true);
}

TEST_F(ReceiverStreamTest, AStoreThatFailsRefusesAllWhoWait) {
  const auto receiver = std::make_shared<TestReceiver>(StorageLevel::MEMORY_ONLY_2);
  auto context = begin(receiver, Conf().set("tidemill.block.replication", "require"));
  world_.runFor(500ms);
  const auto receipt = receiver->handIn({1});
  EXPECT_FALSE(ended(*context));
  EXPECT_EQ(receiver->answered(receipt), false);
}

TEST_F(ReceiverStreamTest, StoringSeveralWhereItCannotWaitIsAMistake) {
  auto context = begin(receiver_);
  world_.runFor(500ms);
  EXPECT_EQ(thrownBy([&] { receiver_->store(Numbers{1, 2}); }), Code::kUsage);
  EXPECT_TRUE(stopped(*context));
  EXPECT_TRUE(seen_.empty());
}

TEST_F(ReceiverStreamTest, ACopyBehindANetworkOutlivesTheDisk) {
  auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [&](const std::string& url) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    EXPECT_EQ(url, "s3://bucket/copies/me");
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  const auto confOf = [](const char* disk) {
    return Conf().set("tidemill.block.replicas", "s3://bucket/copies").set("tidemill.block.directory", disk);
  };
  sinkDown_ = true;
  const auto first = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY_2);
  auto killed = begin(first, confOf("/disk"));
  world_.runFor(500ms);
  const auto receipt = first->handIn({1, 2});
  world_.runFor(1s);
  EXPECT_EQ(first->answered(receipt), true);
  EXPECT_EQ(place->values.size(), 1u);
  killed.reset();

  sinkDown_ = false;
  auto next = begin(std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY_2), confOf("/new-disk"));
  world_.runFor(5s);
  EXPECT_EQ(seen_, (Numbers{1, 2}));
  EXPECT_EQ(node_->log().count("block_fetched"), 1u);
  EXPECT_TRUE(stopped(*next));
  EXPECT_TRUE(place->values.empty());
}

// What a source was told to forget is not lost.
TEST_F(ReceiverStreamTest, WhatWasAcknowledgedSurvivesAKillOnTheDisk) {
  for (const char* directory : {"", "/checkpoints"}) {
    directory_ = directory;
    seen_.clear();
    int next = 0;
    for (int life = 0; life < 12; ++life) {
      const auto receiver = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY);
      auto context = begin(receiver);
      rt::Receipts::Number receipt = rt::Receipts::kNone;
      const int lifeTime = static_cast<int>(random_.between(500, 4'000));
      for (int at = 0; at < lifeTime; at += 7) {  // The source gives again what was not acknowledged.
        world_.runFor(7ms);
        const auto answer = receiver->answered(receipt);
        if (answer == true) ++next;
        if (receipt == rt::Receipts::kNone || answer) receipt = receiver->handIn({next});
      }
    }
    auto last = begin(std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY));
    world_.runFor(10s);
    EXPECT_TRUE(stopped(*last));
    for (int number = 0; number < next; ++number)
      EXPECT_TRUE(std::find(seen_.begin(), seen_.end(), number) != seen_.end()) << number << directory;
    EXPECT_GT(next, 100);
  }
}

TEST_F(ReceiverStreamTest, WhatIsStoredWhileItStopsIsProcessedByAGracefulStop) {
  receiver_->stopping = [&] {
    EXPECT_TRUE(receiver_->isStopped());
    EXPECT_TRUE(receiver_->store(2));
  };
  auto context = begin(receiver_);
  world_.runFor(1500ms);
  receiver_->store(1);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(seen_, (Numbers{1, 2}));
  expectAll(*context, 2);
}

TEST_F(ReceiverStreamTest, AStopWithoutGraceStopsTheReceiverToo) {
  auto context = begin(receiver_);
  world_.runFor(1500ms);
  context->requestStop(false);
  EXPECT_TRUE(ended(*context));
  EXPECT_EQ(receiver_->stops, 1);
  EXPECT_TRUE(receiver_->isStopped());
}

TEST_F(ReceiverStreamTest, ABatchThatFailsIsTriedAgainWithTheSameElements) {
  sinkDown_ = true;
  auto context = begin(receiver_);
  world_.runFor(100ms);
  receiver_->store(1);
  world_.runFor(1200ms);
  sinkDown_ = false;
  world_.runFor(5s);
  EXPECT_EQ(seen_, (Numbers{1}));
  EXPECT_TRUE(stopped(*context));
}

TEST_F(ReceiverStreamTest, ARestartStopsItAndStartsItAgainAfterTheDelay) {
  auto context = begin(receiver_, Conf().set("spark.streaming.receiverRestartDelay", "5s"));
  world_.runFor(1s);
  receiver_->store(1);
  receiver_->restart("the source is gone");
  world_.runFor(4s);
  EXPECT_EQ(receiver_->starts, 1);
  EXPECT_EQ(receiver_->stops, 1);
  EXPECT_TRUE(receiver_->isStopped());
  world_.runFor(2s);
  EXPECT_EQ(receiver_->starts, 2);
  EXPECT_TRUE(receiver_->isStarted());
  EXPECT_EQ(heard_.names, (Names{"started", "error", "stopped", "started"}));
  EXPECT_EQ(heard_.last.restarts, 1);
  EXPECT_EQ(heard_.last.name, "receiver-0");
  EXPECT_NE(heard_.last.lastErrorMessage.find("the source is gone"), std::string::npos);
  EXPECT_EQ(node_->log().count("receiver_failed"), 1u);
  receiver_->store(2);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(seen_, (Numbers{1, 2}));
}

TEST_F(ReceiverStreamTest, ARestartWithADelayOfItsOwnKeepsIt) {
  auto context = begin(receiver_);
  world_.runFor(1s);
  receiver_->restart("later", Seconds(30));
  world_.runFor(29s);
  EXPECT_EQ(receiver_->starts, 1);
  world_.runFor(2s);
  EXPECT_EQ(receiver_->starts, 2);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(ReceiverStreamTest, AReceiverThatEndsByItselfIsStartedAgain) {
  auto context = begin(receiver_);
  world_.runFor(1s);
  receiver_->stop("done");
  world_.runFor(5s);
  EXPECT_EQ(receiver_->starts, 2);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(ReceiverStreamTest, AReportedErrorIsToldAndNothingElse) {
  auto context = begin(receiver_);
  world_.runFor(1s);
  receiver_->reportError("a bad line");
  world_.runFor(5s);
  EXPECT_EQ(heard_.names, (Names{"started", "error"}));
  EXPECT_NE(heard_.last.lastErrorMessage.find("a bad line"), std::string::npos);
  EXPECT_EQ(node_->log().count("receiver_error"), 1u);
  EXPECT_EQ(receiver_->starts, 1);
  EXPECT_EQ(receiver_->stops, 0);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(ReceiverStreamTest, OneThatCannotStartIsTriedWithGrowingDelaysUntilTheContextEndsLoudly) {
  receiver_->starting = [] { throw std::runtime_error("no such device"); };
  auto context = begin(
      receiver_,
      Conf().set("tidemill.receiver.maxRestarts", "3").set("spark.streaming.receiverRestartDelay", "1s"));
  world_.runFor(6s);  // 1 + 2 s of delays; the third begins after 4 s more.
  EXPECT_EQ(receiver_->starts, 3);
  const auto end = ended(*context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
  EXPECT_NE(end.error().message().find("no such device"), std::string::npos) << end.error().message();
  EXPECT_EQ(receiver_->starts, 4);
  EXPECT_EQ(receiver_->stops, 4);
}

TEST_F(ReceiverStreamTest, RestartsThatBroughtSomethingDoNotCount) {
  int next = 0;
  receiver_->starting = [&] {
    receiver_->store(++next);
    receiver_->restart("the connection broke");
  };
  auto context = begin(
      receiver_,
      Conf().set("tidemill.receiver.maxRestarts", "1").set("spark.streaming.receiverRestartDelay", "1s"));
  world_.runFor(30s);
  EXPECT_EQ(context->getState(), StreamingContextState::ACTIVE);
  EXPECT_GE(next, 10);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(seen_.size(), static_cast<std::size_t>(next));
}

TEST_F(ReceiverStreamTest, NoMoreThanMaxRateGoesIntoBatches) {
  receiver_->starting = [&] {
    for (int i = 0; i < 1'000; ++i) receiver_->store(i);
  };
  auto context = begin(receiver_, Conf().set("spark.streaming.receiver.maxRate", "100"));
  world_.runFor(6s);
  EXPECT_GE(seen_.size(), 300u);
  EXPECT_LE(seen_.size(), 600u);
  for (const Numbers& batch : batches_) EXPECT_LE(batch.size(), 200u);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(seen_.size(), 1'000u) << "the rate does not hold up a graceful stop";
  EXPECT_TRUE(std::is_sorted(seen_.begin(), seen_.end()));
}

TEST_F(ReceiverStreamTest, StoringMoreThanCanBeTakenWhereItCannotWaitIsAMistake) {
  auto context = begin(receiver_, Conf().set("spark.streaming.receiver.maxRate", "1"));
  world_.runFor(1s);
  EXPECT_EQ(thrownBy([&] {
              for (int i = 0; i < 100'000; ++i) receiver_->store(i);
            }),
            Code::kUsage);
  context->requestStop(false);
  EXPECT_TRUE(ended(*context));
}

TEST_F(ReceiverStreamTest, AfterAKillMemoryIsLostAndTheDiskIsNot) {
  for (const bool disk : {false, true}) {
    for (const std::string directory : {"", "/checkpoints"}) {
      seen_.clear();
      directory_ = directory.empty() ? directory : directory + (disk ? "-disk" : "-memory");
      sinkDown_ = true;
      const StorageLevel level = disk ? StorageLevel::DISK_ONLY : StorageLevel::MEMORY_ONLY;
      const auto first = std::make_shared<TestReceiver>(level);
      auto killed = begin(first);
      world_.runFor(500ms);
      first->store(1);
      world_.runFor(1s);  // In a block, and in a batch that fails.
      first->store(2);    // In no block yet.
      killed.reset();

      sinkDown_ = false;
      const auto second = std::make_shared<TestReceiver>(level);
      auto next = begin(second);
      world_.runFor(3s);
      second->store(3);
      EXPECT_TRUE(stopped(*next)) << disk << directory;
      EXPECT_EQ(seen_, disk ? (Numbers{1, 3}) : (Numbers{3})) << disk << directory;
      EXPECT_EQ(next->totals().received, next->totals().processed);
    }
  }
}

TEST_F(ReceiverStreamTest, WhatWasProcessedIsNotDeliveredAgainFromTheDisk) {
  const auto first = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY);
  auto killed = begin(first);
  world_.runFor(500ms);
  first->store(1);
  world_.runFor(3s);
  EXPECT_EQ(seen_, (Numbers{1}));
  killed.reset();
  auto next = begin(std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY));
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*next));
  EXPECT_EQ(seen_, (Numbers{1}));
}

// Spark: FailureSuite, with a receiver log.
TEST_F(ReceiverStreamTest, WhatWasStoredASecondBeforeAKillIsNotLostFromTheDisk) {
  for (const char* directory : {"", "/checkpoints"}) {
    directory_ = directory;
    seen_.clear();
    int next = 0;
    std::vector<int> unsure;  // Stored less than a second before the kill of their life.
    for (int life = 0; life < 12; ++life) {
      const auto receiver = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY);
      auto context = begin(receiver);
      const int lifeTime = static_cast<int>(random_.between(500, 4'000));
      for (int at = 0; at < lifeTime; at += 50) {
        world_.runFor(50ms);
        if (!receiver->store(next)) continue;
        if (at + 1'000 > lifeTime) unsure.push_back(next);
        ++next;
      }
    }
    auto last = begin(std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY));
    world_.runFor(10s);
    EXPECT_TRUE(stopped(*last));

    std::vector<int> times(static_cast<std::size_t>(next), 0);
    for (const int number : seen_) ++times[static_cast<std::size_t>(number)];
    for (const int number : unsure) times[static_cast<std::size_t>(number)] = 1;
    for (int number = 0; number < next; ++number) {
      EXPECT_GE(times[static_cast<std::size_t>(number)], 1) << number << directory;
    }
    EXPECT_GT(next - static_cast<int>(unsure.size()), 100);
  }
}

TEST_F(ReceiverStreamTest, ALowRateDoesNotHoldUpAReceiverThatStoresWhileItStops) {
  receiver_->stopping = [&] {
    for (int i = 0; i < 1'000; ++i) receiver_->store(i);
  };
  auto context = begin(receiver_, Conf().set("spark.streaming.receiver.maxRate", "1"));
  world_.runFor(2s);
  const rt::TimePoint asked = env().loop.now();
  EXPECT_TRUE(stopped(*context));
  EXPECT_LT(env().loop.now() - asked, 10s);
  EXPECT_EQ(seen_.size(), 1'000u);
}

TEST_F(ReceiverStreamTest, ALostBlockIsLeftOutAndTold) {
  auto context = begin(receiver_, Conf().set("tidemill.test.loseBlocks", "100%"));
  world_.runFor(500ms);
  receiver_->store(1);
  world_.runFor(3s);
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(node_->log().count("received_block_lost"), 1u);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(ReceiverStreamTest, SeveralReceiversAndKinesisDoNotMixUp) {
  createStream(1);
  put({"k1", "k2"});
  auto context = makeContext();
  std::map<std::string, int> seen;
  const auto one = std::make_shared<TestReceiver>();
  const auto two = std::make_shared<TestReceiver>();
  const auto collect = [&](const char* name, const DStream<std::string>& stream) {
    stream.foreachRDD([&seen, name](const RDD<std::string>& rdd) {
      for (const std::string& text : rdd.collect()) ++seen[name + (" " + text)];
    });
  };
  const auto text = [](int number) { return std::to_string(number); };
  collect("one", context->receiverStream<int>(one).map(text));
  collect("kinesis", lines(*context));
  collect("two", context->receiverStream<int>(two).map(text));
  context->start();
  world_.runFor(1500ms);
  one->store(1);
  two->store(2);
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(one->streamId(), 0);
  EXPECT_EQ(two->streamId(), 2);
  EXPECT_EQ(seen,
            (std::map<std::string, int>{{"one 1", 1}, {"kinesis k1", 1}, {"kinesis k2", 1}, {"two 2", 1}}));
  EXPECT_EQ(context->totals().received, 4);
  EXPECT_EQ(context->totals().checkpointed, 4);
}

TEST_F(ReceiverStreamTest, MistakesAreNamed) {
  auto context = makeContext();
  EXPECT_EQ(thrownBy([&] { context->receiverStream<int>(nullptr); }), Code::kUsage);
  EXPECT_EQ(
      thrownBy([&] { context->receiverStream<int>(std::make_shared<TestReceiver>(StorageLevel::NONE)); }),
      Code::kUsage);
  context->receiverStream<int>(receiver_);
  EXPECT_EQ(thrownBy([&] { context->receiverStream<int>(receiver_); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context->socketTextStream("", 1); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context->socketTextStream("localhost", 0); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context->socketTextStream("localhost", 65'536); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context->socketTextStream("localhost", 9'999); }), Code::kUsage)
      << "no sockets here";
}

TEST_F(ReceiverStreamTest, AnOutageOfTheOnlyCopyFailsTriesAndLosesNothing) {
  const auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [this,
                         place](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  const auto receiver = std::make_shared<TestReceiver>(StorageLevel::DISK_ONLY_2);
  auto context = begin(
      receiver,
      Conf().set("tidemill.block.replicas", "s3://bucket/copies").set("tidemill.test.loseBlocks", "100%"));
  world_.runFor(100ms);
  receiver->handIn({1, 2, 3});
  world_.runUntil([&] { return !place->values.empty(); }, 5s);
  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  world_.runUntil([&] { return node_->log().count("batch_failed") > 0; }, 10s);
  EXPECT_EQ(node_->log().count("batch_failed"), 1u);
  place->failure.reset();
  world_.runFor(5s);
  EXPECT_EQ(seen_, (Numbers{1, 2, 3}));
  EXPECT_EQ(node_->log().count("received_block_lost"), 0u);
  EXPECT_TRUE(stopped(*context));
}

}  // namespace
}  // namespace tidemill

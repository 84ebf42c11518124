#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "rt/blocking_event.h"
#include "stream/test_service.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;

// What outputs have seen, for the test's thread to wait on.
class Seen {
 public:
  void add(std::vector<std::string> lines) {
    const std::lock_guard lock(mutex_);
    lines_.insert(lines_.end(), lines.begin(), lines.end());
    changed_.notify_all();
  }
  // True as soon as there are that many.
  bool waitFor(std::size_t lines) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return lines_.size() >= lines; });
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// Whole contexts with their own threads, sockets and files.
class RealWorldTest : public testing::Test {
 protected:
  RealWorldTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RealWorldTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<StreamingContext> makeContext(const std::string& batchTries = "100") {
    Conf conf;
    conf.set("tidemill.state.directory", folder_ + "/state").set("tidemill.batch.maxFailures", batchTries);
    conf.set("spark.streaming.blockInterval", "20ms").set("tidemill.kinesis.idleTimeBetweenReads", "20ms");
    conf.set("tidemill.kinesis.readCallsPerSecond", "0");
    return std::make_unique<StreamingContext>(conf, Milliseconds(50));
  }
  DStream<std::string> lines(StreamingContext& context) {
    return KinesisUtils::createStream(context, "app", "orders", service_.endpoint(), "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Milliseconds(50),
                                      StorageLevel::MEMORY_ONLY, "test", "test");
  }

  std::string folder_;
  Service service_;
  Seen seen_;
};

TEST_F(RealWorldTest, ReadsThroughASplitAndStopsWithNothingLeft) {
  service_.createStream(2);
  service_.put(50);
  auto context = makeContext();
  lines(*context).map([](std::string line) { return line; }).foreachRDD([this](const RDD<std::string>& rdd) {
    seen_.add(rdd.collect());
  });
  context->start();
  ASSERT_TRUE(seen_.waitFor(50));
  service_.split();
  service_.put(50);
  ASSERT_TRUE(seen_.waitFor(100));

  const Result<void> end = context->stop(true, true);

  EXPECT_TRUE(end) << end.error().message();
  EXPECT_EQ(seen_.size(), 100u);
  EXPECT_EQ(context->totals().received, 100);
  EXPECT_EQ(context->totals().processed, 100);
  EXPECT_EQ(context->totals().checkpointed, 100);
}

TEST_F(RealWorldTest, AnOutputThatHangsKeepsOthersOutUntilItEnds) {
  service_.createStream(1);
  service_.put(1);
  rt::BlockingEvent entered;
  rt::BlockingEvent release;
  auto first = makeContext();
  lines(*first).foreachRDD([&](const RDD<std::string>& rdd) {
    if (rdd.isEmpty()) return;
    entered.set();
    release.wait();
  });
  first->start();
  entered.wait();
  first->requestStop(true);
  EXPECT_FALSE(first->awaitTerminationOrTimeout(Milliseconds(100)));
  first->requestStop(false);
  EXPECT_TRUE(first->awaitTermination());
  EXPECT_EQ(first->totals().processed, 0);

  auto second = makeContext();
  lines(*second).print();
  second->start();
  const Result<void> refused = second->awaitTermination();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kWorkerIdInUse);
  EXPECT_NE(refused.error().message().find("process " + std::to_string(::getpid())), std::string::npos)
      << refused.error().message();

  release.set();
  first.reset();  // Waits for the output.
  auto third = makeContext();
  lines(*third).foreachRDD([this](const RDD<std::string>& rdd) { seen_.add(rdd.collect()); });
  third->start();
  EXPECT_TRUE(seen_.waitFor(1));
  EXPECT_TRUE(third->stop(true, false));
}

TEST_F(RealWorldTest, DestroyedWhileItReadsItEndsAllItsThreads) {
  service_.createStream(2);
  service_.put(100);
  auto context = makeContext();
  lines(*context).foreachRDD([this](const RDD<std::string>& rdd) { seen_.add(rdd.collect()); });
  context->start();
  ASSERT_TRUE(seen_.waitFor(1));
  context.reset();
}

TEST_F(RealWorldTest, ABatchWhoseOutputThrowsComesAgainAndThenStopsTheContext) {
  service_.createStream(1);
  service_.put(3);
  auto patient = makeContext();
  int attempts = 0;
  lines(*patient).foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
    attempts = batch.attempt;
    if (batch.records > 0 && batch.attempt == 1) throw std::runtime_error("the database is away");
    seen_.add(rdd.collect());
  });
  patient->start();
  ASSERT_TRUE(seen_.waitFor(3));
  EXPECT_TRUE(patient->stop(true, true));
  EXPECT_EQ(patient->totals().checkpointed, 3);

  service_.put(1);
  auto strict = makeContext("1");
  lines(*strict)
      .map([](const std::string&) -> std::string { throw std::runtime_error("unreadable"); })
      .foreachRDD([](const RDD<std::string>& rdd) { rdd.collect(); });
  strict->start();
  const Result<void> end = strict->awaitTermination();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
}

TEST_F(RealWorldTest, ManyThreadsMayStartAndStopOneContext) {
  service_.createStream(1);
  auto context = makeContext();
  lines(*context).foreachRDD([this](const RDD<std::string>& rdd) { seen_.add(rdd.collect()); });
  std::vector<std::thread> starters;
  for (int i = 0; i < 4; ++i) starters.emplace_back([&] { context->start(); });
  for (std::thread& starter : starters) starter.join();
  service_.put(1);
  ASSERT_TRUE(seen_.waitFor(1));
  std::vector<std::thread> stoppers;
  for (int i = 0; i < 4; ++i) stoppers.emplace_back([&, i] { EXPECT_TRUE(context->stop(true, i % 2 == 0)); });
  for (std::thread& stopper : stoppers) stopper.join();
  EXPECT_EQ(context->getState(), StreamingContextState::STOPPED);
}

TEST_F(RealWorldTest, AStopBesideAStartIsNeverLost) {
  service_.createStream(1);
  for (int i = 0; i < 10; ++i) {
    auto context = makeContext();
    lines(*context).foreachRDD([](const RDD<std::string>&) {});
    std::thread stopper([&] {
      while (context->getState() == StreamingContextState::INITIALIZED) std::this_thread::yield();
      EXPECT_TRUE(context->stop());
    });
    context->start();
    stopper.join();
    EXPECT_EQ(context->getState(), StreamingContextState::STOPPED);
  }
}

}  // namespace
}  // namespace tidemill

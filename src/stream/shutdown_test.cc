// Real signals to contexts with their own threads. (spark.streaming.stopGracefullyOnShutdown)
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "rt/blocking_event.h"
#include "stream/test_service.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;

// Signals are real, and so is their time.
constexpr auto kPatience = 30s;

auto handlerOf(int number) {
  struct sigaction now{};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler;
}

class ShutdownTest : public testing::Test {
 protected:
  ShutdownTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    service_.createStream(1);
  }
  ~ShutdownTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<StreamingContext> makeContext(bool handlesSignals) {
    Conf conf;
    conf.set("tidemill.state.directory", folder_ + "/state");
    conf.set("spark.streaming.blockInterval", "20ms").set("tidemill.kinesis.idleTimeBetweenReads", "20ms");
    if (handlesSignals) conf.set("spark.streaming.stopGracefullyOnShutdown", "true");
    return std::make_unique<StreamingContext>(conf, Milliseconds(50));
  }
  DStream<std::string> lines(StreamingContext& context) {
    return KinesisUtils::createStream(context, "app", "orders", service_.endpoint(), "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Milliseconds(50),
                                      StorageLevel::MEMORY_ONLY, "test", "test");
  }

  std::string folder_;
  Service service_;
};

TEST_F(ShutdownTest, ASignalStopsAContextGracefullyThatHandlesIt) {
  const auto before = handlerOf(SIGTERM);
  service_.put(50);
  std::atomic<std::int64_t> seen = 0;
  rt::BlockingEvent some;
  auto context = makeContext(true);
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd) {
    seen += rdd.count();
    if (seen > 0) some.set();
  });
  EXPECT_EQ(handlerOf(SIGTERM), before);
  context->start();
  ASSERT_TRUE(some.waitFor(kPatience));

  ::raise(SIGTERM);

  ASSERT_TRUE(context->awaitTerminationOrTimeout(kPatience));
  EXPECT_TRUE(context->awaitTermination());
  const StreamingTotals totals = context->totals();
  EXPECT_EQ(totals.processed, totals.received);
  EXPECT_EQ(totals.checkpointed, totals.received);
  EXPECT_EQ(totals.unallocated, 0);
  EXPECT_EQ(totals.leasesHeld, 0);
  EXPECT_EQ(seen, totals.processed);
  EXPECT_EQ(handlerOf(SIGTERM), before);  // The program ends by signals again.
}

TEST_F(ShutdownTest, ByDefaultNoHandlerIsInstalled) {
  const auto before = handlerOf(SIGTERM);
  auto context = makeContext(false);
  lines(*context).foreachRDD([](const RDD<std::string>&) {});
  context->start();
  EXPECT_EQ(handlerOf(SIGTERM), before);
  EXPECT_TRUE(context->stop(true, false));
}

TEST_F(ShutdownTest, AContextThatStopsByItselfGivesTheSignalsBack) {
  const auto before = handlerOf(SIGINT);
  auto context = makeContext(true);
  lines(*context).foreachRDD([](const RDD<std::string>&) {});
  context->start();
  EXPECT_NE(handlerOf(SIGINT), before);
  EXPECT_TRUE(context->stop(true, true));
  EXPECT_EQ(handlerOf(SIGINT), before);
}

TEST(ShutdownDeathTest, ASecondSignalEndsAProgramWhoseOutputHangs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Service service;
        service.createStream(1);
        service.put(5);
        std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
        Conf conf;
        conf.set("tidemill.state.directory", std::string(::mkdtemp(pattern.data())) + "/state");
        conf.set("spark.streaming.stopGracefullyOnShutdown", "true");
        StreamingContext context(conf, Milliseconds(50));
        rt::BlockingEvent hangs;
        rt::BlockingEvent never;
        KinesisUtils::createStream(context, "app", "orders", service.endpoint(), "us-east-1",
                                   InitialPositionInStream::TRIM_HORIZON, Milliseconds(50),
                                   StorageLevel::MEMORY_ONLY, "test", "test")
            .foreachRDD([&](const RDD<std::string>& rdd) {
              if (rdd.isEmpty()) return;
              hangs.set();
              never.wait();
            });
        context.start();
        hangs.wait();
        for (int i = 0; i < 100; ++i) {  // The second one, some time after the first, is the last.
          ::raise(SIGTERM);
          std::this_thread::sleep_for(100ms);
        }
      },
      testing::ExitedWithCode(1), "a second signal: ended at once");
}

}  // namespace
}  // namespace tidemill

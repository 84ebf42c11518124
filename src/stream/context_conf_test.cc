// The settings of a StreamingContext, when it is made and afterwards.
#include "tidemill/context_conf.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "stream/test_context.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;

Code thrownBy(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::kCancelled;
}

class ContextConfTest : public ContextFixture {};

TEST_F(ContextConfTest, ReportsKeysThatAnotherOneOverrides) {
  Conf conf;
  conf.set("spark.streaming.kinesis.client.maxRetries", "10");
  conf.set("spark.streaming.kinesis.retry.maxAttempts", "5");
  StreamingContext context(*seams_, conf, Seconds(1));
  lines(context).print();
  context.start();
  world_.runFor(1s);
  EXPECT_EQ(node_->log().count("key_overridden"), 1u);
}

TEST_F(ContextConfTest, RefusesToStartWithSettingsThatDoNotFitEachOther) {
  Conf conf;
  conf.set("spark.streaming.receiver.writeAheadLog.enable", "true");
  StreamingContext context(*seams_, conf, Seconds(1));
  lines(context).print();
  EXPECT_EQ(thrownBy([&] { context.start(); }), Code::kInvalidConfig);
  EXPECT_EQ(context.getState(), StreamingContextState::INITIALIZED);
}

TEST_F(ContextConfTest, RefusesLateSetsOfKeysThatAreReadOnce) {
  Conf conf;
  conf.set("spark.streaming.blockInterval", "100ms");
  StreamingContext context(*seams_, conf, Seconds(1));
  EXPECT_EQ(context.conf().get("spark.streaming.blockInterval"), "100ms");
  EXPECT_EQ(context.conf().origin("spark.streaming.blockInterval"), "program");
  EXPECT_EQ(thrownBy([&] { context.conf().set("spark.streaming.blockInterval", "50ms"); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context.conf().set("no.such.key", "1"); }), Code::kUsage);
  EXPECT_EQ(context.conf().get("spark.streaming.blockInterval"), "100ms");
}

TEST_F(ContextConfTest, ALateMostRateReachesReceiversThatRun) {
  createStream(1);
  std::vector<std::string> many(400, "x");
  put(many);
  std::int64_t seen = 0;
  StreamingContext context(*seams_, Conf().set("spark.streaming.receiver.maxRate", "10"), Seconds(1));
  lines(context).foreachRDD([&](const RDD<std::string>& rdd) { seen += rdd.count(); });
  context.start();
  world_.runFor(5s);
  EXPECT_LE(seen, 60);
  EXPECT_GT(seen, 0);

  context.conf().set("spark.streaming.receiver.maxRate", "200");
  EXPECT_EQ(context.conf().get("spark.streaming.receiver.maxRate"), "200");
  world_.runFor(5s);
  EXPECT_EQ(seen, 400);
  EXPECT_EQ(thrownBy([&] { context.conf().set("spark.streaming.receiver.maxRate", "many"); }),
            Code::kInvalidConfig);
  EXPECT_EQ(context.conf().get("spark.streaming.receiver.maxRate"), "200");
  context.requestStop(false);
  EXPECT_TRUE(ended(context));
}

TEST_F(ContextConfTest, ALateGracefulStopTimeoutCounts) {
  createStream(1);
  put({"x"});
  StreamingContext context(*seams_, Conf(), Seconds(1));
  lines(context).foreachRDD([&](const RDD<std::string>& rdd) {
    if (rdd.count() > 0) throw std::runtime_error("not yet");
  });
  context.start();
  world_.runFor(3s);
  context.conf().set("spark.streaming.gracefulStopTimeout", "3s");
  context.conf().set("tidemill.batch.maxFailures", "1000");
  const rt::TimePoint asked = env().loop.now();
  context.requestStop(true);
  EXPECT_EQ(failureOf(context), Code::kTimeout);
  EXPECT_LT(env().loop.now() - asked, 4s);
}

TEST_F(ContextConfTest, TheSettingsOfAContextThatIsGoneAreRefused) {
  std::optional<ContextConf> conf;
  {
    StreamingContext context(*seams_, Conf(), Seconds(1));
    conf.emplace(context.conf());
  }
  EXPECT_EQ(thrownBy([&] { conf->get("spark.streaming.blockInterval"); }), Code::kUsage);
}

TEST_F(ContextConfTest, StopsTheContextBelowUnlessTheKeySaysNo) {
  for (const bool stops : {true, false}) {
    Conf conf;
    if (!stops) conf.set("spark.streaming.stopSparkContextByDefault", "false");
    const Context below(*seams_, conf);
    StreamingContext context(below, Seconds(1));
    EXPECT_TRUE(context.stop());
    EXPECT_EQ(below.isStopped(), stops);
  }
}

}  // namespace
}  // namespace tidemill

#include "tidemill/conf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "stream/checkpoint_after.h"
#include "stream/conf_table.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

std::string refusalOf(const std::string& key, const std::string& value) {
  Conf conf;
  try {
    conf.set(key, value);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidConfig);
    EXPECT_FALSE(error.hint().empty());
    return error.message();
  }
  return "accepted";
}

TEST(Conf, GivesDefaultsOfKnownKeys) {
  const Conf conf;
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Milliseconds(200));
  EXPECT_EQ(conf.getInteger("tidemill.memory.budget"), 256 << 20);
  EXPECT_EQ(conf.getText("tidemill.state.directory"), "tidemill-state");
  EXPECT_EQ(conf.get("no.such.key"), std::nullopt);
}

// As in Spark, but for what stands below.
TEST(Conf, KeysOfSparkHaveItsDefaults) {
  constexpr std::string_view kMaxLong = "9223372036854775807";
  const std::map<std::string, std::string_view> defaults = {
      {"receiver.maxRate", kMaxLong},
      {"backpressure.enabled", "false"},
      {"backpressure.initialRate", kMaxLong},  // Spark: receiver.maxRate, which is above it then.
      {"backpressure.rateEstimator", "pid"},
      {"backpressure.pid.proportional", "1.0"},
      {"backpressure.pid.integral", "0.2"},
      {"backpressure.pid.derived", "0.0"},
      {"backpressure.pid.minRate", "100"},
      {"blockInterval", "200ms"},
      {"blockQueueSize", "10"},
      {"receiverRestartDelay", "2000"},
      {"receiver.blockStoreTimeout", "30s"},
      {"receiver.writeAheadLog.enable", "false"},
      {"receiver.writeAheadLog.class", ""},
      {"receiver.writeAheadLog.rollingIntervalSecs", "60"},
      {"receiver.writeAheadLog.maxFailures", "3"},
      {"receiver.writeAheadLog.closeFileAfterWrite", "false"},
      {"driver.writeAheadLog.class", ""},
      {"driver.writeAheadLog.allowBatching", "true"},
      {"driver.writeAheadLog.batchingTimeout", "5000"},
      {"unpersist", "true"},
      {"stopGracefullyOnShutdown", "false"},
      {"stopSparkContextByDefault", "true"},
      {"checkpoint.directory", ""},
      {"concurrentJobs", "1"},
      {"ui.retainedBatches", "1000"},
      {"kinesis.retry.maxAttempts", "3"},
      {"kinesis.retry.waitTime", "100ms"},
      {"minRememberDuration", "60"},
      {"sessionByKey.deltaChainThreshold", "20"},
      {"dynamicAllocation.enabled", "false"},
      {"dynamicAllocation.scalingInterval", "60"},
      {"dynamicAllocation.scalingUpRatio", "0.9"},
      // 10 batches in Spark: a minute at least here (ADR 12), which 0 stands for.
      {"gracefulStopTimeout", "0ms"},
      // Spark has no such keys.
      {"kinesis.client.maxRetries", "2"},
      {"kinesis.client.retryDelayMs", "50"}};
  for (const auto& [name, standard] : defaults) {
    const stream::ConfEntry* entry = stream::findConfEntry("spark.streaming." + name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_EQ(entry->fallback, standard) << name;
  }
  EXPECT_EQ(stream::findConfEntry("spark.executor.memory")->fallback, "1g");
  EXPECT_EQ(stream::findConfEntry("spark.task.maxFailures")->fallback, "4");
}

TEST(Conf, ALeaseCheckpointFollowsTheOutputOrTheStoreByName) {
  Conf conf;
  EXPECT_EQ(stream::checkpointAfter(conf), CheckpointAfter::kProcessed);
  conf.set("kinesis.checkpoint.after", "stored");
  EXPECT_EQ(stream::checkpointAfter(conf), CheckpointAfter::kStored);
  conf.set("kinesis.checkpoint.after", "processed");
  EXPECT_EQ(stream::checkpointAfter(conf), CheckpointAfter::kProcessed);
  for (const char* value : {"", "Stored", "received", "never"}) {
    EXPECT_NE(refusalOf("kinesis.checkpoint.after", value), "accepted") << value;
  }
}

TEST(Conf, TheQueueOfBlocksHasRoomForOneAtLeast) {
  EXPECT_EQ(Conf().getInteger("spark.streaming.blockQueueSize"), 10);
  EXPECT_EQ(refusalOf("spark.streaming.blockQueueSize", "1"), "accepted");
  EXPECT_NE(refusalOf("spark.streaming.blockQueueSize", "0"), "accepted");
}

TEST(Conf, RefusesToEncryptBlocksAndSaysWhy) {
  const std::string message = refusalOf("spark.io.encryption.enabled", "true");
  EXPECT_NE(message.find("spark.io.encryption.enabled=true is refused"), std::string::npos) << message;
  EXPECT_NE(message.find("blocks on disk are not encrypted"), std::string::npos) << message;
  EXPECT_EQ(refusalOf("spark.io.encryption.enabled", "false"), "accepted");
  EXPECT_NE(refusalOf("spark.io.encryption.enabled", "no"), "accepted");
}

TEST(Conf, ReadsSparksTimesAndSizes) {
  Conf conf;
  conf.set("spark.streaming.blockInterval", "50");
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Milliseconds(50));
  conf.set("spark.streaming.blockInterval", "2s");
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Seconds(2));
  conf.set("spark.streaming.blockInterval", "3min");
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Minutes(3));
  conf.set("spark.streaming.blockInterval", "1500us");  // Rounded up.
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Milliseconds(2));
  conf.set("tidemill.kinesis.idleTimeBetweenReads", "0us");
  EXPECT_EQ(conf.getDuration("tidemill.kinesis.idleTimeBetweenReads"), Milliseconds(0));
  conf.set("tidemill.memory.budget", "2g");
  EXPECT_EQ(conf.getInteger("tidemill.memory.budget"), std::int64_t{2} << 30);
}

TEST(Conf, NamesKeyAndValueOfWhatItRefuses) {
  const std::string message = refusalOf("spark.streaming.blockInterval", "abc");
  EXPECT_NE(message.find("spark.streaming.blockInterval"), std::string::npos);
  EXPECT_NE(message.find("abc"), std::string::npos);
}

TEST(Conf, RefusesFractionsSignsUnitsAndRangesThatDoNotFit) {
  for (const char* value : {"", "1.5s", "-1s", "0", "10 s", "5parsecs", "99999999999999999999s", "2h"}) {
    EXPECT_NE(refusalOf("spark.streaming.blockInterval", value), "accepted") << value;
  }
  EXPECT_NE(refusalOf("spark.task.maxFailures", "0"), "accepted");
  EXPECT_NE(refusalOf("spark.task.maxFailures", "four"), "accepted");
  EXPECT_NE(refusalOf("tidemill.memory.budget", "9223372036854775807g"), "accepted");
}

TEST(Conf, RefusesAChoiceThatIsNotOffered) {
  Conf conf;
  EXPECT_EQ(conf.getText("tidemill.leases.store"), "sqlite");
  conf.set("tidemill.leases.store", "dynamodb");
  EXPECT_EQ(conf.getText("tidemill.leases.store"), "dynamodb");
  for (const char* value : {"", "oracle", "sqlite|dynamodb", "DynamoDB"})
    EXPECT_NE(refusalOf("tidemill.leases.store", value), "accepted") << value;
}

TEST(Conf, TakesSparksSerializersAndCodecsAndRefusesOthersByName) {
  Conf conf;
  for (const char* value : {"org.apache.spark.serializer.JavaSerializer",
                            "org.apache.spark.serializer.KryoSerializer", "java", "kryo"})
    conf.set("spark.serializer", value);
  for (const char* value : {"lz4", "zstd", "none", "org.apache.spark.io.ZStdCompressionCodec"})
    conf.set("spark.io.compression.codec", value);
  const std::string message = refusalOf("spark.serializer", "com.example.MySerializer");
  EXPECT_NE(message.find("com.example.MySerializer"), std::string::npos);
  EXPECT_NE(message.find("org.apache.spark.serializer.KryoSerializer"), std::string::npos);
  for (const char* value : {"", "snappy", "lzf", "LZ4"})
    EXPECT_NE(refusalOf("spark.io.compression.codec", value), "accepted") << value;
}

TEST(Conf, ReadsDecimalNumbers) {
  const char* key = "spark.streaming.backpressure.pid.integral";
  Conf conf;
  EXPECT_EQ(conf.getDecimal(key), 0.2);
  conf.set(key, "12.5");
  EXPECT_EQ(conf.getDecimal(key), 12.5);
  conf.set(key, "0");
  EXPECT_EQ(conf.getDecimal(key), 0);
  for (const char* value : {"", "-0.1", "1,5", "0.1s", "nan", "inf", "1e3", "1000001"})
    EXPECT_NE(refusalOf(key, value), "accepted") << value;
  EXPECT_NE(refusalOf("spark.streaming.backpressure.pid.minRate", "0"), "accepted");
}

TEST(Conf, ARateOfZeroOrLessIsNoLimit) {
  for (const char* key : {"spark.streaming.receiver.maxRate", "spark.streaming.backpressure.initialRate"})
    for (const char* value : {"1", "0", "-1", "9223372036854775807"})
      EXPECT_EQ(refusalOf(key, value), "accepted") << key << " " << value;
  EXPECT_NE(refusalOf("spark.streaming.backpressure.rateEstimator", "lqr"), "accepted");
}

TEST(Conf, AMemoryOfSparkWithoutUnitIsInMebibytes) {
  Conf conf;
  EXPECT_EQ(conf.getInteger("spark.executor.memory"), 1 << 30);
  conf.set("spark.executor.memory", "512");
  EXPECT_EQ(conf.getInteger("spark.executor.memory"), 512 << 20);
  conf.set("spark.executor.memory", "64k");
  EXPECT_EQ(conf.getInteger("spark.executor.memory"), 64 << 10);
}

TEST(Conf, RefusesAnEmptyNameWhereOneIsNeeded) {
  for (const char* key : {"tidemill.state.directory", "tidemill.worker.id"}) {
    EXPECT_NE(refusalOf(key, "").find(key), std::string::npos);
  }
}

TEST(Conf, ReadsBooleans) {
  Conf conf;
  EXPECT_FALSE(conf.getBoolean("tidemill.kinesis.allowPlainHttp"));
  conf.set("tidemill.kinesis.allowPlainHttp", "TRUE");
  EXPECT_TRUE(conf.getBoolean("tidemill.kinesis.allowPlainHttp"));
  EXPECT_NE(refusalOf("tidemill.kinesis.allowPlainHttp", "yes"), "accepted");
}

TEST(ConfDeathTest, AReadAsAnotherTypeIsABrokenInvariant) {
  const Conf conf;
  EXPECT_DEATH(conf.getInteger("spark.streaming.blockInterval"), "spark.streaming.blockInterval");
  EXPECT_DEATH(conf.getDuration("tidemill.memory.budget"), "tidemill.memory.budget");
  EXPECT_DEATH(conf.getBoolean("spark.task.maxFailures"), "spark.task.maxFailures");
  EXPECT_DEATH(conf.getText("spark.task.maxFailures"), "spark.task.maxFailures");
  EXPECT_DEATH(conf.getInteger("no.such.key"), "no.such.key");
}

TEST(Conf, KeysOfSparkWithoutEffectAreNotTakenForSlips) {
  Conf conf;
  conf.set("spark.streaming.ui.retainedBatches", "10")
      .set("spark.streaming.dynamicAllocation.enabled", "true");
  conf.set("spark.streaming.stopGracefullyOnShutdowm", "true");
  const auto unknown = conf.takeUnknownKeys();
  ASSERT_EQ(unknown.size(), 3u);
  EXPECT_TRUE(unknown[0].sparkOnly);
  EXPECT_EQ(unknown[0].nearest, "");
  EXPECT_TRUE(unknown[1].sparkOnly);
  EXPECT_FALSE(unknown[2].sparkOnly);
}

TEST(Conf, AKeyOfSparkThatDoesNothingIsCheckedAndSaysWhy) {
  Conf conf;
  conf.set("spark.streaming.sessionByKey.deltaChainThreshold", "5");
  conf.set("spark.streaming.driver.writeAheadLog.closeFileAfterWrite", "true");
  conf.set("spark.streaming.driver.writeAheadLog.maxFailures", "3");  // Its default.
  const auto unknown = conf.takeUnknownKeys();
  ASSERT_EQ(unknown.size(), 2u);
  EXPECT_EQ(unknown[0].key, "spark.streaming.sessionByKey.deltaChainThreshold");
  EXPECT_TRUE(unknown[0].sparkOnly);
  EXPECT_NE(unknown[0].reason.find("snapshots of mapWithState are written whole"), std::string::npos);
  EXPECT_EQ(unknown[1].key, "spark.streaming.driver.writeAheadLog.closeFileAfterWrite");
  EXPECT_NE(refusalOf("spark.streaming.sessionByKey.deltaChainThreshold", "many"), "accepted");
  EXPECT_NE(refusalOf("spark.streaming.dynamicAllocation.minExecutors", "0"), "accepted");
  EXPECT_NE(refusalOf("spark.streaming.dynamicAllocation.scalingUpRatio", "0"), "accepted");
}

TEST(Conf, RefusesKeysOfSparkWhoseNeglectWouldBreakAPromise) {
  EXPECT_EQ(refusalOf("spark.streaming.concurrentJobs", "2")
                .find("spark.streaming.concurrentJobs=2 is refused. "
                      "Only 1 is accepted: batches are worked on"),
            0u);
  EXPECT_NE(refusalOf("spark.streaming.driver.writeAheadLog.class", "com.example.Log"), "accepted");
  EXPECT_NE(refusalOf("spark.streaming.receiver.writeAheadLog.class", "com.example.Log"), "accepted");
  EXPECT_NE(refusalOf("spark.streaming.clock", "org.apache.spark.util.ManualClock"), "accepted");
  Conf conf;
  conf.set("spark.streaming.concurrentJobs", "1").set("spark.streaming.driver.writeAheadLog.class", "");
  conf.set("spark.streaming.clock", "org.apache.spark.util.SystemClock");
  EXPECT_TRUE(conf.takeUnknownKeys().empty());
}

TEST(Conf, EveryKeyThatDoesNothingSaysSo) {
  for (const ConfKey& key : confKeys()) EXPECT_EQ(key.acts, !key.meaning.starts_with("Nothing")) << key.key;
}

TEST(Conf, AnOlderNameCountsUntilTheNewerOneIsSet) {
  const std::string older = "spark.streaming.fileStream.minRememberDuration";
  const std::string newer = "spark.streaming.minRememberDuration";
  Conf conf;
  EXPECT_EQ(conf.getDuration(newer), Seconds(60));
  EXPECT_FALSE(conf.contains(newer));
  conf.set(older, "90", "orders.toml:4");
  EXPECT_EQ(conf.getDuration(newer), Seconds(90));
  EXPECT_EQ(conf.origin(newer), "orders.toml:4");
  EXPECT_TRUE(conf.contains(newer));
  conf.set(newer, "2min");
  EXPECT_EQ(conf.getDuration(newer), Minutes(2));
}

TEST(Conf, EachKeyHasAVariableOfItsOwn) {
  EXPECT_EQ(confVariable("spark.streaming.blockInterval"), "TIDEMILL_CONF_SPARK_STREAMING_BLOCK_INTERVAL");
  EXPECT_EQ(confVariable("tidemill.worker.id"), "TIDEMILL_CONF_TIDEMILL_WORKER_ID");
  std::set<std::string> names;
  for (const ConfKey& key : confKeys()) EXPECT_TRUE(names.insert(confVariable(key.key)).second) << key.key;
}

TEST(Conf, TakesVariablesOfItsOwnAndNamesThoseItDoesNotKnow) {
  Conf conf;
  conf.setFromEnvironment({{"HOME", "x"},
                           {"TIDEMILL_BIN", "y"},
                           {"TIDEMILL_CONF_SPARK_TASK_MAX_FAILURES", "7"},
                           {"TIDEMILL_CONF_TIDEMILL_WORKER_ID", ""},
                           {"TIDEMILL_CONF_TIDEMILL_WORKER_IDD", "z"}});
  EXPECT_EQ(conf.getInteger("spark.task.maxFailures"), 7);
  EXPECT_EQ(conf.getText("tidemill.worker.id"), "tidemill-worker");
  const auto unknown = conf.takeUnknownKeys();
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].key, "TIDEMILL_CONF_TIDEMILL_WORKER_IDD");
  EXPECT_EQ(unknown[0].nearest, "TIDEMILL_CONF_TIDEMILL_WORKER_ID");
}

TEST(Conf, AVariableThatDoesNotFitIsNamedAndChangesNothing) {
  Conf conf;
  try {
    conf.setFromEnvironment({{"TIDEMILL_CONF_SPARK_STREAMING_BLOCK_QUEUE_SIZE", "3"},
                             {"TIDEMILL_CONF_SPARK_TASK_MAX_FAILURES", "four"}});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidConfig);
    EXPECT_EQ(error.message(),
              "variable TIDEMILL_CONF_SPARK_TASK_MAX_FAILURES: spark.task.maxFailures=four is not a whole "
              "number");
  }
  EXPECT_EQ(conf.getInteger("spark.streaming.blockQueueSize"), 10);
}

TEST(Conf, ListsUnitsAndRangesOfKeys) {
  std::map<std::string_view, ConfKey> keys;
  for (const ConfKey& key : confKeys()) keys.emplace(key.key, key);
  EXPECT_EQ(keys["spark.streaming.blockInterval"].range, "1ms to 1h");
  EXPECT_EQ(keys["spark.streaming.blockInterval"].unit, "ms");
  EXPECT_EQ(keys["spark.executor.memory"].unit, "MiB");
  EXPECT_EQ(keys["tidemill.leases.store"].range, "sqlite, dynamodb");
  EXPECT_EQ(keys["spark.io.encryption.enabled"].range, "false");
  EXPECT_EQ(keys["spark.streaming.blockQueueSize"].range, "1 to 1000000");
}

TEST(Conf, ARefusedValueChangesNothing) {
  Conf conf;
  conf.set("spark.streaming.blockInterval", "1s");
  EXPECT_THROW(conf.set("spark.streaming.blockInterval", "abc"), Error);
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Seconds(1));
}

TEST(Conf, RemembersUnknownKeysOnceWithTheNearestKnownOne) {
  Conf conf;
  conf.set("spark.streaming.blockIntervall", "1s").set("spark.streaming.blockIntervall", "2s");
  conf.set("my.own.thing", "x");

  const auto unknown = conf.takeUnknownKeys();

  ASSERT_EQ(unknown.size(), 2u);
  EXPECT_EQ(unknown[0].key, "spark.streaming.blockIntervall");
  EXPECT_EQ(unknown[0].nearest, "spark.streaming.blockInterval");
  EXPECT_EQ(unknown[1].nearest, "");
  EXPECT_TRUE(conf.takeUnknownKeys().empty());
  EXPECT_EQ(conf.get("my.own.thing"), "x");
}

TEST(Conf, HasATableInOrderWhoseDefaultsItAccepts) {
  const auto keys = confKeys();
  EXPECT_TRUE(
      std::is_sorted(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.key < b.key; }));
  for (const ConfKey& key : keys) {
    EXPECT_EQ(refusalOf(std::string(key.key), std::string(key.fallback)), "accepted") << key.key;
    EXPECT_FALSE(key.meaning.empty());
  }
}

}  // namespace
}  // namespace tidemill

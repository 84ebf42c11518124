#include "tidemill/conf.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "stream/checkpoint_after.h"
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

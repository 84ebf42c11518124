#include "stream/conf_rules.h"

#include <gtest/gtest.h>

#include "stream/client_retries.h"
#include "stream/kinesis_options.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

std::string refusalOf(const Conf& conf, bool hasCheckpointDirectory = false) {
  const auto checked = checkTogether(conf, hasCheckpointDirectory);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code(), Code::kInvalidConfig);
  EXPECT_FALSE(checked.error().hint().empty());
  return checked.error().message();
}

TEST(ConfRules, TheDefaultsFitEachOther) {
  EXPECT_EQ(refusalOf(Conf()), "accepted");
}

TEST(ConfRules, AReceiverLogNeedsACheckpointDirectory) {
  Conf conf;
  conf.set("spark.streaming.receiver.writeAheadLog.enable", "true");
  EXPECT_EQ(refusalOf(conf),
            "spark.streaming.receiver.writeAheadLog.enable=true (program) needs a checkpoint directory, and "
            "there is none");
  EXPECT_EQ(refusalOf(conf, /*hasCheckpointDirectory=*/true), "accepted");
}

TEST(ConfRules, FewestExecutorsAreNotAboveMost) {
  Conf conf;
  conf.set("spark.streaming.dynamicAllocation.minExecutors", "5", "orders.toml:3");
  conf.set("spark.streaming.dynamicAllocation.maxExecutors", "5");
  EXPECT_EQ(refusalOf(conf), "accepted");
  conf.set("spark.streaming.dynamicAllocation.maxExecutors", "4");
  EXPECT_EQ(refusalOf(conf),
            "spark.streaming.dynamicAllocation.minExecutors=5 (orders.toml:3) is above "
            "spark.streaming.dynamicAllocation.maxExecutors=4 (program)");
}

TEST(ConfRules, TheRatioThatScalesUpIsAboveTheOther) {
  Conf conf;
  conf.set("spark.streaming.dynamicAllocation.scalingUpRatio", "0.3");
  EXPECT_NE(refusalOf(conf), "accepted");
  conf.set("spark.streaming.dynamicAllocation.scalingUpRatio", "0.4");
  EXPECT_EQ(refusalOf(conf), "accepted");
}

TEST(ConfRules, TheTwoDynamicAllocationsExcludeEachOther) {
  Conf conf;
  conf.set("spark.streaming.dynamicAllocation.enabled", "true");
  EXPECT_EQ(refusalOf(conf), "accepted");
  conf.set("spark.dynamicAllocation.enabled", "true");
  EXPECT_NE(refusalOf(conf), "accepted");
}

TEST(ClientRetries, StayWhatSuitsTheServiceUntilTheyAreSet) {
  aws::RetryOptions retry;
  retry.attemptsMax = 4;
  retry.transientBase = 25ms;
  applyClientRetries(Conf(), retry);
  EXPECT_EQ(retry.attemptsMax, 4);
  EXPECT_EQ(retry.transientBase, 25ms);
}

TEST(ClientRetries, CountTriesBesidesTheFirstAndGiveTheFirstWait) {
  Conf conf;
  conf.set("spark.streaming.kinesis.client.maxRetries", "10");
  conf.set("spark.streaming.kinesis.client.retryDelayMs", "1000");
  aws::RetryOptions retry;
  applyClientRetries(conf, retry);
  EXPECT_EQ(retry.attemptsMax, 11);
  EXPECT_EQ(retry.transientBase, 1000ms);
  EXPECT_EQ(retry.throttlingBase, 1000ms);

  conf.set("spark.streaming.kinesis.client.maxRetries", "0");
  conf.set("spark.streaming.kinesis.client.retryDelayMs", "60000");
  applyClientRetries(conf, retry);
  EXPECT_EQ(retry.attemptsMax, 1);
  EXPECT_EQ(retry.delayMax, 60s);
}

TEST(ClientRetries, ReachTheClientOfKinesis) {
  Conf conf;
  conf.set("spark.streaming.kinesis.client.maxRetries", "7");
  const aws::Environment environment = [](std::string_view) { return std::optional<std::string>(); };
  const KinesisPlace place{"http://127.0.0.1:1", "us-east-1", AwsCredentials("key", "secret")};
  const auto options = kinesisClientOptionsOf(conf, place, environment);
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->aws.retry.attemptsMax, 8);
}

TEST(ClientRetries, ReachLeasesAndReadsAtTheTip) {
  Conf conf;
  EXPECT_EQ(leaseRetriesOf(conf).attemptsMax, std::nullopt);
  EXPECT_EQ(leaseRetriesOf(conf).backoff.base, 100ms);
  EXPECT_EQ(readBackoffOf(conf).base, 100ms);
  conf.set("spark.streaming.kinesis.client.maxRetries", "7");
  conf.set("spark.streaming.kinesis.client.retryDelayMs", "20000");
  EXPECT_EQ(leaseRetriesOf(conf).attemptsMax, 8);
  EXPECT_EQ(leaseRetriesOf(conf).backoff.base, 20s);
  EXPECT_EQ(readBackoffOf(conf).base, 20s);
  EXPECT_EQ(readBackoffOf(conf).cap, 20s) << "no delay is above the cap";
}

TEST(RecoveryRetries, FollowSparksOwnKeysThenTheClientsThenTheDefaults) {
  Conf conf;
  EXPECT_EQ(recoveryRetriesOf(conf).attemptsMax, 3);
  EXPECT_EQ(recoveryRetriesOf(conf).waitTime, 100ms);
  EXPECT_TRUE(overriddenKeys(conf).empty());

  conf.set("spark.streaming.kinesis.client.maxRetries", "10");
  conf.set("spark.streaming.kinesis.client.retryDelayMs", "1000");
  EXPECT_EQ(recoveryRetriesOf(conf).attemptsMax, 11);
  EXPECT_EQ(recoveryRetriesOf(conf).waitTime, 1000ms);
  EXPECT_TRUE(overriddenKeys(conf).empty());

  conf.set("spark.streaming.kinesis.retry.maxAttempts", "5");
  EXPECT_EQ(recoveryRetriesOf(conf).attemptsMax, 5);
  EXPECT_EQ(recoveryRetriesOf(conf).waitTime, 1000ms);
  const auto overridden = overriddenKeys(conf);
  ASSERT_EQ(overridden.size(), 1u);
  EXPECT_EQ(overridden[0].key, "spark.streaming.kinesis.client.maxRetries");
  EXPECT_EQ(overridden[0].by, "spark.streaming.kinesis.retry.maxAttempts");

  conf.set("spark.streaming.kinesis.retry.waitTime", "200ms");
  EXPECT_EQ(recoveryRetriesOf(conf).waitTime, 200ms);
  EXPECT_EQ(overriddenKeys(conf).size(), 2u);
}

}  // namespace
}  // namespace tidemill::stream

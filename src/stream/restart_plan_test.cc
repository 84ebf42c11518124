#include "stream/restart_plan.h"

#include <gtest/gtest.h>

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::TimePoint kRestartStart{};
const Error kPassing(Code::kMalformedResponse, "not JSON");

block::BlockInfo recordsOf(const std::string& shard) {
  block::BlockInfo info;
  info.slices.emplace_back();
  info.slices[0].range.shardId = shard;
  return info;
}

TEST(RestartPlan, KnowsWhatNeedsAPerson) {
  for (const Code code : {Code::kThrottled, Code::kServiceError, Code::kUnreachable, Code::kTimeout,
                          Code::kMalformedResponse, Code::kExpiredToken, Code::kNoCredentials})
    EXPECT_TRUE(mayPass(Error(code, "x"))) << codeName(code);
  for (const Code code : {Code::kDataLoss, Code::kAccessDenied, Code::kUnknownStream, Code::kWorkerIdInUse,
                          Code::kUnsupportedFleet, Code::kInvalidConfig, Code::kIo, Code::kDiskFull,
                          Code::kFenced, Code::kInvalidSignature, Code::kUnknownTable})
    EXPECT_FALSE(mayPass(Error(code, "x"))) << codeName(code);
}

TEST(RestartPlan, WaitsLongerEachTimeUpToAMinute) {
  RestartPlan plan({Milliseconds(2000), 10});
  for (const int seconds : {2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(plan.failed("a", kPassing, kRestartStart), Duration(std::chrono::seconds(seconds)));
  }
}

TEST(RestartPlan, ADelayAboveAMinuteStaysAsItIs) {
  RestartPlan plan({Minutes(5), 10});
  EXPECT_EQ(plan.failed("a", kPassing, kRestartStart), Minutes(5));
  EXPECT_EQ(plan.failed("a", kPassing, kRestartStart), Minutes(5));
}

TEST(RestartPlan, GivesUpBehindTheLastRestart) {
  RestartPlan plan({Milliseconds(2000), 2});
  EXPECT_TRUE(plan.failed("a", kPassing, kRestartStart));
  EXPECT_TRUE(plan.failed("a", kPassing, kRestartStart));
  EXPECT_FALSE(plan.failed("a", kPassing, kRestartStart));
  EXPECT_FALSE(RestartPlan({Milliseconds(2000), 0}).failed("a", kPassing, kRestartStart));
}

TEST(RestartPlan, OnlyTheShardThatFailedShowsThatItIsOver) {
  RestartPlan plan({Milliseconds(2000), 2});
  plan.failed("a", kPassing, kRestartStart);
  plan.sealed(recordsOf("b"));
  EXPECT_EQ(plan.failures(), 1);
  plan.sealed(recordsOf("a"));
  EXPECT_EQ(plan.failures(), 0);
  plan.failed("a", kPassing, kRestartStart);
  block::BlockInfo end;
  end.ends.push_back({.shardId = "a"});
  plan.sealed(end);
  EXPECT_EQ(plan.failures(), 0);
}

TEST(RestartPlan, OfTheLeasesOnlyTimeShowsThatItIsOver) {
  RestartPlan plan({Milliseconds(2000), 2});
  plan.failed("", kPassing, kRestartStart);
  plan.restarted(kRestartStart);
  plan.sealed(recordsOf("a"));
  EXPECT_EQ(plan.failures(), 1);
  plan.failed("", kPassing, kRestartStart + 59s);
  EXPECT_EQ(plan.failures(), 2);
  plan.restarted(kRestartStart + 60s);
  EXPECT_EQ(plan.failed("", kPassing, kRestartStart + 120s), Milliseconds(2000));
  EXPECT_EQ(plan.failures(), 1);
}

}  // namespace
}  // namespace tidemill::stream

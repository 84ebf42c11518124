#include "tidemill/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tidemill/result.h"

namespace tidemill {
namespace {

// Every code, in the order of the enumeration; the test below notices one that is missing here.
constexpr Code kFirst = Code::kUsage;
constexpr Code kLast = Code::kCancelled;

TEST(CodeName, IsDifferentForEveryCodeAndNeverUnknown) {
  std::set<std::string_view> names;
  int codes = 0;
  for (int i = static_cast<int>(kFirst); i <= static_cast<int>(kLast); ++i) {
    const std::string_view name = codeName(static_cast<Code>(i));
    EXPECT_NE(name, "Unknown") << "code " << i;
    names.insert(name);
    ++codes;
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(codes));
}

TEST(CodeName, KeepsTheNamesThatTheCommandLinePromises) {
  EXPECT_EQ(codeName(Code::kWorkerIdInUse), "WorkerIdInUse");
  EXPECT_EQ(codeName(Code::kLeaseInUse), "LeaseInUse");
  EXPECT_EQ(codeName(Code::kUnknownStream), "UnknownStream");
  EXPECT_EQ(codeName(Code::kUnknownTable), "UnknownTable");
  EXPECT_EQ(codeName(Code::kInvalidConfig), "InvalidConfig");
  EXPECT_EQ(codeName(Code::kForeignTable), "ForeignTable");
  EXPECT_EQ(codeName(Code::kUnsupportedFleet), "UnsupportedFleet");
  EXPECT_EQ(codeName(Code::kNoCredentials), "NoCredentials");
  EXPECT_EQ(codeName(Code::kUnreachable), "Unreachable");
  EXPECT_EQ(codeName(Code::kDamagedBlock), "DamagedBlock");
}

TEST(ExitCode, FollowsWhoMustAct) {
  EXPECT_EQ(exitCode(Code::kUsage), 2);
  EXPECT_EQ(exitCode(Code::kInvalidConfig), 2);
  EXPECT_EQ(exitCode(Code::kForeignTable), 2);
  EXPECT_EQ(exitCode(Code::kUnsupportedFleet), 2);
  EXPECT_EQ(exitCode(Code::kDiskFull), 2);
  EXPECT_EQ(exitCode(Code::kUnknownStream), 3);
  EXPECT_EQ(exitCode(Code::kUnknownTable), 3);
  EXPECT_EQ(exitCode(Code::kInvalidSignature), 3);
  EXPECT_EQ(exitCode(Code::kUnreachable), 3);
  EXPECT_EQ(exitCode(Code::kDataLoss), 4);
  EXPECT_EQ(exitCode(Code::kWorkerIdInUse), 5);
  EXPECT_EQ(exitCode(Code::kLeaseInUse), 5);
  EXPECT_EQ(exitCode(Code::kFenced), 5);
  EXPECT_EQ(exitCode(Code::kWrongResult), 1);
  EXPECT_EQ(exitCode(Code::kDamagedBlock), 1);
}

TEST(ExitCode, IsNeverSuccessForAnyCode) {
  for (int i = static_cast<int>(kFirst); i <= static_cast<int>(kLast); ++i) {
    const int exit = exitCode(static_cast<Code>(i));
    EXPECT_GE(exit, 1) << "code " << i;
    EXPECT_LE(exit, 5) << "code " << i;
  }
}

TEST(ErrorValue, KeepsMessageAndHintApart) {
  const Error error(Code::kUnknownStream, "stream orders does not exist", "create it, or check the region");

  EXPECT_EQ(error.code(), Code::kUnknownStream);
  EXPECT_STREQ(error.what(), "stream orders does not exist");
  EXPECT_EQ(error.hint(), "create it, or check the region");
}

TEST(ErrorValue, SaysWhichFailuresMayPass) {
  EXPECT_TRUE(Error(Code::kThrottled, "m").retryable());
  EXPECT_TRUE(Error(Code::kTimeout, "m").retryable());
  EXPECT_TRUE(Error(Code::kServiceError, "m").retryable());
  EXPECT_TRUE(Error(Code::kUnreachable, "m").retryable());
  EXPECT_FALSE(Error(Code::kAccessDenied, "m").retryable());
  EXPECT_FALSE(Error(Code::kExpiredIterator, "m").retryable());
  EXPECT_FALSE(Error(Code::kTlsFailed, "m").retryable());
}

TEST(ErrorValue, GrowsContextFromTheOutside) {
  const Error inner(Code::kThrottled, "5 calls in this second", "wait");

  const Error outer = inner.within("shard shardId-000000000003").within("stream orders");

  EXPECT_EQ(outer.message(), "stream orders: shard shardId-000000000003: 5 calls in this second");
  EXPECT_EQ(outer.code(), Code::kThrottled);
  EXPECT_EQ(outer.hint(), "wait");
  EXPECT_EQ(inner.message(), "5 calls in this second");
}

TEST(ErrorValue, ReplacesTheHintAlone) {
  const Error error = Error(Code::kIo, "cannot write", "old").hinting("free some space");

  EXPECT_EQ(error.hint(), "free some space");
  EXPECT_EQ(error.message(), "cannot write");
}

TEST(Fail, MakesTheFailedHalfOfAResult) {
  const Result<int> result = fail(Code::kTimeout, "no answer within 5 s", "check the network");

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::kTimeout);
  EXPECT_EQ(result.error().hint(), "check the network");
}

TEST(Fail, PassesAnErrorOnToAnotherTypeOfResult) {
  const Result<int> inner = fail(Code::kConflict, "another value");

  const Result<std::string> outer = fail(inner.error().within("lease 7"));

  ASSERT_FALSE(outer.has_value());
  EXPECT_EQ(outer.error().message(), "lease 7: another value");
}

}  // namespace
}  // namespace tidemill

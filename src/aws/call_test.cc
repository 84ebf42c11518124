#include "aws/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "aws/scripted_transport.h"
#include "sim/sim_loop.h"

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kToken = "FwoGZXIvYXdzEXAMPLETOKEN";

class AwsClientTest : public testing::Test {
 protected:
  AwsClientTest() {
    options_.endpoint = {"https://kinesis.eu-west-1.amazonaws.com", "eu-west-1"};
    options_.credentials = AwsCredentials("AKID", "a-very-secret-key", kToken);
    operation_.name = "ListShards";
  }
  CallResult call() {
    if (!client_) {
      client_.emplace(loop_, transport_, random_, log_, service_, options_);
    }
    return loop_.run(client_->call(operation_));
  }
  // The wall clock of the loop, `ahead` of it, as a Date header.
  static std::vector<http::Header> dated(std::string date) { return {{"Date", std::move(date)}}; }

  sim::SimLoop loop_{1};
  ScriptedTransport transport_{loop_};
  base::Random random_{1};
  CapturedLog log_;
  Service service_{"Kinesis", "kinesis", "Kinesis_20131202", "kinesis"};
  AwsClientOptions options_;
  Operation operation_;
  std::optional<AwsClient> client_;
};

TEST_F(AwsClientTest, SendsASignedPostWithItsTarget) {
  transport_.answerJson(200, "{}");

  const CallResult result = call();

  ASSERT_TRUE(result);
  const http::Request& sent = transport_.requests.at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "https://kinesis.eu-west-1.amazonaws.com/");
  EXPECT_EQ(sentHeader(sent, "X-Amz-Target"), "Kinesis_20131202.ListShards");
  EXPECT_EQ(sentHeader(sent, "X-Amz-Date"), "20260101T000000Z");
  EXPECT_THAT(sentHeader(sent, "Authorization"),
              HasSubstr("Credential=AKID/20260101/eu-west-1/kinesis/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,"));
}

TEST_F(AwsClientTest, RetriesTransientFailuresWithFreshSignatures) {
  options_.retry.transientBase = 10s;
  options_.callTimeout = 5min;
  transport_.answerJson(500, R"({"__type":"InternalFailure"})");
  transport_.fail(Code::kUnreachable, "host: reset");
  transport_.answerJson(200, "{}");

  const CallResult result = call();

  ASSERT_TRUE(result);
  ASSERT_EQ(transport_.requests.size(), 3u);
  EXPECT_GT(transport_.sentAt[2], transport_.sentAt[1]);
  EXPECT_NE(sentHeader(transport_.requests[2], "X-Amz-Date"),
            sentHeader(transport_.requests[0], "X-Amz-Date"));
  EXPECT_EQ(client_->retryBudget().tokens(), 500 - 14);  // Two retries paid, the last one given back.
}

TEST_F(AwsClientTest, AnErrorSaysWhoWhatWhereAndWhatToDo) {
  transport_.answerJson(400, R"({"__type":"AccessDeniedException","message":"User x is not authorized"})");

  const CallResult result = call();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kAccessDenied);
  EXPECT_EQ(
      result.error().error.message(),
      "Kinesis ListShards at kinesis.eu-west-1.amazonaws.com (request request-1): AccessDeniedException: "
      "User x is not authorized");
  EXPECT_THAT(result.error().error.hint(), HasSubstr("kinesis:ListShards"));
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(AwsClientTest, AHintOfTheServicesTableNamesTheCall) {
  static constexpr std::array kOwn = std::to_array<NamedFailure>(
      {{"TableNotFound", Code::kConflict, FailureKind::kPermanent, "{operation} needs it in {region}"}});
  service_.failures = kOwn;
  transport_.answerJson(400, R"({"__type":"TableNotFound"})");

  const CallResult result = call();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kConflict);
  EXPECT_EQ(result.error().error.hint(), "ListShards needs it in eu-west-1");
}

TEST_F(AwsClientTest, NeverRepeatsASecretThatTheServerSentBack) {
  transport_.answerJson(400, R"({"__type":"InvalidSignatureException","message":"token )" +
                                 std::string(kToken) + R"( and key a-very-secret-key"})");

  const CallResult result = call();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kInvalidSignature);
  EXPECT_THAT(result.error().error.message(), Not(HasSubstr(std::string(kToken))));
  EXPECT_THAT(result.error().error.message(), Not(HasSubstr("a-very-secret-key")));
}

TEST_F(AwsClientTest, AnUnreachableHostIsTriedThreeTimes) {
  for (int i = 0; i < 3; ++i) transport_.fail(Code::kUnreachable, "kinesis.eu-west-1.amazonaws.com: refused");

  const CallResult result = call();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kUnreachable);
  EXPECT_EQ(result.error().error.message(), "Kinesis ListShards at kinesis.eu-west-1.amazonaws.com: refused");
  EXPECT_FALSE(result.error().service);
}

TEST_F(AwsClientTest, AnUnretriedOperationIsTriedOnce) {
  operation_.retried = false;
  transport_.answerJson(500, "");

  EXPECT_FALSE(call());
  EXPECT_EQ(transport_.requests.size(), 1u);
  EXPECT_EQ(transport_.deadlines[0] - transport_.sentAt[0], options_.callTimeout);
}

TEST_F(AwsClientTest, EachAttemptHasItsOwnDeadlineWithinTheCalls) {
  options_.callTimeout = 10s;
  options_.attemptTimeout = 9s;
  options_.retry.throttlingBase = 6s;
  transport_.answerJson(400, R"({"__type":"ThrottlingException"})");
  transport_.answerJson(200, "{}");

  const CallResult result = call();

  ASSERT_TRUE(result);
  EXPECT_EQ(transport_.deadlines[0] - transport_.sentAt[0], 9s);
  EXPECT_EQ(
      transport_.deadlines[1],
      transport_.sentAt[0] + std::min<rt::Duration>(10s, transport_.sentAt[1] - transport_.sentAt[0] + 9s));
}

TEST_F(AwsClientTest, HonoursTheServersWish) {
  transport_.answer(503, "", {{"x-amz-retry-after", "1500"}});
  transport_.answerJson(200, "{}");

  ASSERT_TRUE(call());
  EXPECT_EQ(transport_.sentAt[1] - transport_.sentAt[0], 1500ms);
}

TEST_F(AwsClientTest, ASkewedClockIsSetRightOnceWithoutARetryToken) {
  transport_.answer(400, R"({"__type":"RequestTimeTooSkewed"})", dated("Thu, 01 Jan 2026 01:00:00 GMT"));
  transport_.answerJson(200, "{}");

  const CallResult result = call();

  ASSERT_TRUE(result);
  EXPECT_EQ(sentHeader(transport_.requests[1], "X-Amz-Date"), "20260101T010000Z");
  EXPECT_EQ(client_->clockOffset(), 1h);
  EXPECT_EQ(client_->retryBudget().tokens(), 500);
  EXPECT_EQ(log_.events, std::vector<std::string>{"aws_clock_offset_learned"});
}

TEST_F(AwsClientTest, ABadSignatureWithEqualClocksIsNoClockProblem) {
  transport_.answer(400, R"({"__type":"InvalidSignatureException"})", dated("Thu, 01 Jan 2026 00:03:59 GMT"));

  const CallResult result = call();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kInvalidSignature);
  EXPECT_EQ(client_->clockOffset(), 0s);
}

TEST_F(AwsClientTest, ABadSignatureFarOffMayBeTheClock) {
  transport_.answer(400, R"({"__type":"InvalidSignatureException"})", dated("Thu, 01 Jan 2026 00:04:00 GMT"));
  transport_.answer(400, R"({"__type":"InvalidSignatureException"})", dated("Thu, 01 Jan 2026 00:04:00 GMT"));

  const CallResult result = call();

  ASSERT_FALSE(result);  // It was not: one more attempt, no loop.
  EXPECT_EQ(transport_.requests.size(), 2u);
}

TEST_F(AwsClientTest, KnowsTheServicesTimeFromAnyAnswerOfIt) {
  transport_.answer(400, R"({"__type":"ValidationException"})",
                    {{"Date", "Thu, 01 Jan 2026 00:03:00 GMT"}, {"x-amzn-RequestId", "request-1"}});

  EXPECT_FALSE(call());
  EXPECT_EQ(client_->serverNow() - loop_.wall(), 3min);
  EXPECT_EQ(client_->clockOffset(), 0s);  // Signatures stay good with clocks so near.
}

TEST_F(AwsClientTest, SignsWithTheServicesTimeOnceItIsKnownToBeFarOff) {
  for (int i = 0; i < 2; ++i) {
    transport_.answer(200, "{}",
                      {{"Date", "Thu, 01 Jan 2026 00:04:00 GMT"}, {"x-amzn-RequestId", "request-1"}});
  }

  ASSERT_TRUE(call());
  ASSERT_TRUE(call());
  EXPECT_EQ(sentHeader(transport_.requests[0], "X-Amz-Date"), "20260101T000000Z");
  EXPECT_EQ(sentHeader(transport_.requests[1], "X-Amz-Date"), "20260101T000400Z");
  EXPECT_EQ(client_->clockOffset(), 4min);
}

TEST_F(AwsClientTest, TheServicesTimeIsOursBeforeItAnswered) {
  transport_.answer(502, "<html>", dated("Thu, 01 Jan 2026 09:00:00 GMT"));  // A proxy's time.
  operation_.retried = false;

  EXPECT_FALSE(call());
  EXPECT_EQ(client_->serverNow(), loop_.wall());
  EXPECT_EQ(client_->clockOffset(), 0s);
}

TEST_F(AwsClientTest, ARedirectIsARefusal) {
  transport_.answer(301, "", {{"Location", "https://evil.example/"}});

  const CallResult result = call();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kMalformedResponse);
  EXPECT_EQ(transport_.requests.size(), 1u);
}

}  // namespace
}  // namespace tidemill::aws

#include "aws/service_failure.h"

#include <gtest/gtest.h>

#include <array>

#include "codec/cbor_writer.h"

namespace tidemill::aws {
namespace {

// A service of the tests' own, with names that others do not have and one that means something else.
constexpr std::array kOwn = std::to_array<NamedFailure>({
    {"ConditionalCheckFailedException", Code::kConflict, FailureKind::kPermanent, "read the item again"},
    {"ResourceInUseException", Code::kResourceInUse, FailureKind::kPermanent},
    {"ThrottlingException", Code::kLimitExceeded, FailureKind::kThrottling, "wait in {region}"},
});

ServiceFailure decode(int status, std::string_view body, std::vector<http::Header> headers = {}) {
  http::Response response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = codec::Body::copyOf(body);
  return decodeFailure(response, kOwn, Redaction({Secret("a-very-secret-key")}));
}

TEST(DecodeFailure, ReadsJson) {
  const ServiceFailure failure =
      decode(400, R"({"__type":"ExpiredTokenException","message":"The token has expired."})");

  EXPECT_EQ(failure.name, "ExpiredTokenException");
  EXPECT_EQ(failure.message, "The token has expired.");
  EXPECT_EQ(failure.code, Code::kExpiredToken);
  EXPECT_EQ(failure.kind, FailureKind::kPermanent);
}

TEST(DecodeFailure, ReadsCbor) {
  codec::CborWriter body;
  body.beginMap();
  body.text("__type");
  body.text("ExpiredTokenException");
  body.text("message");
  body.text("The token has expired.");
  body.end();

  const ServiceFailure failure = decode(400, body.buffer());

  EXPECT_EQ(failure.code, Code::kExpiredToken);
  EXPECT_EQ(failure.message, "The token has expired.");
}

TEST(DecodeFailure, TheHeaderWinsOverTheBodyAndTypeOverCode) {
  const char* body = R"({"__type":"AccessDeniedException","code":"Throttling"})";

  EXPECT_EQ(decode(400, body, {{"X-Amzn-ErrorType", "ResourceInUseException:http://internal/"}}).code,
            Code::kResourceInUse);
  EXPECT_EQ(decode(400, body).code, Code::kAccessDenied);
  EXPECT_EQ(decode(400, R"({"code":"Throttling"})").code, Code::kThrottled);
}

TEST(DecodeFailure, UnderstandsQualifiedNamesCapitalMessagesAndTheOldForm) {
  EXPECT_EQ(decode(400, R"({"__type":"com.amazonaws.kinesis.v20131202#ThrottledException"})").name,
            "ThrottledException");
  EXPECT_EQ(decode(400, R"({"__type":"SerializationException","Message":"wrong type"})").message,
            "wrong type");
  EXPECT_EQ(
      decode(404,
             R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"})")
          .code,
      Code::kUnknownOperation);
}

TEST(DecodeFailure, EachNameHasItsCode) {
  const auto code = [](std::string_view name) {
    return decode(400, R"({"__type":")" + std::string(name) + "\"}").code;
  };

  EXPECT_EQ(code("AccessDeniedException"), Code::kAccessDenied);
  EXPECT_EQ(code("SlowDown"), Code::kThrottled);
  EXPECT_EQ(code("InvalidSignatureException"), Code::kInvalidSignature);
  EXPECT_EQ(code("UnrecognizedClientException"), Code::kInvalidSignature);
  EXPECT_EQ(code("MissingAuthenticationTokenException"), Code::kInvalidSignature);
  EXPECT_EQ(code("IncompleteSignatureException"), Code::kInvalidSignature);
  EXPECT_EQ(code("ExpiredTokenException"), Code::kExpiredToken);
  EXPECT_EQ(code("ValidationException"), Code::kInvalidArgument);
  EXPECT_EQ(code("InternalFailure"), Code::kServiceError);
  EXPECT_EQ(code("SomethingNobodyKnows"), Code::kInvalidArgument);
}

TEST(DecodeFailure, TheServicesOwnTableComesFirst) {
  const ServiceFailure conflict = decode(400, R"({"__type":"ConditionalCheckFailedException"})");
  const ServiceFailure other = decode(400, R"({"__type":"ThrottlingException"})");

  EXPECT_EQ(conflict.code, Code::kConflict);
  EXPECT_EQ(conflict.kind, FailureKind::kPermanent);
  EXPECT_EQ(conflict.hint, "read the item again");
  EXPECT_EQ(other.code, Code::kLimitExceeded);
  EXPECT_EQ(decode(400, R"({"__type":"ExpiredIteratorException"})").code, Code::kInvalidArgument);
}

TEST(DecodeFailure, KeepsTheStatusAndTheTextOfProxies) {
  const ServiceFailure html = decode(503, "<html>\n<body>Service Unavailable</body></html>");
  const ServiceFailure empty = decode(500, "");
  const ServiceFailure busy = decode(429, "slow down");
  const ServiceFailure moved = decode(302, "");

  EXPECT_EQ(html.name, "503");
  EXPECT_EQ(html.message, "<html>");
  EXPECT_EQ(html.kind, FailureKind::kTransient);
  EXPECT_EQ(empty.code, Code::kServiceError);
  EXPECT_EQ(busy.code, Code::kThrottled);
  EXPECT_EQ(busy.kind, FailureKind::kThrottling);
  EXPECT_EQ(moved.code, Code::kMalformedResponse);
}

TEST(DecodeFailure, SurvivesHostileBodies) {
  const std::string deep = "{\"a\":" + std::string(10'000, '[');
  const std::string cut = R"({"__type":"Res)";
  const std::string wrongTypes = R"({"__type":7,"message":[1]})";
  const std::string cbor("\xbf\x66__type\x9f", 9);

  for (const std::string& body : {deep, cut, wrongTypes, cbor, std::string("\0\xff\x1b[31m", 7)}) {
    const ServiceFailure failure = decode(500, body);
    EXPECT_EQ(failure.code, Code::kServiceError);
    EXPECT_LE(failure.message.size(), 520u);
    EXPECT_EQ(failure.message.find('\x1b'), std::string::npos);
  }
}

TEST(PlainErrorName, RefusesWhatIsNoName) {
  EXPECT_EQ(plainErrorName("a#Foo:http://b/"), "Foo");
  EXPECT_EQ(plainErrorName("Foo\nBar"), "");
  EXPECT_EQ(plainErrorName(std::string(1000, 'x')), "");
}

TEST(PlainMessage, KeepsTheFirstLineOnly) {
  const Redaction none({});
  EXPECT_EQ(plainMessage("The signature does not match.\n\nx-amz-security-token:secret", none),
            "The signature does not match.");
  EXPECT_EQ(plainMessage("a\x07"
                         "b",
                         none),
            "a b");
  EXPECT_EQ(plainMessage(std::string(600, 'x'), none).size(), 512u + std::string("…").size());
}

}  // namespace
}  // namespace tidemill::aws

#include "fake/fake_aws.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";

void setHeader(http::Request& request, std::string_view name, std::string value) {
  for (auto& header : request.headers) {
    if (header.name == name) header.value = value;
  }
}

TEST(FakeAws, KnowsTheOperationBeforeItReadsTheBodyOrAsksWhoCalls) {
  TestClient client;

  EXPECT_EQ(client.send(TestClient::request("GetCoffee", "{not json")).raw,
            R"({"__type":"UnknownOperationException"})");
  EXPECT_EQ(client.send(TestClient::request("ListStreams", "{not json")).raw,
            R"({"__type":"SerializationException"})");
  EXPECT_EQ(client.send(TestClient::request("ListStreams", "")).raw,
            R"({"__type":"SerializationException"})");
  EXPECT_EQ(client.send(TestClient::request("ListStreams", "{}")).raw,
            R"({"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"})");
}

TEST(FakeAws, TakesEveryOtherContentTypeAsCbor) {
  TestClient client;
  for (const std::string type :
       {"", "text/plain", "application/x-amz-json-1.0", "application/x-amz-cbor-1.1"}) {
    auto request = TestClient::request("ListStreams", "{}");
    setHeader(request, "Content-Type", type);

    const auto answer = client.send(request);

    EXPECT_EQ(answer.status, 400) << type;
    EXPECT_EQ(answer.response.header("Content-Type"), kCbor);
    // {_ "__type": "SerializationException"}
    EXPECT_EQ(base::toHex(answer.raw), "bf665f5f747970657653657269616c697a6174696f6e457863657074696f6eff");
  }
}

TEST(FakeAws, AnswersPlainJsonInTheOldForm) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  setHeader(request, "Content-Type", "application/json");

  const auto answer = client.send(request);

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.raw,
            R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"})");
}

TEST(FakeAws, RefusesOtherMethodsInXml) {
  TestClient client;
  for (const std::string method : {"GET", "PUT", "DELETE"}) {
    auto request = TestClient::request("ListStreams", "{}");
    request.method = method;

    const auto answer = client.send(request);

    EXPECT_EQ(answer.status, 403);
    EXPECT_NE(answer.raw.find("<AccessDeniedException>"), std::string::npos);
    EXPECT_NE(answer.raw.find("Unable to determine service/operation name to be authorized"),
              std::string::npos);
  }
}

TEST(FakeAws, AnswersPreflightsWithoutASecondId) {
  TestClient client;
  http::Request request{.method = "OPTIONS",
                        .url = "http://127.0.0.1/",
                        .headers = {{"Origin", "x"}, {"Access-Control-Request-Method", "POST"}},
                        .body = ""};

  const auto answer = client.send(request);

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.response.header("Access-Control-Max-Age"), "172800");
  EXPECT_EQ(answer.response.header("Access-Control-Allow-Methods"), "POST");
  EXPECT_FALSE(answer.response.header("x-amzn-RequestId").empty());
  EXPECT_TRUE(answer.response.header("x-amz-id-2").empty());
}

TEST(FakeAws, IdentifiesAndDatesEveryAnswer) {
  TestClient client;
  client.now = rt::WallTime(1'421'889'722'999ms);

  const auto answer = client.call("ListStreams", "{}");

  EXPECT_EQ(answer.response.header("x-amzn-RequestId").size(), 36u);
  EXPECT_EQ(answer.response.header("x-amz-id-2").size(), 96u);
  EXPECT_EQ(answer.response.header("Content-Length"), std::to_string(answer.raw.size()));
  EXPECT_EQ(answer.response.header("Date"), "Thu, 22 Jan 2015 01:22:02 GMT");
}

TEST(FakeAws, NeverTurnsItsClockBack) {
  TestClient client;
  const auto later = client.now;
  client.call("ListStreams", "{}");
  auto request = TestClient::request("ListStreams", "{}");
  client.sign(request);

  const auto answer = client.aws.handle(request, later - 1h);

  EXPECT_EQ(answer.response.status, 200);
}

TEST(RequestAuth, RefusesAWrongSecret) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  client.sign(request, "wrong");

  const auto answer = client.send(request);

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.error(), "InvalidSignatureException");
  EXPECT_NE(answer.message().find("does not match the signature you provided"), std::string::npos);
}

TEST(RequestAuth, RefusesAnUnknownKeyAWrongRegionAndAWrongService) {
  TestClient client;
  auto unknown = TestClient::request("ListStreams", "{}");
  client.sign(unknown, "test", "AKIDUNKNOWN");
  auto region = TestClient::request("ListStreams", "{}");
  client.sign(region, "test", "test", "eu-west-1");
  auto service = TestClient::request("ListStreams", "{}");
  client.sign(service, "test", "test", "us-east-1", "dynamodb");

  EXPECT_EQ(client.send(unknown).error(), "UnrecognizedClientException");
  EXPECT_EQ(client.send(region).message(), "Credential should be scoped to a valid region, not 'eu-west-1'.");
  EXPECT_EQ(client.send(service).message(), "Credential should be scoped to correct service: 'kinesis'.");
}

TEST(RequestAuth, RefusesAChangedBody) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  client.sign(request);
  request.body = "{\"Limit\":1}";

  EXPECT_EQ(client.send(request).error(), "InvalidSignatureException");
}

TEST(RequestAuth, RefusesSignaturesOlderOrNewerThanFiveMinutes) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  client.now = rt::WallTime(1'790'000'000'000ms);
  client.sign(request);

  EXPECT_EQ(client.aws.handle(request, client.now - 300s).response.status, 200);
  EXPECT_EQ(client.aws.handle(request, client.now + 300s).response.status, 200);
  client.now += 301s;
  EXPECT_EQ(
      client.send(request).message(),
      "Signature expired: 20260921T141320Z is now earlier than 20260921T141321Z (20260921T141821Z - 5 min.)");

  TestClient behind;
  behind.now = client.now - 602s;
  EXPECT_NE(behind.send(request).message().find("Signature not yet current: 20260921T141320Z"),
            std::string::npos);
}

TEST(RequestAuth, NamesEachMissingPart) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  request.headers.push_back({"Authorization", "AWS4-HMAC-SHA256 Signature=x"});

  const auto answer = client.send(request);

  EXPECT_EQ(answer.error(), "IncompleteSignatureException");
  EXPECT_EQ(
      answer.message(),
      "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' "
      "parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
      "Authorization=AWS4-HMAC-SHA256 Signature=x");
}

TEST(RequestAuth, RefusesTwoSignatures) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  request.url += "?X-Amz-Algorithm=AWS4-HMAC-SHA256";
  client.sign(request);

  EXPECT_EQ(client.send(request).error(), "InvalidSignatureException");
}

TEST(RequestAuth, DemandsThatServiceHeadersAreSigned) {
  TestClient client;
  auto request = TestClient::request("ListStreams", "{}");
  client.sign(request);
  request.headers.push_back({"X-Amz-Security-Token", "slipped in"});

  EXPECT_EQ(client.send(request).message(),
            "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(RequestAuth, TakesAnyKeyWhenItIsToldNotToVerify) {
  TestClient client({.verifySignatures = false});
  auto request = TestClient::request("ListStreams", "{}");
  client.sign(request, "wrong", "anybody", "eu-west-1");

  EXPECT_EQ(client.send(request).status, 200);
}

}  // namespace
}  // namespace tidemill::fake

// Whatever a server or proxy sends back, no error, log line or outcome of the client repeats a secret.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/scripted_transport.h"
#include "codec/cbor_writer.h"
#include "kinesis/kinesis_client.h"
#include "sim/sim_loop.h"

namespace tidemill::kinesis {
namespace {

using testing::HasSubstr;
using testing::Not;

// Of the forms that AWS gives out: a key has 40 characters, a token several hundred.
const std::string kSecretKey = "wJalrXUtnFEMIK7MDENGbPxRfiCYCANARYKEY000";
const std::string kToken =
    "IQoJb3JpZ2luX2VjCANARYTOKEN" + std::string(200, 'Q') + "abcdEFGHijklMNOP0123456789";

std::string cborMap(std::string_view key, std::string_view value) {
  codec::CborWriter body;
  body.beginMap();
  body.text(key);
  body.text(value);
  body.end();
  return body.take();
}

class KinesisSecrets : public testing::TestWithParam<std::string> {
 protected:
  KinesisSecrets() {
    KinesisClientOptions options;
    options.aws.endpoint = {"http://127.0.0.1:4567", "us-east-1"};
    options.aws.credentials = AwsCredentials("AKIDCANARY", kSecretKey, kToken);
    options.wire = Wire::kCbor;
    client_.emplace(loop_, transport_, random_, log_, options);
  }
  const std::string& canary() const { return GetParam(); }
  // Stretches of the canary: a text must not even hold a part.
  void expectClean(const std::string& text) const {
    for (std::size_t at = 0; at + 16 <= canary().size(); at += 4) {
      EXPECT_THAT(text, Not(HasSubstr(canary().substr(at, 16))));
    }
  }
  void answer(int status, const std::string& body, const std::string& type = "text/html",
              std::vector<http::Header> headers = {}) {
    headers.push_back({"Content-Type", type});
    transport_.answer(status, body, headers);
  }
  // Asks once by GetRecords, whose answer has all forms.
  std::string failureText() {
    const auto page = loop_.run(client_->getRecords(stream_, shard_, iterator_, 100));
    EXPECT_FALSE(page);
    if (page) return {};
    expectClean(page.error().message());
    expectClean(page.error().hint());
    for (const std::string& line : log_.lines) expectClean(line);
    return page.error().message();
  }

  const std::string stream_ = "orders";
  const std::string shard_ = "shardId-000000000000";
  const std::string iterator_ = "AAAA";
  sim::SimLoop loop_{1};
  aws::ScriptedTransport transport_{loop_};
  base::Random random_{1};
  aws::CapturedLog log_;
  std::optional<KinesisClient> client_;
};

TEST_P(KinesisSecrets, StayOutOfAPageThatEchoesTheRequest) {
  answer(200, "<html>X-Amz-Security-Token: " + canary() + "</html>");

  EXPECT_THAT(failureText(), HasSubstr("<html>X-Amz-Security-Token: [secret]</html>"));
}

TEST_P(KinesisSecrets, StayOutWhereThePageIsCut) {
  answer(200, std::string(500, 'x') + canary());
  EXPECT_THAT(failureText(), HasSubstr("x[secret]"));

  answer(200, "request headers: " + canary().substr(0, canary().size() / 2));
  EXPECT_THAT(failureText(), HasSubstr("request headers: [secret]"));
}

TEST_P(KinesisSecrets, StayOutOfTheBodyOfARefusal) {
  answer(500, "Internal error with " + canary());
  EXPECT_THAT(failureText(), HasSubstr("Internal error with [secret]"));

  answer(400, R"({"__type":"SerializationException","message":"bad token )" + canary() + "\"}",
         "application/x-amz-json-1.1");
  EXPECT_THAT(failureText(), HasSubstr("SerializationException: bad token [secret]"));

  answer(400, cborMap("message", "bad " + canary()), "application/x-amz-cbor-1.1");
  EXPECT_THAT(failureText(), HasSubstr("bad [secret]"));
}

TEST_P(KinesisSecrets, StayOutOfTheRequestIdAndTheContentType) {
  for (const int status : {200, 400}) {
    answer(status, "", canary(), {{"x-amzn-RequestId", canary()}});
    EXPECT_THAT(failureText(), HasSubstr("(request [secret])"));
  }
}

TEST_P(KinesisSecrets, StayOutOfTheErrorsName) {
  answer(403, "", "text/html", {{"x-amzn-ErrorType", canary().substr(0, 60)}});
  EXPECT_THAT(failureText(), HasSubstr("[secret]"));

  answer(403, R"({"__type":")" + canary().substr(0, 60) + "\"}");
  EXPECT_THAT(failureText(), HasSubstr("[secret]"));
}

TEST_P(KinesisSecrets, StayOutOfMalformedCbor) {
  answer(200, cborMap(canary(), canary()), "application/x-amz-cbor-1.1");
  failureText();

  answer(200, cborMap("MillisBehindLatest", canary()), "application/x-amz-cbor-1.1",
         {{"x-amzn-RequestId", canary()}});
  failureText();
}

TEST_P(KinesisSecrets, StayOutOfTheReasonToChangeTheWire) {
  client_.reset();
  KinesisClientOptions options;
  options.aws.endpoint = {"http://127.0.0.1:4567", "us-east-1"};
  options.aws.credentials = AwsCredentials("AKIDCANARY", kSecretKey, kToken);
  client_.emplace(loop_, transport_, random_, log_, options);
  answer(415, "", "text/html", {{"x-amzn-ErrorType", canary().substr(0, 60)}});
  answer(500, "");

  failureText();

  EXPECT_THAT(log_.events, testing::Contains("kinesis_wire_json"));
}

TEST_P(KinesisSecrets, StayOutOfTransportErrors) {
  transport_.fail(Code::kMalformedResponse, "a header that is none: " + canary());

  EXPECT_THAT(failureText(), HasSubstr("a header that is none: [secret]"));
}

TEST_P(KinesisSecrets, StayOutOfControlAnswersAndOutcomes) {
  answer(200, "{\"Shards\":\"" + canary() + "\"}", "application/x-amz-json-1.1",
         {{"x-amzn-RequestId", canary()}});
  const auto shards = loop_.run(client_->listShardsPage(stream_, std::nullopt));
  ASSERT_FALSE(shards);
  expectClean(shards.error().message());

  answer(200,
         R"({"Records":[{"ErrorCode":")" + canary() + R"(","ErrorMessage":")" + canary() + R"("},)" +
             R"({"ErrorCode":" "}]})",
         "application/x-amz-json-1.1");
  const std::vector<PutEntry> entries = {{"hello", "k", {}}, {"hello", "k", {}}};
  const auto outcomes = loop_.run(client_->putRecords(stream_, entries));
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(outcomes->at(0).errorCode, "[secret]");
  EXPECT_EQ(outcomes->at(0).errorMessage, "[secret]");
  EXPECT_EQ(outcomes->at(1).errorCode, "unnamed");
}

INSTANTIATE_TEST_SUITE_P(Both, KinesisSecrets, testing::Values(kSecretKey, kToken),
                         [](const auto& tested) { return tested.index == 0 ? "SecretKey" : "SessionToken"; });

}  // namespace
}  // namespace tidemill::kinesis

#include "aws/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <type_traits>

#include "codec/base64.h"

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string headerOf(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

std::string decoded(std::string_view text) {
  std::string bytes(codec::decodedBase64Max(text.size()), '\0');
  bytes.resize(codec::decodeBase64(text, bytes.data()).value());
  return bytes;
}

// One request that botocore signed (tests/golden/sigv4).
struct Vector {
  std::string name;
  http::Request request;
  AwsCredentials credentials;
  SigningScope scope;
  rt::WallTime time;
  std::string canonicalRequest;
  std::string authorization;
};

Vector readVector(const boost::json::object& object) {
  const auto text = [&](std::string_view name) { return std::string(object.at(name).as_string()); };
  Vector vector;
  vector.name = text("name");
  vector.request.method = text("method");
  vector.request.url = text("url");
  for (const boost::json::value& header : object.at("headers").as_array()) {
    const boost::json::array& pair = header.as_array();
    vector.request.headers.push_back(
        {std::string(pair.at(0).as_string()), std::string(pair.at(1).as_string())});
  }
  vector.request.body = decoded(text("body"));
  vector.credentials = AwsCredentials(text("accessKeyId"), text("secretAccessKey"), text("sessionToken"));
  vector.scope = {text("region"), text("service")};
  vector.time = rt::WallTime(std::chrono::seconds(object.at("epochSeconds").as_int64()));
  vector.canonicalRequest = text("canonicalRequest");
  vector.authorization = text("authorization");
  return vector;
}

std::vector<Vector> goldenVectors() {
  std::ifstream file(TIDEMILL_SOURCE_DIR "/tests/golden/sigv4/vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  std::vector<Vector> vectors;
  const boost::json::value parsed = boost::json::parse(text.str());
  for (const boost::json::value& one : parsed.at("vectors").as_array())
    vectors.push_back(readVector(one.as_object()));
  return vectors;
}

std::string targetOf(const std::string& url) {
  const auto start = url.find_first_of("/?", url.find("://") + 3);
  return start == std::string::npos ? std::string() : url.substr(start);
}

TEST(Sign, AgreesWithBotocoreOnEveryVector) {
  const std::vector<Vector> vectors = goldenVectors();
  SigningKeys keys;
  ASSERT_GE(vectors.size(), 25u);

  for (const Vector& vector : vectors) {
    http::Request request = vector.request;
    sign(request, vector.credentials, vector.scope, vector.time, keys);
    const auto parsed = parseAuthorization(vector.authorization);
    ASSERT_TRUE(parsed) << vector.name;
    const std::string target = targetOf(request.url);
    const WireRequest wire{request.method, target, request.headers, request.body};

    EXPECT_EQ(canonicalRequest(wire, parsed->signedHeaders), vector.canonicalRequest) << vector.name;
    EXPECT_EQ(headerOf(request, "Authorization"), vector.authorization) << vector.name;
  }
}

TEST(ExpectedSignature, AServerFindsTheSignatureOfBotocore) {
  SigningKeys keys;
  for (const Vector& vector : goldenVectors()) {
    http::Request received = vector.request;
    sign(received, vector.credentials, vector.scope, vector.time, keys);  // For Host and X-Amz-Date.
    const auto parsed = parseAuthorization(vector.authorization);
    ASSERT_TRUE(parsed);
    const std::string target = targetOf(received.url);
    const WireRequest wire{received.method, target, received.headers, received.body};

    EXPECT_EQ(parsed->accessKeyId, vector.credentials.accessKeyId);
    EXPECT_EQ(parsed->scope, vector.scope);
    EXPECT_EQ(expectedSignature(wire, parsed->signedHeaders, headerOf(received, "X-Amz-Date"), parsed->scope,
                                vector.credentials.secretAccessKey, keys),
              parsed->signature)
        << vector.name;
  }
}

TEST(ExpectedSignature, EveryPartOfTheRequestMatters) {
  const std::vector<http::Header> headers = {{"Host", "h"}, {"X-Amz-Date", "20260101T000000Z"}};
  const std::vector<std::string> names = {"host", "x-amz-date"};
  const SigningScope scope{"eu-west-1", "kinesis"};
  const Secret secret("secret");
  SigningKeys keys;
  const auto signature = [&](const WireRequest& request, const SigningScope& in, const Secret& with) {
    return expectedSignature(request, names, "20260101T000000Z", in, with, keys);
  };
  const WireRequest request{"POST", "/", headers, "{}"};
  const std::string right = signature(request, scope, secret);

  EXPECT_EQ(right.size(), 64u);
  EXPECT_NE(signature({"GET", "/", headers, "{}"}, scope, secret), right);
  EXPECT_NE(signature({"POST", "/x", headers, "{}"}, scope, secret), right);
  EXPECT_NE(signature({"POST", "/?x", headers, "{}"}, scope, secret), right);
  EXPECT_NE(signature({"POST", "/", headers, "{} "}, scope, secret), right);
  EXPECT_NE(signature(request, {"eu-west-2", "kinesis"}, secret), right);
  EXPECT_NE(signature(request, {"eu-west-1", "dynamodb"}, secret), right);
  EXPECT_NE(signature(request, scope, Secret("Secret")), right);
  EXPECT_EQ(signature(request, scope, Secret("secret")), right);  // Nothing stale is left in the cache.
}

TEST(Sign, SigningAgainReplacesTheFirstSignature) {
  http::Request request;
  request.url = "http://127.0.0.1:4567/";
  const AwsCredentials credentials("AK", "secret", "token");
  SigningKeys keys;
  const rt::WallTime later{1'800'000'000'000ms};

  sign(request, credentials, {"eu-west-1", "kinesis"}, rt::WallTime{}, keys);
  sign(request, credentials, {"eu-west-1", "kinesis"}, later, keys);

  EXPECT_EQ(request.headers.size(), 4u);
  EXPECT_EQ(headerOf(request, "X-Amz-Date"), "20270115T080000Z");
  EXPECT_EQ(headerOf(request, "Host"), "127.0.0.1:4567");
  EXPECT_EQ(headerOf(request, "X-Amz-Security-Token"), "token");
}

TEST(ParseAuthorization, ReadsTheFormsOfAllClients) {
  // Without blanks after the commas, and an access key with a slash.
  const auto parsed = parseAuthorization(
      "AWS4-HMAC-SHA256 Credential=a/b/20260101/eu-west-1/kinesis/aws4_request,SignedHeaders=host;x-amz-date,"
      "Signature=00ff");

  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->accessKeyId, "a/b");
  EXPECT_EQ(parsed->day, "20260101");
  EXPECT_EQ(parsed->scope, (SigningScope{"eu-west-1", "kinesis"}));
  EXPECT_THAT(parsed->signedHeaders, ElementsAre("host", "x-amz-date"));
  EXPECT_EQ(parsed->signature, "00ff");
}

TEST(ParseAuthorization, NamesWhatIsMissing) {
  std::vector<std::string> missing;

  EXPECT_FALSE(parseAuthorization("AWS4-HMAC-SHA256 Signature=00", &missing));

  EXPECT_THAT(missing, ElementsAre("Credential", "SignedHeaders"));
}

TEST(ParseAuthorization, RefusesNonsense) {
  std::vector<std::string> missing;
  EXPECT_FALSE(parseAuthorization(""));
  EXPECT_FALSE(parseAuthorization("Basic dGVzdDp0ZXN0", &missing));
  EXPECT_THAT(missing, IsEmpty());
  EXPECT_FALSE(parseAuthorization("AWS4-HMAC-SHA256"));
  EXPECT_FALSE(parseAuthorization("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=a,Signature=b"));
  EXPECT_FALSE(parseAuthorization("AWS4-HMAC-SHA256 Credential=aws4_request,SignedHeaders=a,Signature=b"));
  EXPECT_FALSE(parseAuthorization("AWS4-HMAC-SHA256 Credential=k/d/r/s/other,SignedHeaders=a,Signature=b"));
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(Secret, CannotBePrintedOrTurnedIntoTextByAccident) {
  static_assert(!Printable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
}

TEST(Secret, CopiesShareAndCompareByContent) {
  const Secret one("abc");
  const Secret copy = one;

  EXPECT_EQ(copy.reveal(), "abc");
  EXPECT_EQ(copy.reveal().data(), one.reveal().data());
  EXPECT_TRUE(one == Secret("abc"));
  EXPECT_FALSE(one == Secret("abd"));
  EXPECT_FALSE(one == Secret("abcd"));
  EXPECT_TRUE(Secret() == Secret(""));
  EXPECT_TRUE(Secret("").empty());
}

// The examples of the S3 API reference, "Signature Calculations for the Authorization Header".
class S3SigningTest : public testing::Test {
 protected:
  std::string signatureOf(http::Request request) {
    const AwsCredentials credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    const rt::WallTime at = std::chrono::sys_days(std::chrono::year(2013) / 5 / 24);
    SigningKeys keys;
    sign(request, credentials, {"us-east-1", "s3"}, at, keys);
    return parseAuthorization(request.headers.back().value)->signature;
  }
};

TEST_F(S3SigningTest, SignsAReadAsTheReferenceDoes) {
  http::Request request{
      "GET", "https://examplebucket.s3.amazonaws.com/test.txt", {{"Range", "bytes=0-9"}}, ""};
  EXPECT_EQ(signatureOf(request), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3SigningTest, TakesThePathOfAWriteAsItIs) {
  http::Request request{
      "PUT",
      "https://examplebucket.s3.amazonaws.com/test%24file.text",
      {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
      "Welcome to Amazon S3."};
  EXPECT_EQ(signatureOf(request), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3SigningTest, SignsAListAsTheReferenceDoes) {
  http::Request request{"GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", {}, ""};
  EXPECT_EQ(signatureOf(request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

}  // namespace
}  // namespace tidemill::aws

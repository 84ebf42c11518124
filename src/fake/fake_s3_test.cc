#include "fake/fake_s3.h"

#include <gtest/gtest.h>

#include "aws/sigv4.h"
#include "codec/digest.h"

namespace tidemill::fake {
namespace {

class FakeS3Test : public testing::Test {
 protected:
  FakeS3Test() { s3_.makeBucket("bucket"); }
  // Signed after the headers were set.
  http::Response send(const std::string& method, const std::string& target,
                      std::vector<http::Header> headers = {}, const std::string& body = {}) {
    http::Request request{method, "http://127.0.0.1:4567" + target, std::move(headers), body};
    aws::SigningKeys keys;
    aws::sign(request, AwsCredentials("test", secret_), {region_, "s3"}, now_, keys);
    return s3_.handle(request, now_, Fault::kNone);
  }
  static bool says(const http::Response& response, std::string_view code) {
    return response.body->view().find("<Code>" + std::string(code) + "</Code>") != std::string_view::npos;
  }

  const FakeAwsOptions account_;
  FakeS3 s3_{account_, base::Random(1)};
  std::string secret_ = "test";
  std::string region_ = "us-east-1";
  rt::WallTime now_{std::chrono::seconds(1'800'000'000)};
};

TEST_F(FakeS3Test, KnowsOneConditionAndRefusesOthers) {
  EXPECT_EQ(send("PUT", "/bucket/k", {{"If-None-Match", "*"}}, "1").status, 200);
  EXPECT_TRUE(says(send("PUT", "/bucket/k", {{"If-None-Match", "*"}}, "2"), "PreconditionFailed"));
  EXPECT_TRUE(says(send("PUT", "/bucket/k", {{"If-None-Match", "\"etag\""}}, "2"), "NotImplemented"));
  EXPECT_EQ(*s3_.find("bucket", "k"), "1");
  EXPECT_EQ(send("PUT", "/bucket/k", {}, "2").status, 200);
  EXPECT_EQ(*s3_.find("bucket", "k"), "2");
}

TEST_F(FakeS3Test, ChecksWhoAsksAndWhatWasSent) {
  secret_ = "other";
  EXPECT_TRUE(says(send("GET", "/bucket/k"), "SignatureDoesNotMatch"));
  secret_ = "test";
  region_ = "eu-west-1";
  EXPECT_TRUE(says(send("GET", "/bucket/k"), "AuthorizationHeaderMalformed"));
  region_ = "us-east-1";
  EXPECT_TRUE(says(send("PUT", "/bucket/k", {{"x-amz-checksum-crc32", "AAAAAA=="}}, "1"), "BadDigest"));
  EXPECT_EQ(s3_.handle({"GET", "http://127.0.0.1/bucket/k", {}, ""}, now_, Fault::kNone).status, 403);
  EXPECT_TRUE(s3_.keys("bucket").empty());
}

TEST_F(FakeS3Test, NoticesABodyThatChangedOnItsWay) {
  http::Request request{"PUT", "http://127.0.0.1:4567/bucket/k", {}, "sent"};
  aws::SigningKeys keys;
  aws::sign(request, AwsCredentials("test", "test"), {"us-east-1", "s3"}, now_, keys);
  request.body = "came";
  EXPECT_TRUE(says(s3_.handle(request, now_, Fault::kNone), "XAmzContentSHA256Mismatch"));
}

TEST_F(FakeS3Test, MakesAndRemovesBuckets) {
  EXPECT_TRUE(says(send("GET", "/other?list-type=2"), "NoSuchBucket"));
  EXPECT_EQ(send("PUT", "/other").status, 200);
  EXPECT_EQ(send("HEAD", "/other").status, 200);
  EXPECT_EQ(send("DELETE", "/other").status, 204);
  send("PUT", "/bucket/k", {}, "1");
  EXPECT_TRUE(says(send("DELETE", "/bucket"), "BucketNotEmpty"));
  const http::Response head = send("HEAD", "/bucket/k");
  EXPECT_EQ(head.body->size(), 0u);
  EXPECT_EQ(head.header("Content-Length"), "1");
}

}  // namespace
}  // namespace tidemill::fake

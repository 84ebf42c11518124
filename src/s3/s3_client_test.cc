#include "s3/s3_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "aws/scripted_transport.h"
#include "fake/fake_s3.h"
#include "fake/service_transport.h"
#include "sim/sim_loop.h"

namespace tidemill::s3 {
namespace {

using namespace std::chrono_literals;
using fake::ServiceTransport;
using testing::HasSubstr;
using testing::Not;
using Fate = ServiceTransport::Fate;

constexpr char kSecret[] = "a-secret-that-must-not-be-shown";

class S3ClientTest : public testing::Test {
 protected:
  S3ClientTest() {
    options_.aws.endpoint = {"http://127.0.0.1:4567", "us-east-1"};
    options_.aws.credentials = AwsCredentials("AKIDEXAMPLE", kSecret);
    options_.aws.callTimeout = 30s;
    options_.aws.attemptTimeout = 5s;
    options_.aws.retry.attemptsMax = 8;
    options_.pathStyle = true;
    s3_.makeBucket("bucket");
  }
  S3Client& client() {
    if (!client_) client_.emplace(loop_, transport_, random_, log_, "bucket", options_);
    return *client_;
  }
  Result<PutOutcome> put(const std::string& key, const std::string& bytes) {
    return loop_.run(client().putIfAbsent(key, bytes));
  }
  Result<std::optional<std::string>> get(const std::string& key, std::size_t most = 1000) {
    return loop_.run(client().get(key, most));
  }
  // What befalls the first requests of a method, one after the other.
  void befall(const std::string& method, std::vector<Fate> fates) {
    transport_.fateOf = [method, fates, next = std::size_t{0}](const http::Request& request) mutable {
      return request.method == method && next < fates.size() ? fates[next++] : Fate::kAnswered;
    };
  }
  // What S3 itself does to the first puts.
  void refusePuts(std::vector<fake::Fault> faults) { faults_ = std::move(faults); }

  const fake::FakeAwsOptions account_{.accessKey = "AKIDEXAMPLE", .secretKey = kSecret};
  fake::FakeS3 s3_{account_, base::Random(1)};
  sim::SimLoop loop_{1};
  std::vector<fake::Fault> faults_;
  ServiceTransport transport_{loop_, [this](const http::Request& request, rt::WallTime now) {
                                fake::Fault fault = fake::Fault::kNone;
                                if (request.method == "PUT" && !faults_.empty()) {
                                  fault = faults_.front();
                                  faults_.erase(faults_.begin());
                                }
                                return s3_.handle(request, now, fault);
                              }};
  base::Random random_{1};
  aws::CapturedLog log_;
  S3ClientOptions options_;
  std::optional<S3Client> client_;
};

TEST_F(S3ClientTest, WritesOnceAndReadsBack) {
  const std::string bytes("\0 any \xff bytes", 13);

  EXPECT_EQ(put("a/b c+%~\xc3\xa4", bytes), PutOutcome::kWritten);
  EXPECT_EQ(put("a/b c+%~\xc3\xa4", "other"), PutOutcome::kExists);
  EXPECT_EQ(put("empty", ""), PutOutcome::kWritten);

  EXPECT_EQ(**get("a/b c+%~\xc3\xa4"), bytes);
  EXPECT_EQ(**get("empty"), "");
  EXPECT_FALSE(*get("missing"));
  EXPECT_EQ(aws::sentHeader(transport_.requests[0], "Content-Type"), "application/octet-stream");
  EXPECT_EQ(aws::sentHeader(transport_.requests[0], "If-None-Match"), "*");
  EXPECT_EQ(transport_.requests.size(), 6u);  // A refusal of a first try needs no look.
}

TEST_F(S3ClientTest, RemovesAlsoWhatIsNotThere) {
  ASSERT_TRUE(put("k", "1"));
  EXPECT_TRUE(loop_.run(client().remove("k")));
  EXPECT_TRUE(loop_.run(client().remove("k")));
  EXPECT_EQ(put("k", "2"), PutOutcome::kWritten);
}

TEST_F(S3ClientTest, AnAnswerThatWasLostAfterItsPutCountsAsWon) {
  befall("PUT", {Fate::kAnswerLost});
  EXPECT_EQ(put("k", "mine"), PutOutcome::kWritten);
  befall("PUT", {Fate::kReset, Fate::kBadGateway});
  EXPECT_EQ(put("l", "mine"), PutOutcome::kWritten);
  befall("PUT", {Fate::kRequestLost});
  EXPECT_EQ(put("m", "mine"), PutOutcome::kWritten);
}

TEST_F(S3ClientTest, TheSameBytesOfAnotherWriterAreNotOurs) {
  S3Client other(loop_, transport_, random_, log_, "bucket", options_);
  ASSERT_EQ(loop_.run(other.putIfAbsent("l", "same")), PutOutcome::kWritten);
  befall("PUT", {Fate::kRequestLost});
  EXPECT_EQ(put("l", "same"), PutOutcome::kExists);
  befall("PUT", {Fate::kRequestLost});
  EXPECT_EQ(put("l", "longer than same"), PutOutcome::kExists);
}

TEST_F(S3ClientTest, ARefusalThatIsLongerThanTheObjectDoesNotHideWhoseItIs) {
  int reads = 0;
  transport_.fateOf = [&, first = true](const http::Request& request) mutable {
    if (request.method == "PUT") return std::exchange(first, false) ? Fate::kAnswerLost : Fate::kAnswered;
    return ++reads == 1 ? Fate::kBadGateway : Fate::kAnswered;
  };
  EXPECT_EQ(put("k", ""), PutOutcome::kWritten);
  EXPECT_EQ(reads, 2);
}

TEST_F(S3ClientTest, APutWithoutAKnownEndIsSettledByTheNextOneOfTheSameBytes) {
  befall("PUT", std::vector<Fate>(8, Fate::kAnswerLost));
  const auto lost = put("k", "mine");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kTimeout);
  EXPECT_TRUE(s3_.find("bucket", "k") != nullptr);
  transport_.fateOf = nullptr;

  EXPECT_EQ(put("k", "mine"), PutOutcome::kWritten);
  EXPECT_EQ(put("k", "mine"), PutOutcome::kExists);
}

TEST_F(S3ClientTest, OtherBytesAfterAPutWithoutAKnownEndAreRefused) {
  befall("PUT", std::vector<Fate>(8, Fate::kAnswerLost));
  ASSERT_FALSE(put("k", "mine"));
  transport_.fateOf = nullptr;

  EXPECT_EQ(put("k", "else"), PutOutcome::kExists);
}

TEST_F(S3ClientTest, TriesAgainAfterSlowDownConflictAndFailure) {
  // Throttling of a conditional put is told as 503 or as 409.
  refusePuts({fake::Fault::kThrottled, fake::Fault::kThrottled, fake::Fault::kInternalFailure,
              fake::Fault::kThrottled});
  EXPECT_EQ(put("k", "1"), PutOutcome::kWritten);
  EXPECT_EQ(transport_.requests.size(), 5u);
}

TEST_F(S3ClientTest, GivesUpWithTheNameOfTheErrorAndSaysNoSecret) {
  refusePuts(std::vector<fake::Fault>(20, fake::Fault::kInternalFailure));
  const auto failed = put("k", "1");

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kServiceError);
  EXPECT_THAT(failed.error().message(), HasSubstr("S3 PutObject at 127.0.0.1:4567"));
  EXPECT_THAT(failed.error().message(), HasSubstr("InternalError"));
  EXPECT_LE(transport_.requests.size(), 8u);
  EXPECT_THAT(testing::PrintToString(log_.lines), Not(HasSubstr(kSecret)));
}

TEST_F(S3ClientTest, ListsByPagesWithFoldersAsOne) {
  fake::FakeS3 small(account_, base::Random(1), {.pageMax = 2});
  small.makeBucket("bucket");
  ServiceTransport transport(loop_, [&](const http::Request& request, rt::WallTime now) {
    return small.handle(request, now, fake::Fault::kNone);
  });
  S3Client client(loop_, transport, random_, log_, "bucket", options_);
  for (const char* key : {"p/a", "p/b&c", "p/d/1", "p/d/2", "p/d/3", "p/e", "p0", "q"})
    ASSERT_TRUE(loop_.run(client.putIfAbsent(key, "x")));

  std::vector<std::string> names;
  std::optional<std::string> token;
  int pages = 0;
  do {
    const auto page = loop_.run(client.list("p/", token));
    ASSERT_TRUE(page) << page.error().what();
    names.insert(names.end(), page->keys.begin(), page->keys.end());
    names.insert(names.end(), page->commonPrefixes.begin(), page->commonPrefixes.end());
    token = page->nextToken;
  } while (token && ++pages < 10);

  EXPECT_THAT(names, testing::UnorderedElementsAre("p/a", "p/b&c", "p/d/", "p/e"));
  EXPECT_EQ(pages, 1);
}

TEST_F(S3ClientTest, ExplainsAMissingBucketAnotherRegionAndAForeignKey) {
  const auto codeOf = [&](const std::string& bucket, const S3ClientOptions& options) {
    S3Client other(loop_, transport_, random_, log_, bucket, options);
    const auto failed = loop_.run(other.putIfAbsent("k", "1"));
    EXPECT_FALSE(failed);
    return failed ? Error(Code::kCancelled, "") : failed.error();
  };
  const Error missing = codeOf("nothing", options_);
  EXPECT_EQ(missing.code(), Code::kInvalidConfig);
  EXPECT_THAT(missing.message(), HasSubstr("NoSuchBucket"));

  S3ClientOptions elsewhere = options_;
  elsewhere.aws.endpoint.region = "eu-west-1";
  const Error region = codeOf("bucket", elsewhere);
  EXPECT_EQ(region.code(), Code::kInvalidConfig);
  EXPECT_EQ(region.hint(), "set tidemill.s3.region to us-east-1");

  S3ClientOptions wrong = options_;
  wrong.aws.credentials = AwsCredentials("AKIDEXAMPLE", "another secret");
  EXPECT_EQ(codeOf("bucket", wrong).code(), Code::kInvalidSignature);
}

TEST_F(S3ClientTest, FollowsNoRedirect) {
  aws::ScriptedTransport transport(loop_);
  transport.answer(301, "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>",
                   {{"Location", "http://evil.example/"}, {"x-amz-bucket-region", "eu-west-1"}});
  S3Client client(loop_, transport, random_, log_, "bucket", options_);

  const auto failed = loop_.run(client.get("k", 100));

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kInvalidConfig);
  EXPECT_THAT(failed.error().message(), HasSubstr("bucket bucket is in region eu-west-1"));
  EXPECT_EQ(transport.requests.size(), 1u);
}

TEST_F(S3ClientTest, NoticesBytesThatAreNotThoseOfTheChecksum) {
  aws::ScriptedTransport transport(loop_);
  transport.answer(200, "other",
                   {{"x-amz-checksum-crc32", "AAAAAA=="}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  transport.answer(200, "other",
                   {{"x-amz-checksum-crc32", "AAAAAA=="}, {"x-amz-checksum-type", "COMPOSITE"}});
  S3Client client(loop_, transport, random_, log_, "bucket", options_);

  const auto damaged = loop_.run(client.get("k", 100));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), Code::kMalformedResponse);
  EXPECT_EQ(**loop_.run(client.get("k", 100)), "other");
}

TEST_F(S3ClientTest, RefusesMoreBytesThanAsked) {
  ASSERT_TRUE(put("k", std::string(2000, 'x')));
  const auto large = get("k", 1999);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), Code::kResponseTooLarge);
}

TEST_F(S3ClientTest, SignsWithTheServersTimeAfterAComplaint) {
  ServiceTransport late(loop_, [&](const http::Request& request, rt::WallTime now) {
    return s3_.handle(request, now + 1h, fake::Fault::kNone);
  });
  S3Client client(loop_, late, random_, log_, "bucket", options_);

  EXPECT_EQ(loop_.run(client.putIfAbsent("k", "1")), PutOutcome::kWritten);
  EXPECT_EQ(late.requests.size(), 2u);
}

TEST_F(S3ClientTest, SendsTheSessionTokenAndHowToEncrypt) {
  options_.aws.credentials.sessionToken = Secret("the-token-of-the-session");
  options_.serverSideEncryption = "aws:kms";
  options_.kmsKeyId = "key-1";
  ASSERT_TRUE(put("k", "1"));

  const http::Request& sent = transport_.requests.front();
  EXPECT_EQ(aws::sentHeader(sent, "X-Amz-Security-Token"), "the-token-of-the-session");
  EXPECT_EQ(aws::sentHeader(sent, "x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(aws::sentHeader(sent, "x-amz-server-side-encryption-aws-kms-key-id"), "key-1");
}

TEST(S3Options, AddressesByHostOnAwsAndByPathElsewhere) {
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY") return "test";
    return std::nullopt;
  };
  aws::EndpointOptions where;
  where.region = "eu-west-1";
  EXPECT_FALSE(resolveS3Options("bucket", where, environment)->pathStyle);
  EXPECT_TRUE(resolveS3Options("my.bucket", where, environment)->pathStyle);
  where.endpoint = "http://127.0.0.1:5000";
  EXPECT_TRUE(resolveS3Options("bucket", where, environment)->pathStyle);

  sim::SimLoop loop(1);
  aws::ScriptedTransport transport(loop);
  base::Random random(1);
  aws::CapturedLog log;
  transport.answer(204, "");
  where.endpoint.reset();
  S3Client client(loop, transport, random, log, "bucket", *resolveS3Options("bucket", where, environment));
  ASSERT_TRUE(loop.run(client.remove("a b")));
  EXPECT_EQ(transport.requests[0].url, "https://bucket.s3.eu-west-1.amazonaws.com/a%20b");
}

}  // namespace
}  // namespace tidemill::s3

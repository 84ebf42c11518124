// s3/s3_client.h: the objects of one bucket: written once, read, listed, deleted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/call.h"
#include "aws/environment.h"
#include "aws/signing_clock.h"
#include "s3/answers.h"

namespace tidemill::s3 {

struct S3ClientOptions {
  // Calls grow longer by their bodies: a second for each MiB.
  aws::AwsClientOptions aws;
  // The bucket stands in the path, not in the host's name: what emulators and buckets with dots need.
  bool pathStyle = false;
  // Of objects that are written: empty (what the bucket says), "AES256", "aws:kms" or "aws:kms:dsse".
  std::string serverSideEncryption;
  // Of aws:kms; empty: the account's own key.
  std::string kmsKeyId;
};

// Endpoint, credentials and retries as for every service; an endpoint that is not the region's own, and a
// bucket whose name has dots, are addressed by path. kInvalidConfig; kNoCredentials.
Result<S3ClientOptions> resolveS3Options(const std::string& bucket, const aws::EndpointOptions& where,
                                         const aws::Environment& environment);

enum class PutOutcome {
  kWritten,
  kExists,
};

// Conditional writes are atomic and final: the first of several wins. Lives on one lane. All references must
// outlive it. Errors name the operation, the host and the request id; never a secret. No redirect is
// followed.
class S3Client {
 public:
  S3Client(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
           std::string bucket, S3ClientOptions options);

  // Writes the object unless there is one of that key (If-None-Match). Each object carries a random mark of
  // its put, so that one whose answer was lost is known again, in this call or in the next one with the same
  // key and bytes: it was written then. After an error the object may be there or not, or come later.
  rt::Task<Result<PutOutcome>> putIfAbsent(std::string key, std::string bytes);
  // Nothing if there is no such object. kResponseTooLarge above `bytesMax`; kMalformedResponse if the bytes
  // are not those that the store's checksum is of.
  rt::Task<Result<std::optional<std::string>>> get(std::string key, std::size_t bytesMax);
  // One page of the keys that begin with `prefix`, with all that have the same text up to a slash after it as
  // one. `token`: what the page before gave.
  rt::Task<Result<ListPage>> list(std::string prefix, std::optional<std::string> token);
  // Succeeds if there is no such object.
  rt::Task<Result<void>> remove(std::string key);

  const std::string& bucket() const { return bucket_; }

 private:
  struct Call {
    std::string operation;  // "PutObject"
    std::string method;
    std::string key;    // Empty: the bucket itself.
    std::string query;  // Encoded.
    std::vector<http::Header> headers;
    std::string body;
    std::size_t answerBytesMax = 1u << 20;
    // Answers of these statuses are no failures.
    std::vector<int> accepted = {200};
  };
  struct Answer {
    http::Response response;
    // An earlier try of this call may have been applied although it failed.
    bool mayBeApplied = false;
  };
  struct Failure {
    Error error;
    aws::FailureKind kind;
    std::optional<aws::ServiceFailure> service;
  };
  // A put whose end is not known.
  struct Unsettled {
    std::string digest;
    std::string mark;
  };

  rt::Task<Result<Answer>> send(Call call);
  http::Request requestOf(const Call& call) const;
  Failure failureOf(const Call& call, const Result<http::Response>& answer) const;
  std::string where(const Call& call) const;
  Call putCall(const std::string& key, std::string bytes, const std::string& mark) const;
  rt::Task<Result<std::optional<http::Response>>> fetch(std::string key, std::size_t bytesMax);
  rt::Task<Result<bool>> isOurs(std::string key, std::string digest, std::size_t size, std::string mark);

  rt::Loop& loop_;
  http::HttpTransport& transport_;
  base::Random& random_;
  base::LogSink& log_;
  const std::string bucket_;
  const S3ClientOptions options_;
  const aws::Redaction redacted_;
  const std::string base_;  // Url of the bucket, without a slash at the end.
  const std::string host_;
  aws::RetryBudget budget_;
  aws::SigningClock clock_;
  aws::SigningKeys keys_;
  std::map<std::string, Unsettled> unsettled_;
};

}  // namespace tidemill::s3

// aws/call.h: one call of an AWS service: sign, send, understand the refusal, try again.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "aws/endpoint.h"
#include "aws/redaction.h"
#include "aws/retry_policy.h"
#include "aws/service_failure.h"
#include "aws/signing_clock.h"
#include "aws/sigv4.h"
#include "base/log.h"
#include "base/random.h"
#include "http/http_transport.h"
#include "rt/loop.h"

namespace tidemill::aws {

// Which service a client talks to, and what its refusals mean.
struct Service {
  std::string displayName;   // "Kinesis": for messages.
  std::string signingName;   // "kinesis"
  std::string targetPrefix;  // "Kinesis_20131202"
  std::string permissions;   // "kinesis": the prefix of its permissions.
  // Its own error names; they come before those of all services. Static: failures keep views of it.
  std::span<const NamedFailure> failures = {};
};

struct AwsClientOptions {
  Endpoint endpoint;
  AwsCredentials credentials;
  // Each call ends by then, all attempts and the waits between them included. Range: 100 ms to 5 min.
  rt::Duration callTimeout = std::chrono::seconds(15);
  // Each attempt of a retried call ends by then, so that one dead connection does not use up the call.
  rt::Duration attemptTimeout = std::chrono::seconds(6);
  RetryOptions retry;
};

// One operation, encoded already.
struct Operation {
  std::string name;  // "GetRecords"
  std::string contentType = "application/x-amz-json-1.1";
  std::string body = "{}";
  std::size_t answerBytesMax = 16u << 20;
  // False: one attempt, for callers with a pace of their own.
  bool retried = true;
  // Ends by then instead of by the client's callTimeout.
  std::optional<rt::Duration> timeout = std::nullopt;
};

// A call that failed. `service` and `body` are there if somebody answered.
struct CallFailure {
  Error error;
  std::optional<ServiceFailure> service;
  // As it came: what a service says beside the error's name and message.
  std::shared_ptr<const codec::Body> body;
};
using CallResult = tl::expected<http::Response, CallFailure>;

// Errors name the service, the operation, the host and the request id; never a secret. Learns the
// service's time from its answers, and signs with it once this machine's clock is far off or the service
// complained of it. Lives on one lane. All references must outlive it.
class AwsClient {
 public:
  AwsClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
            Service service, AwsClientOptions options);

  // Gives the response of status 200. `operation` must stay valid until the task ends.
  rt::Task<CallResult> call(const Operation& operation);

  // An error about an answer of status 200 that cannot be used: kMalformedResponse with all the context.
  Error malformed(const Operation& operation, const http::Response& response, std::string_view problem) const;

  // For text of an answer that somebody keeps or shows: takes this client's secrets out.
  const Redaction& redaction() const { return redacted_; }
  const Endpoint& endpoint() const { return options_.endpoint; }
  const RetryBudget& retryBudget() const { return budget_; }
  // A moment that the service's clock has passed for certain, at most about a second ago while answers come;
  // before the first answer, this machine's wall clock.
  rt::WallTime serverNow() const { return clock_.serverNow(); }
  // How far the clock that signs is ahead of this machine's wall clock.
  rt::Duration clockOffset() const { return clock_.offset(); }

 private:
  http::Request requestFor(const Operation& operation) const;
  void signAs(http::Request& request, rt::WallTime date);
  Error transportError(const Operation& operation, const Error& error) const;
  CallFailure failureOf(const Operation& operation, const http::Response& response) const;
  std::string where(const Operation& operation) const;
  std::string where(const Operation& operation, const http::Response& response) const;

  rt::Loop& loop_;
  http::HttpTransport& transport_;
  base::Random& random_;
  base::LogSink& log_;
  const Service service_;
  const AwsClientOptions options_;
  const Redaction redacted_;
  const std::string host_;
  RetryBudget budget_;
  SigningClock clock_;
  SigningKeys keys_;
};

}  // namespace tidemill::aws

#include "aws/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/url.h"

namespace tidemill::aws {
namespace {

// AWS sends 36 characters.
constexpr std::size_t kRequestIdMax = 128;

FailureKind kindOf(const CallFailure& failure) {
  if (failure.service) return failure.service->kind;
  return failure.error.retryable() ? FailureKind::kTransient : FailureKind::kPermanent;
}

std::optional<rt::Duration> serverHint(const http::Response& response) {
  const auto milliseconds = base::parseInteger(response.header("x-amz-retry-after"));
  if (!milliseconds || *milliseconds < 0 || *milliseconds > 3'600'000) return std::nullopt;
  return std::chrono::milliseconds(*milliseconds);
}

void replaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// What to do about a failure whose name has no hint of its own.
std::string hintOf(Code code, const Service& service) {
  switch (code) {
    case Code::kAccessDenied:
      return fmt::format("the credentials need the permission {}:{{operation}}", service.permissions);
    case Code::kInvalidSignature:
      return "check the access key and its secret, that region {region} is the endpoint's, and this "
             "machine's "
             "clock";
    case Code::kExpiredToken:
      return "get new temporary credentials";
    case Code::kThrottled:
      return "others share the same limits: fewer calls help, or higher limits";
    case Code::kUnknownOperation:
    case Code::kMalformedResponse:
      return fmt::format("check that the endpoint is {}", service.displayName);
    case Code::kServiceError:
      return fmt::format(
          "the service failed, not the request: try again; if it stays, check that the endpoint is {}",
          service.displayName);
    default:
      return fmt::format("see what {} says of {{operation}} in its API reference", service.displayName);
  }
}

std::string hintOf(const ServiceFailure& failure, const Service& service, const std::string& operation,
                   const Endpoint& endpoint) {
  std::string hint = failure.hint.empty() ? hintOf(failure.code, service) : std::string(failure.hint);
  replaceAll(hint, "{operation}", operation);
  replaceAll(hint, "{region}", endpoint.region);
  return hint;
}

}  // namespace

AwsClient::AwsClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
                     Service service, AwsClientOptions options)
    : loop_(loop),
      transport_(transport),
      random_(random),
      log_(log),
      service_(std::move(service)),
      options_(std::move(options)),
      redacted_({options_.credentials.secretAccessKey, options_.credentials.sessionToken}),
      host_(http::hostOf(options_.endpoint.url)),
      budget_(options_.retry),
      clock_(loop, log) {}

http::Request AwsClient::requestFor(const Operation& operation) const {
  http::Request request;
  request.url = options_.endpoint.url + "/";
  request.headers.reserve(8);
  request.headers.push_back({"Content-Type", operation.contentType});
  request.headers.push_back({"X-Amz-Target", service_.targetPrefix + "." + operation.name});
  request.headers.push_back({"User-Agent", "tidemill"});
  request.body = operation.body;
  return request;
}

void AwsClient::signAs(http::Request& request, rt::WallTime date) {
  sign(request, options_.credentials, {options_.endpoint.region, service_.signingName}, date, keys_);
}

std::string AwsClient::where(const Operation& operation) const {
  return fmt::format("{} {} at {}", service_.displayName, operation.name, host_);
}

std::string AwsClient::where(const Operation& operation, const http::Response& response) const {
  const std::string_view requestId = response.header("x-amzn-requestid");
  if (requestId.empty()) return where(operation);
  const std::string shown = base::quoteIfNeeded(redacted_(requestId.substr(0, kRequestIdMax)));
  return fmt::format("{} (request {})", where(operation), shown);
}

// Transports name the host, and so do we: once is enough. Their text too may quote what was received.
Error AwsClient::transportError(const Operation& operation, const Error& error) const {
  std::string_view text = error.message();
  if (text.starts_with(host_ + ": ")) text.remove_prefix(host_.size() + 2);
  return Error(error.code(), redacted_(text), error.hint()).within(where(operation));
}

CallFailure AwsClient::failureOf(const Operation& operation, const http::Response& response) const {
  ServiceFailure failure = decodeFailure(response, service_.failures, redacted_);
  std::string message = fmt::format("{}: {}", where(operation, response), failure.name);
  if (!failure.message.empty()) message += fmt::format(": {}", failure.message);
  std::string hint = hintOf(failure, service_, operation.name, options_.endpoint);
  // The finished text once more: no part of it may have slipped by.
  return {Error(failure.code, redacted_(message), std::move(hint)), std::move(failure), response.body};
}

Error AwsClient::malformed(const Operation& operation, const http::Response& response,
                           std::string_view problem) const {
  return Error(
      Code::kMalformedResponse, redacted_(fmt::format("{}: {}", where(operation, response), problem)),
      fmt::format("check that the endpoint is {}, and that no proxy answers for it", service_.displayName));
}

rt::Task<CallResult> AwsClient::call(const Operation& operation) {
  const rt::TimePoint deadline = rt::laterBy(loop_.now(), operation.timeout.value_or(options_.callTimeout));
  http::Request request = requestFor(operation);
  RetryState state;
  bool clockSet = false;
  for (;;) {  // Bounded by attemptsMax, and one more attempt for the clock.
    const rt::WallTime signedAt = clock_.now();
    const rt::TimePoint attemptStart = loop_.now();
    signAs(request, signedAt);  // Each attempt anew: signatures live 5 minutes, and clocks are set right.
    const rt::TimePoint attemptEnd = rt::laterBy(attemptStart, options_.attemptTimeout);
    const http::SendOptions sending{operation.retried ? std::min(deadline, attemptEnd) : deadline,
                                    operation.answerBytesMax};
    ++state.attempts;
    Result<http::Response> response = co_await transport_.send(request, sending);
    if (response && !response->header("x-amzn-requestid").empty()) clock_.observe(*response);
    if (response && response->status == 200) {
      refundRetry(options_.retry, state, budget_);
      co_return std::move(*response);
    }
    CallFailure failure{
        response ? Error(Code::kServiceError, {}) : transportError(operation, response.error()), {}, {}};
    RetryQuestion question;
    if (response) {
      failure = failureOf(operation, *response);
      question.serverHint = serverHint(*response);
      const rt::WallTime expected =
          signedAt + std::chrono::floor<std::chrono::milliseconds>(loop_.now() - attemptStart);
      if (!clockSet && clock_.learn(*failure.service, *response, expected, host_)) {
        clockSet = true;
        --state.attempts;
        continue;
      }
    }
    question.kind = operation.retried ? kindOf(failure) : FailureKind::kPermanent;
    question.now = loop_.now();
    question.deadline = deadline;
    const std::optional<rt::Duration> delay = decideRetry(options_.retry, question, state, budget_, random_);
    if (!delay) co_return tl::unexpected<CallFailure>(std::move(failure));
    log_.debug("aws_call_retried", {{"operation", operation.name},
                                    {"host", host_},
                                    {"error", codeName(failure.error.code())},
                                    {"attempt", state.attempts}});
    co_await loop_.sleepFor(*delay);
  }
}

}  // namespace tidemill::aws

#include "s3/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "aws/client_options.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/crc32.h"
#include "codec/digest.h"
#include "http/url.h"
#include "s3/failures.h"
#include "s3/s3_place.h"

namespace tidemill::s3 {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMarkHeader = "x-amz-meta-tidemill-put";
constexpr std::string_view kChecksumHeader = "x-amz-checksum-crc32";
constexpr std::size_t kRequestIdMax = 128;
constexpr std::size_t kListBytesMax = 8u << 20;
// Puts without a known end that are remembered: more are possible only if many calls were cut short.
constexpr std::size_t kUnsettledMax = 256;
constexpr int kPreconditionFailed = 412;

std::string crcText(std::string_view bytes) {
  const std::uint32_t crc = codec::crc32(bytes);
  const std::array<char, 4> big = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                                   static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return codec::encodeBase64({big.data(), big.size()});
}

std::string_view permissionOf(std::string_view operation) {
  return operation == "ListObjectsV2" ? "ListBucket" : operation;
}

// With the bucket in front of the host's name, unless in the path.
std::string baseUrl(const std::string& bucket, const S3ClientOptions& options) {
  const std::string& url = options.aws.endpoint.url;
  if (options.pathStyle) return url + "/" + bucket;
  const auto host = url.find("://") + 3;
  return url.substr(0, host) + bucket + "." + url.substr(host);
}

rt::Duration sizedBy(rt::Duration least, std::size_t bytes) {
  return least + std::chrono::seconds(bytes >> 20);
}

std::string hintOf(const aws::ServiceFailure& failure, std::string_view operation,
                   const std::string& bucket) {
  if (!failure.hint.empty()) return std::string(failure.hint);
  switch (failure.code) {
    case Code::kAccessDenied:
      return fmt::format(
          "the credentials need the permission s3:{} on bucket {}; without s3:ListBucket S3 denies access to "
          "what is missing, too",
          permissionOf(operation), bucket);
    case Code::kInvalidSignature:
      return "check the access key and its secret, the region, and this machine's clock";
    case Code::kExpiredToken:
      return "get new temporary credentials";
    case Code::kServiceError:
      return "the store failed, not the request: try again; if it stays, check that the endpoint is S3";
    default:
      return "check that the endpoint is S3, and what its reference says of this error";
  }
}

}  // namespace

Result<S3ClientOptions> resolveS3Options(const std::string& bucket, const aws::EndpointOptions& where,
                                         const aws::Environment& environment) {
  auto access = aws::resolveClientOptions("s3", where, std::nullopt, environment);
  if (!access) return fail(access.error());
  S3ClientOptions options;
  const std::string own =
      fmt::format("https://{}.{}.{}", "s3", access->endpoint.region, aws::dnsSuffix(access->endpoint.region));
  options.pathStyle = access->endpoint.url != own || bucket.find('.') != std::string::npos;
  options.aws = std::move(*access);
  options.aws.callTimeout = 30s;
  options.aws.attemptTimeout = 8s;
  options.aws.retry.attemptsMax = 8;
  options.aws.retry.transientBase = 100ms;
  options.aws.retry.throttlingBase = 500ms;
  options.aws.retry.delayMax = 5s;
  return options;
}

S3Client::S3Client(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
                   std::string bucket, S3ClientOptions options)
    : loop_(loop),
      transport_(transport),
      random_(random),
      log_(log),
      bucket_(std::move(bucket)),
      options_(std::move(options)),
      redacted_({options_.aws.credentials.secretAccessKey, options_.aws.credentials.sessionToken}),
      base_(baseUrl(bucket_, options_)),
      host_(http::hostOf(base_)),
      budget_(options_.aws.retry),
      clock_(loop, log) {}

std::string S3Client::where(const Call& call) const {
  return fmt::format("S3 {} at {}", call.operation, host_);
}

http::Request S3Client::requestOf(const Call& call) const {
  http::Request request;
  request.method = call.method;
  request.url = base_ + (call.key.empty() ? "" : "/" + encodePath(call.key)) +
                (call.query.empty() ? "" : "?" + call.query);
  request.headers = call.headers;
  request.headers.push_back({"User-Agent", "tidemill"});
  request.body = call.body;
  return request;
}

S3Client::Failure S3Client::failureOf(const Call& call, const Result<http::Response>& answer) const {
  if (!answer) {
    std::string_view text = answer.error().message();
    if (text.starts_with(host_ + ": ")) text.remove_prefix(host_.size() + 2);
    const Error error(answer.error().code(), redacted_(text), answer.error().hint());
    return {error.within(where(call)),
            answer.error().retryable() ? aws::FailureKind::kTransient : aws::FailureKind::kPermanent,
            {}};
  }
  const RefusalWords words = readRefusal(answer->body->view());
  const bool redirected = answer->status >= 300 && answer->status < 400;
  const std::string name = words.code.empty() && redirected ? "PermanentRedirect" : words.code;
  aws::ServiceFailure failure =
      aws::failureNamed(answer->status, name, words.message, s3Failures(), redacted_);
  std::string message = where(call);
  const std::string_view id = answer->header("x-amz-request-id");
  if (!id.empty()) message += fmt::format(" (request {})", base::quoteIfNeeded(id.substr(0, kRequestIdMax)));
  message += ": " + failure.name;
  if (!failure.message.empty()) message += ": " + failure.message;
  std::string region(answer->header("x-amz-bucket-region"));
  if (region.empty()) region = words.region;
  const bool elsewhere = aws::isRegion(region) && region != options_.aws.endpoint.region;
  if (failure.code == Code::kInvalidConfig && elsewhere) {
    message += fmt::format(" (bucket {} is in region {}, and the request went to {})", bucket_, region,
                           options_.aws.endpoint.region);
    return {Error(failure.code, redacted_(message), "set tidemill.s3.region to " + region), failure.kind,
            std::move(failure)};
  }
  std::string hint = hintOf(failure, call.operation, bucket_);
  return {Error(failure.code, redacted_(message), std::move(hint)), failure.kind, std::move(failure)};
}

rt::Task<Result<S3Client::Answer>> S3Client::send(Call call) {
  const std::size_t bytes = call.body.size();
  const rt::TimePoint deadline = rt::laterBy(loop_.now(), sizedBy(options_.aws.callTimeout, bytes));
  http::Request request = requestOf(call);
  aws::RetryState state;
  bool clockSet = false;
  bool mayBeApplied = false;
  for (;;) {  // Bounded by attemptsMax, and one more attempt for the clock.
    const rt::WallTime signedAt = clock_.now();
    const rt::TimePoint attemptStart = loop_.now();
    aws::sign(request, options_.aws.credentials, {options_.aws.endpoint.region, "s3"}, signedAt, keys_);
    const rt::TimePoint attemptEnd = rt::laterBy(attemptStart, sizedBy(options_.aws.attemptTimeout, bytes));
    const http::SendOptions sending{std::min(deadline, attemptEnd), call.answerBytesMax};
    ++state.attempts;
    Result<http::Response> answer = co_await transport_.send(request, sending);
    if (answer && !answer->header("x-amz-request-id").empty()) clock_.observe(*answer);
    if (answer &&
        std::find(call.accepted.begin(), call.accepted.end(), answer->status) != call.accepted.end()) {
      aws::refundRetry(options_.aws.retry, state, budget_);
      Answer done{std::move(*answer), mayBeApplied};
      co_return done;
    }
    Failure failure = failureOf(call, answer);
    mayBeApplied = mayBeApplied || !answer || answer->status >= 500;
    const rt::WallTime expected =
        signedAt + std::chrono::floor<std::chrono::milliseconds>(loop_.now() - attemptStart);
    if (failure.service && !clockSet && clock_.learn(*failure.service, *answer, expected, host_)) {
      clockSet = true;
      --state.attempts;
      continue;
    }
    aws::RetryQuestion question;
    question.kind = failure.kind;
    question.now = loop_.now();
    question.deadline = deadline;
    const auto delay = aws::decideRetry(options_.aws.retry, question, state, budget_, random_);
    if (!delay) co_return fail(std::move(failure.error));
    log_.debug("s3_call_retried", {{"operation", call.operation},
                                   {"host", host_},
                                   {"error", codeName(failure.error.code())},
                                   {"attempt", state.attempts}});
    co_await loop_.sleepFor(*delay);
  }
}

S3Client::Call S3Client::putCall(const std::string& key, std::string bytes, const std::string& mark) const {
  Call call;
  call.operation = "PutObject";
  call.method = "PUT";
  call.key = key;
  // A form's type, which some clients send by habit, makes some stores take the body apart.
  call.headers = {{"Content-Type", "application/octet-stream"},
                  {"If-None-Match", "*"},
                  {std::string(kMarkHeader), mark},
                  {"x-amz-sdk-checksum-algorithm", "CRC32"},
                  {std::string(kChecksumHeader), crcText(bytes)}};
  if (!options_.serverSideEncryption.empty())
    call.headers.push_back({"x-amz-server-side-encryption", options_.serverSideEncryption});
  if (!options_.kmsKeyId.empty())
    call.headers.push_back({"x-amz-server-side-encryption-aws-kms-key-id", options_.kmsKeyId});
  call.body = std::move(bytes);
  call.accepted = {200, kPreconditionFailed};
  return call;
}

rt::Task<Result<PutOutcome>> S3Client::putIfAbsent(std::string key, std::string bytes) {
  const std::string digest = codec::sha256Hex(bytes);
  const std::size_t size = bytes.size();
  const auto earlier = unsettled_.find(key);
  const bool again = earlier != unsettled_.end() && earlier->second.digest == digest;
  const std::string mark = again ? earlier->second.mark : random_.uuid();
  if (!again && unsettled_.size() >= kUnsettledMax) unsettled_.erase(unsettled_.begin());
  // Before it is sent: the call may be cut short.
  unsettled_[key] = {digest, mark};
  Call call = putCall(key, std::move(bytes), mark);
  auto answer = co_await send(std::move(call));
  if (!answer) co_return fail(answer.error());
  bool ours = answer->response.status != kPreconditionFailed;
  if (!ours && (again || answer->mayBeApplied)) {
    auto found = co_await isOurs(key, digest, size, mark);
    if (!found) co_return fail(found.error());
    ours = *found;
  }
  unsettled_.erase(key);
  co_return ours ? PutOutcome::kWritten : PutOutcome::kExists;
}

rt::Task<Result<bool>> S3Client::isOurs(std::string key, std::string digest, std::size_t size,
                                        std::string mark) {
  auto found = co_await fetch(std::move(key), size + 1);
  if (!found) {
    // Longer than what we wrote.
    if (found.error().code() == Code::kResponseTooLarge) co_return false;
    co_return fail(found.error());
  }
  // It was there a moment ago; whose it was cannot be told any more, so it counts as another's.
  if (!*found) co_return false;
  const std::string_view theirs = (*found)->header(kMarkHeader);
  const bool same = codec::sha256Hex((*found)->body->view()) == digest;
  co_return same && (theirs.empty() || theirs == mark);
}

rt::Task<Result<std::optional<http::Response>>> S3Client::fetch(std::string key, std::size_t bytesMax) {
  Call call;
  call.operation = "GetObject";
  call.method = "GET";
  call.key = std::move(key);
  call.headers = {{"x-amz-checksum-mode", "ENABLED"}};
  // A refusal has a body too, and may be longer than a short object.
  call.answerBytesMax = std::max(bytesMax, call.answerBytesMax);
  call.accepted = {200, 404};
  auto answer = co_await send(std::move(call));
  if (!answer) co_return fail(answer.error());
  http::Response& response = answer->response;
  if (response.status == 200 && response.body->size() > bytesMax) {
    co_return fail(Code::kResponseTooLarge,
                   fmt::format("S3 GetObject at {}: the object has more than {} bytes", host_, bytesMax));
  }
  if (response.status == 200) co_return std::optional(std::move(response));
  const RefusalWords words = readRefusal(response.body->view());
  if (words.code == "NoSuchKey") co_return std::optional<http::Response>();
  Call again;
  again.operation = "GetObject";
  co_return fail(failureOf(again, std::move(response)).error);
}

rt::Task<Result<std::optional<std::string>>> S3Client::get(std::string key, std::size_t bytesMax) {
  auto found = co_await fetch(std::move(key), bytesMax);
  if (!found) co_return fail(found.error());
  if (!*found) co_return std::optional<std::string>();
  const std::string_view bytes = (*found)->body->view();
  const std::string_view checksum = (*found)->header(kChecksumHeader);
  // One of several parts is a checksum of checksums.
  const bool whole = (*found)->header("x-amz-checksum-type") != "COMPOSITE";
  if (!checksum.empty() && whole && checksum != crcText(bytes)) {
    co_return fail(Code::kMalformedResponse,
                   fmt::format("S3 GetObject at {}: {} bytes that are not those of the store's checksum {}",
                               host_, bytes.size(), base::quoteIfNeeded(checksum)),
                   "the object is damaged, or was changed on its way");
  }
  co_return std::optional<std::string>(bytes);
}

rt::Task<Result<ListPage>> S3Client::list(std::string prefix, std::optional<std::string> token) {
  Call call;
  call.operation = "ListObjectsV2";
  call.method = "GET";
  call.answerBytesMax = kListBytesMax;
  if (token) call.query = "continuation-token=" + encodeQueryValue(*token) + "&";
  call.query += "delimiter=%2F&list-type=2&prefix=" + encodeQueryValue(prefix);
  auto answer = co_await send(std::move(call));
  if (!answer) co_return fail(answer.error());
  auto page = readListPage(answer->response.body->view());
  if (!page) co_return fail(page.error().within("S3 ListObjectsV2 at " + host_));
  co_return std::move(*page);
}

rt::Task<Result<void>> S3Client::remove(std::string key) {
  Call call;
  call.operation = "DeleteObject";
  call.method = "DELETE";
  call.key = std::move(key);
  call.accepted = {200, 204};
  auto answer = co_await send(std::move(call));
  if (!answer) co_return fail(answer.error());
  co_return Result<void>();
}

}  // namespace tidemill::s3

#include "aws/service_failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include "base/text.h"
#include "codec/cbor_value.h"

namespace tidemill::aws {
namespace {

constexpr std::size_t kMessageMax = 512;
// Of a line so much is looked at: more than a message shows, even if a token stands in front of it.
constexpr std::size_t kReadMax = 16u << 10;
constexpr std::size_t kNameMax = 128;
constexpr std::size_t kErrorBodyMax = 1u << 20;

constexpr FailureKind kPermanent = FailureKind::kPermanent;
constexpr FailureKind kTransient = FailureKind::kTransient;
constexpr FailureKind kThrottling = FailureKind::kThrottling;

// What every service of AWS may answer. What only some know stands in their own tables.
constexpr std::array kCommon = std::to_array<NamedFailure>({
    {"ValidationException", Code::kInvalidArgument, kPermanent},
    {"ValidationError", Code::kInvalidArgument, kPermanent},
    {"SerializationException", Code::kInvalidArgument, kPermanent},
    {"UnknownOperationException", Code::kUnknownOperation, kPermanent},
    {"AccessDeniedException", Code::kAccessDenied, kPermanent},
    {"AccessDenied", Code::kAccessDenied, kPermanent},
    {"NotAuthorized", Code::kAccessDenied, kPermanent},
    {"OptInRequired", Code::kAccessDenied, kPermanent},
    {"InvalidSignatureException", Code::kInvalidSignature, kPermanent},
    {"SignatureDoesNotMatch", Code::kInvalidSignature, kPermanent},
    {"UnrecognizedClientException", Code::kInvalidSignature, kPermanent},
    {"InvalidClientTokenId", Code::kInvalidSignature, kPermanent},
    {"MissingAuthenticationTokenException", Code::kInvalidSignature, kPermanent},
    {"MissingAuthenticationToken", Code::kInvalidSignature, kPermanent},
    {"IncompleteSignatureException", Code::kInvalidSignature, kPermanent},
    {"IncompleteSignature", Code::kInvalidSignature, kPermanent},
    {"AuthFailure", Code::kInvalidSignature, kPermanent},
    {"RequestTimeTooSkewed", Code::kInvalidSignature, kPermanent},
    {"RequestExpired", Code::kInvalidSignature, kPermanent},
    {"RequestInTheFuture", Code::kInvalidSignature, kPermanent},
    {"ExpiredTokenException", Code::kExpiredToken, kPermanent},
    {"ExpiredToken", Code::kExpiredToken, kPermanent},
    {"Throttling", Code::kThrottled, kThrottling},
    {"ThrottlingException", Code::kThrottled, kThrottling},
    {"ThrottledException", Code::kThrottled, kThrottling},
    {"RequestThrottledException", Code::kThrottled, kThrottling},
    {"RequestThrottled", Code::kThrottled, kThrottling},
    {"TooManyRequestsException", Code::kThrottled, kThrottling},
    {"RequestLimitExceeded", Code::kThrottled, kThrottling},
    {"BandwidthLimitExceeded", Code::kThrottled, kThrottling},
    {"SlowDown", Code::kThrottled, kThrottling},
    {"PriorRequestNotComplete", Code::kThrottled, kThrottling},
    {"EC2ThrottledException", Code::kThrottled, kThrottling},
    {"RequestTimeout", Code::kServiceError, kTransient},
    {"RequestTimeoutException", Code::kServiceError, kTransient},
    {"InternalFailure", Code::kServiceError, kTransient},
    {"InternalFailureException", Code::kServiceError, kTransient},
    {"InternalServerError", Code::kServiceError, kTransient},
    {"ServiceUnavailable", Code::kServiceError, kTransient},
    {"ServiceUnavailableException", Code::kServiceError, kTransient},
});

// What the body says, before it is made safe.
struct BodyWords {
  std::string type;
  std::string message;
};

std::string member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::optional<BodyWords> readJson(std::string_view body) {
  boost::json::parse_options options;
  options.max_depth = 16;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  const boost::json::object* object = &value.get_object();
  // The old form: {"Output":{"__type":…},"Version":"1.0"}.
  const boost::json::value* output = object->if_contains("Output");
  if (output != nullptr && output->is_object()) object = &output->get_object();
  BodyWords words{member(*object, "__type"), member(*object, "message")};
  if (words.type.empty()) words.type = member(*object, "code");
  if (words.message.empty()) words.message = member(*object, "Message");
  return words;
}

std::string member(const codec::CborValue& value, std::string_view name) {
  const codec::CborValue* found = value.find(name);
  if (found == nullptr || found->text() == nullptr) return {};
  return *found->text();
}

std::optional<BodyWords> readCbor(std::string_view body) {
  codec::CborLimits limits;
  limits.valuesMax = 1000;
  const Result<codec::CborValue> value = codec::parseCbor(body, limits);
  if (!value || value->map() == nullptr) return std::nullopt;
  BodyWords words{member(*value, "__type"), member(*value, "message")};
  if (words.type.empty()) words.type = member(*value, "code");
  if (words.message.empty()) words.message = member(*value, "Message");
  return words;
}

// By the first byte, not by the content type: proxies and emulators mislabel.
BodyWords readBody(std::string_view body) {
  if (body.size() > kErrorBodyMax) body = body.substr(0, kErrorBodyMax);
  const std::string_view trimmed = base::trim(body);
  if (trimmed.empty()) return {};
  if (trimmed.front() == '{') {
    if (auto words = readJson(trimmed)) return *words;
  } else if ((static_cast<unsigned char>(body.front()) >> 5) == 5) {
    if (auto words = readCbor(body)) return *words;
  }
  return {"", std::string(trimmed)};
}

const NamedFailure* find(std::span<const NamedFailure> table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const NamedFailure& known) { return known.name == name; });
  return found == table.end() ? nullptr : &*found;
}

void classify(ServiceFailure& failure, std::span<const NamedFailure> own) {
  const NamedFailure* known = find(own, failure.name);
  if (known == nullptr) known = find(kCommon, failure.name);
  if (known != nullptr) {
    failure.code = known->code;
    failure.kind = known->kind;
    failure.hint = known->hint;
    return;
  }
  const int status = failure.status;
  if (status == 429) {
    failure.code = Code::kThrottled;
    failure.kind = kThrottling;
  } else if (status == 500 || status == 502 || status == 503 || status == 504) {
    failure.kind = kTransient;
  } else if (status == 401 || status == 403) {
    failure.code = Code::kAccessDenied;
  } else if (status == 400 || status == 413) {
    failure.code = Code::kInvalidArgument;
  } else if (status == 404) {
    failure.code = Code::kUnknownOperation;
  } else if (status < 500) {
    failure.code = Code::kMalformedResponse;  // A redirect, or a status that no AWS service sends.
  }
}

// Where the character begins that `place` is inside of, or `place`.
std::size_t characterBefore(std::string_view text, std::size_t place) {
  while (place > 0 && (static_cast<unsigned char>(text[place]) & 0xc0) == 0x80) --place;
  return place;
}

// A terminal obeys the control characters of ASCII and those of Unicode (U+0080 to U+009F, C2 80 to C2 9F).
void blankControl(std::string& text, std::size_t i) {
  const auto byteAt = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const bool second =
      byteAt(i) == 0xc2 && i + 1 < text.size() && byteAt(i + 1) >= 0x80 && byteAt(i + 1) < 0xa0;
  if (second) text[i] = text[i + 1] = ' ';
  if (byteAt(i) < 0x20 || byteAt(i) == 0x7f) text[i] = ' ';
}

}  // namespace

std::string plainErrorName(std::string_view text) {
  text = text.substr(0, text.find(':'));
  const auto hash = text.find('#');
  if (hash != std::string_view::npos) text.remove_prefix(hash + 1);
  text = base::trim(text);
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  return plain && text.size() <= kNameMax ? std::string(text) : std::string();
}

std::string plainMessage(std::string_view text, const Redaction& redacted) {
  text = base::trim(text);
  text = text.substr(0, text.find('\n'));
  // First the secrets, then the cut: the head of a token would not be found any more.
  std::string plain = redacted(text.substr(0, kReadMax));
  const bool cut = plain.size() > kMessageMax;
  if (cut) plain.resize(characterBefore(plain, kMessageMax));
  for (std::size_t i = 0; i < plain.size(); ++i) blankControl(plain, i);
  plain = base::trim(plain);
  if (cut) plain += "…";
  return plain;
}

ServiceFailure failureNamed(int status, std::string_view name, std::string_view message,
                            std::span<const NamedFailure> own, const Redaction& redacted) {
  ServiceFailure failure;
  failure.status = status;
  failure.name = plainErrorName(name);
  failure.message = plainMessage(message, redacted);
  classify(failure, own);
  failure.name = failure.name.empty() ? fmt::to_string(status) : redacted(failure.name);
  return failure;
}

ServiceFailure decodeFailure(const http::Response& response, std::span<const NamedFailure> own,
                             const Redaction& redacted) {
  const BodyWords words = readBody(response.body->view());
  const std::string_view told = response.header("x-amzn-errortype");
  const std::string_view name = plainErrorName(told).empty() ? std::string_view(words.type) : told;
  return failureNamed(response.status, name, words.message, own, redacted);
}

}  // namespace tidemill::aws

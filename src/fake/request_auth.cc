#include "fake/request_auth.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace tidemill::fake {
namespace {

constexpr std::chrono::minutes kClockSkewMax{5};

// The moment that "20261122T210000Z" names.
std::optional<rt::WallTime> parseAmzDate(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t size) {
    const std::string_view digits = text.substr(from, size);
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::int64_t{-1};
    return base::parseInteger(digits).value_or(-1);
  };
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(0, 4))),
                                         std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(6, 2))));
  const auto hour = number(9, 2);
  const auto minute = number(11, 2);
  const auto second = number(13, 2);
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

Outcome<void> checkAge(std::string_view date, rt::WallTime signedAt, rt::WallTime now) {
  if (signedAt < now - kClockSkewMax) {
    return refuse("InvalidSignatureException",
                  fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)", date,
                              aws::amzDate(now - kClockSkewMax), aws::amzDate(now)));
  }
  if (signedAt > now + kClockSkewMax) {
    return refuse("InvalidSignatureException",
                  fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)", date,
                              aws::amzDate(now + kClockSkewMax), aws::amzDate(now)));
  }
  return {};
}

// The service refuses signatures that leave out what a proxy could change to another meaning.
Outcome<void> checkSignedHeaders(const http::Request& request, const std::vector<std::string>& names) {
  const auto isSigned = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!isSigned("host")) {
    return refuse("InvalidSignatureException",
                  "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const auto& header : request.headers) {
    const bool isAmz = base::equalsIgnoringCase(std::string_view(header.name).substr(0, 6), "x-amz-");
    if (isAmz && !isSigned(base::toLower(header.name))) {
      return refuse("InvalidSignatureException",
                    fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", header.name));
    }
  }
  return {};
}

std::string missingParts(const http::Request& request, std::string_view authorization,
                         const std::vector<std::string>& missing) {
  std::string message;
  for (const auto& part : missing) {
    message += fmt::format("Authorization header requires '{}' parameter. ", part);
  }
  if (headerOf(request, "X-Amz-Date").empty() && headerOf(request, "Date").empty()) {
    message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!message.empty()) message += fmt::format("Authorization={}", authorization);
  return message;
}

}  // namespace

std::string_view headerOf(const http::Request& request, std::string_view name) {
  for (const auto& header : request.headers) {
    if (base::equalsIgnoringCase(header.name, name)) return header.value;
  }
  return {};
}

std::string_view targetOf(const http::Request& request) {
  std::string_view url = request.url;
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url.remove_prefix(std::min(url.find_first_of("/?"), url.size()));
  return url;
}

Outcome<void> RequestAuth::check(const http::Request& request, std::string_view service, rt::WallTime now) {
  const std::string_view header = headerOf(request, "Authorization");
  const bool inQuery = targetOf(request).find("X-Amz-Algorithm=") != std::string_view::npos;
  if (header.empty() && !inQuery) {
    return refuse("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  if (!header.empty() && inQuery) {
    return refuse("InvalidSignatureException",
                  "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  }
  if (inQuery) {
    return refuse("InvalidSignatureException",
                  "Signatures in the query string are not accepted here; send an "
                  "Authorization header.");
  }
  std::vector<std::string> missing;
  const auto parsed = aws::parseAuthorization(header, &missing);
  const std::string incomplete = missingParts(request, header, missing);
  if (!incomplete.empty()) return refuse("IncompleteSignatureException", incomplete);
  if (!parsed) {
    return refuse(
        "IncompleteSignatureException",
        fmt::format("Credential must have exactly 5 slash-delimited elements. Authorization={}", header));
  }
  if (!options_.verifySignatures) return {};
  return checkSignature(request, *parsed, service, now);
}

Outcome<void> RequestAuth::checkSignature(const http::Request& request,
                                          const aws::Authorization& authorization, std::string_view service,
                                          rt::WallTime now) {
  if (authorization.accessKeyId != options_.accessKey) {
    return refuse("UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  if (authorization.scope.region != options_.region) {
    return refuse(
        "InvalidSignatureException",
        fmt::format("Credential should be scoped to a valid region, not '{}'.", authorization.scope.region));
  }
  if (authorization.scope.service != service) {
    return refuse("InvalidSignatureException",
                  fmt::format("Credential should be scoped to correct service: '{}'.", service));
  }
  const std::string_view date = headerOf(request, "X-Amz-Date");
  const auto signedAt = parseAmzDate(date);
  if (!signedAt || date.substr(0, 8) != authorization.day) {
    return refuse(
        "InvalidSignatureException",
        fmt::format(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'{}' != '{}', from '{}'.",
            authorization.day, date.substr(0, 8), date));
  }
  if (auto fresh = checkAge(date, *signedAt, now); !fresh) return fresh;
  if (auto complete = checkSignedHeaders(request, authorization.signedHeaders); !complete) return complete;
  const aws::WireRequest wire{request.method, targetOf(request), request.headers, request.body,
                              service == "s3"};
  const std::string expected =
      aws::expectedSignature(wire, authorization.signedHeaders, date, authorization.scope, secret_, keys_);
  if (expected == authorization.signature) return {};
  return refuse(
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access Key and signing method. Consult the service documentation for details.");
}

}  // namespace tidemill::fake

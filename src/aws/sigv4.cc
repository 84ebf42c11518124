#include "aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/text.h"

namespace tidemill::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
// Proxies change these on the way, or they belong to one connection.
constexpr auto kUnsigned = std::to_array<std::string_view>(
    {"authorization", "baggage", "connection", "expect", "keep-alive", "proxy-authenticate",
     "proxy-authorization", "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade",
     "user-agent", "x-amzn-trace-id"});
constexpr std::array<std::string_view, 5> kAddedBySigning = {"host", "x-amz-date", "x-amz-security-token",
                                                             "x-amz-content-sha256", "authorization"};
constexpr std::string_view kS3 = "s3";
constexpr std::string_view kContentHash = "X-Amz-Content-Sha256";

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string_view bytesOf(const codec::Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

struct UrlParts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view target;
};

UrlParts splitUrl(std::string_view url) {
  UrlParts parts;
  const auto schemeEnd = url.find("://");
  parts.scheme = url.substr(0, schemeEnd);
  url.remove_prefix(schemeEnd == std::string_view::npos ? url.size() : schemeEnd + 3);
  const auto authorityEnd = std::min(url.find_first_of("/?#"), url.size());
  parts.authority = url.substr(0, authorityEnd);
  url.remove_prefix(authorityEnd);
  parts.target = url.substr(0, url.find('#'));
  return parts;
}

// As HTTP clients send it: without the scheme's own port.
std::string hostHeader(const UrlParts& url) {
  const std::string_view port = url.scheme == "https" ? ":443" : ":80";
  std::string_view host = url.authority;
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return base::toLower(host);
}

// Empty and "." segments vanish, ".." takes its parent along; a closing slash stays.
std::string normalizePath(std::string_view path) {
  if (path.empty() || path == "/") return "/";
  std::vector<std::string_view> kept;
  for (std::string_view segment : base::split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string normal;
  for (std::string_view segment : kept) normal.append("/").append(segment);
  if (normal.empty() || path.ends_with('/')) normal += '/';
  return normal;
}

bool isUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Encodes what is on the wire once more, '%' included: all services but S3 sign the path that way.
std::string canonicalPath(std::string_view path) {
  std::string encoded;
  for (char c : normalizePath(path)) {
    if (isUnreserved(c) || c == '/') {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// The pairs as they are on the wire, sorted by name, then by value.
std::string canonicalQuery(std::string_view query) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (std::string_view pair : base::split(query, '&')) {
    const auto equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    pairs.emplace_back(pair.substr(0, equals), value);
  }
  std::sort(pairs.begin(), pairs.end());
  std::string canonical;
  for (const auto& [name, value] : pairs) {
    if (!canonical.empty()) canonical += '&';
    canonical.append(name).append("=").append(value);
  }
  return canonical;
}

bool isBlank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Without blanks at both ends, and runs of blanks inside as one space.
void appendCollapsed(std::string& out, std::string_view value) {
  bool pendingBlank = false;
  bool started = false;
  for (char c : value) {
    if (isBlank(c)) {
      pendingBlank = started;
      continue;
    }
    if (pendingBlank) out += ' ';
    pendingBlank = false;
    started = true;
    out += c;
  }
}

// One header line; several headers of one name are joined with commas, in their order.
void appendHeader(std::string& out, std::string_view name, const std::vector<http::Header>& headers) {
  out.append(name).append(":");
  bool first = true;
  for (const http::Header& header : headers) {
    if (!base::equalsIgnoringCase(header.name, name)) continue;
    if (!first) out += ',';
    first = false;
    appendCollapsed(out, header.value);
  }
  out += '\n';
}

std::string join(const std::vector<std::string>& parts, char separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

std::vector<std::string> headersToSign(const http::Request& request) {
  std::vector<std::string> names;
  for (const http::Header& header : request.headers) {
    std::string name = base::toLower(header.name);
    if (!contains(kUnsigned, name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string payloadHash(const WireRequest& request) {
  if (request.s3Rules) {
    for (const http::Header& header : request.headers) {
      if (base::equalsIgnoringCase(header.name, kContentHash)) return header.value;
    }
  }
  return codec::sha256Hex(request.body);
}

std::string scopeText(std::string_view day, const SigningScope& scope) {
  std::string text;
  text.reserve(64);
  text.append(day).append("/").append(scope.region).append("/").append(scope.service);
  return text.append("/").append(kTerminator);
}

}  // namespace

std::string amzDate(rt::WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

const codec::Sha256& SigningKeys::keyFor(const Secret& secret, std::string_view day,
                                         const SigningScope& scope) {
  if (key_ && day_ == day && scope_ == scope && secret_ == secret) return *key_;
  std::string start("AWS4");
  start.append(secret.reveal());
  codec::Sha256 key = codec::hmacSha256(start, day);
  std::fill(start.begin(), start.end(), '\0');
  key = codec::hmacSha256(bytesOf(key), scope.region);
  key = codec::hmacSha256(bytesOf(key), scope.service);
  key = codec::hmacSha256(bytesOf(key), kTerminator);
  secret_ = secret;
  day_ = day;
  scope_ = scope;
  key_ = key;
  return *key_;
}

std::string canonicalRequest(const WireRequest& request, const std::vector<std::string>& signedHeaders) {
  const auto queryStart = request.target.find('?');
  const std::string_view query =
      queryStart == std::string_view::npos ? std::string_view{} : request.target.substr(queryStart + 1);
  std::string canonical;
  canonical.reserve(512);  // Of the usual requests, whose body enters as a digest only.
  canonical.append(request.method);
  const std::string_view path = request.target.substr(0, queryStart);
  canonical.append("\n").append(request.s3Rules ? std::string(path.empty() ? "/" : path)
                                                : canonicalPath(path));
  canonical.append("\n").append(canonicalQuery(query)).append("\n");
  for (const std::string& name : signedHeaders) appendHeader(canonical, name, request.headers);
  canonical.append("\n").append(join(signedHeaders, ';')).append("\n").append(payloadHash(request));
  return canonical;
}

std::string stringToSign(std::string_view date, const SigningScope& scope, std::string_view canonical) {
  std::string text;
  text.reserve(160);
  text.append(kAlgorithm).append("\n").append(date).append("\n");
  text.append(scopeText(date.substr(0, 8), scope)).append("\n").append(codec::sha256Hex(canonical));
  return text;
}

std::string expectedSignature(const WireRequest& request, const std::vector<std::string>& signedHeaders,
                              std::string_view date, const SigningScope& scope, const Secret& secret,
                              SigningKeys& keys) {
  const std::string text = stringToSign(date, scope, canonicalRequest(request, signedHeaders));
  const codec::Sha256& key = keys.keyFor(secret, date.substr(0, 8), scope);
  const codec::Sha256 signature = codec::hmacSha256(bytesOf(key), text);
  return base::toHex(bytesOf(signature));
}

void sign(http::Request& request, const AwsCredentials& credentials, const SigningScope& scope,
          rt::WallTime now, SigningKeys& keys) {
  const UrlParts url = splitUrl(request.url);
  const std::string date = amzDate(now);
  std::erase_if(request.headers, [](const http::Header& header) {
    return contains(kAddedBySigning, base::toLower(header.name));
  });
  request.headers.push_back({"Host", hostHeader(url)});
  request.headers.push_back({"X-Amz-Date", date});
  if (!credentials.sessionToken.empty()) {
    request.headers.push_back({"X-Amz-Security-Token", std::string(credentials.sessionToken.reveal())});
  }
  const bool s3 = scope.service == kS3;
  if (s3) request.headers.push_back({std::string(kContentHash), codec::sha256Hex(request.body)});
  const std::vector<std::string> names = headersToSign(request);
  const WireRequest wire{request.method, url.target, request.headers, request.body, s3};
  const std::string signature =
      expectedSignature(wire, names, date, scope, credentials.secretAccessKey, keys);
  request.headers.push_back(
      {"Authorization",
       fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, credentials.accessKeyId,
                   scopeText(std::string_view(date).substr(0, 8), scope), join(names, ';'), signature)});
}

std::optional<Authorization> parseAuthorization(std::string_view header, std::vector<std::string>* missing) {
  if (!header.starts_with(kAlgorithm)) return std::nullopt;
  header.remove_prefix(kAlgorithm.size());
  std::string_view credential;
  std::string_view signedHeaders;
  std::string_view signature;
  for (std::string_view part : base::split(header, ',')) {
    part = base::trim(part);
    const auto equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") signedHeaders = value;
    if (name == "Signature") signature = value;
  }
  if (missing != nullptr) {
    if (credential.empty()) missing->push_back("Credential");
    if (signature.empty()) missing->push_back("Signature");
    if (signedHeaders.empty()) missing->push_back("SignedHeaders");
  }
  const std::vector<std::string_view> scope = base::split(credential, '/');
  if (scope.size() < 5 || scope.back() != kTerminator || signedHeaders.empty() || signature.empty()) {
    return std::nullopt;
  }
  // An access key may hold slashes (users of emulators pick any text): the scope is the last four parts.
  const std::size_t last = scope.size() - 1;
  Authorization parsed;
  parsed.scope = {std::string(scope[last - 2]), std::string(scope[last - 1])};
  parsed.day = scope[last - 3];
  const auto scopeStart = static_cast<std::size_t>(scope[last - 3].data() - credential.data());
  parsed.accessKeyId = credential.substr(0, scopeStart - 1);
  for (std::string_view name : base::split(signedHeaders, ';'))
    parsed.signedHeaders.push_back(base::toLower(name));
  parsed.signature = signature;
  return parsed;
}

}  // namespace tidemill::aws

#include "fake/fake_s3.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "aws/sigv4.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/crc32.h"
#include "codec/digest.h"
#include "fake/http_date.h"

namespace tidemill::fake {

// What a request's target names.
struct FakeS3::Parts {
  std::string bucket;
  std::string key;
  std::map<std::string, std::string> query;

  std::string queried(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  }
};

namespace {

constexpr std::string_view kXml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr std::string_view kMetadata = "x-amz-meta-";
constexpr std::size_t kPageMax = 1000;
constexpr std::size_t kKeyMax = 1024;

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decodePercent(std::string_view text, bool plusIsSpace) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hexDigit(text[i + 2]);
    if (low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      plain += plusIsSpace && text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::string escapeXml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      escaped += fmt::format("&#x{:x};", static_cast<unsigned>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string element(std::string_view name, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>", name, escapeXml(text));
}

std::string timeText(std::chrono::sys_seconds at) {
  const std::time_t seconds = at.time_since_epoch().count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", fmt::gmtime(seconds));
}

std::string crcText(std::string_view bytes) {
  const std::uint32_t crc = codec::crc32(bytes);
  const std::array<char, 4> big = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                                   static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return codec::encodeBase64({big.data(), big.size()});
}

std::string md5Hex(std::string_view bytes) {
  const codec::Md5 digest = codec::md5(bytes);
  return base::toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

FakeS3::FakeS3(const FakeAwsOptions& account, base::Random random, FakeS3Options options)
    : account_(account), options_(options), random_(random), auth_(account) {}

bool FakeS3::isFor(const http::Request& request) {
  if (request.method == "POST") return false;
  const std::string_view target = targetOf(request);
  const bool signedForIt =
      headerOf(request, "Authorization").find("/s3/aws4_request") != std::string_view::npos;
  return signedForIt || (target != "/" && !target.empty());
}

FakeS3::Parts FakeS3::partsOf(std::string_view target) {
  Parts parts;
  const auto mark = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, mark);
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto slash = std::min(path.find('/'), path.size());
  parts.bucket = decodePercent(path.substr(0, slash), false);
  parts.key = decodePercent(path.substr(std::min(slash + 1, path.size())), false);
  if (mark == target.size()) return parts;
  for (std::string_view pair : base::split(target.substr(mark + 1), '&')) {
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    parts.query[decodePercent(pair.substr(0, equals), true)] = decodePercent(value, true);
  }
  return parts;
}

std::string_view FakeS3::operationOf(const http::Request& request) {
  const Parts parts = partsOf(targetOf(request));
  if (parts.bucket.empty()) return "ListBuckets";
  if (parts.key.empty()) {
    if (request.method == "GET") return "ListObjectsV2";
    if (request.method == "PUT") return "CreateBucket";
    return request.method == "HEAD" ? "HeadBucket" : "DeleteBucket";
  }
  if (request.method == "PUT") return "PutObject";
  if (request.method == "GET") return "GetObject";
  return request.method == "HEAD" ? "HeadObject" : "DeleteObject";
}

const std::string* FakeS3::find(const std::string& bucket, const std::string& key) const {
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return nullptr;
  const auto object = found->second.find(key);
  return object == found->second.end() ? nullptr : &object->second.bytes;
}

std::vector<std::string> FakeS3::keys(const std::string& bucket) const {
  std::vector<std::string> names;
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return names;
  for (const auto& [key, object] : found->second) names.push_back(key);
  return names;
}

void FakeS3::overwrite(const std::string& bucket, const std::string& key, std::string bytes) {
  buckets_[bucket][key].bytes = std::move(bytes);
}

http::Response FakeS3::respond(int status, std::string body) {
  http::Response response;
  response.status = status;
  const std::string id = fmt::format("{:016X}", random_.next());
  response.headers = {{"x-amz-request-id", id}, {"x-amz-id-2", codec::encodeBase64(id + id)}};
  if (!body.empty()) response.headers.push_back({"Content-Type", "application/xml"});
  response.body = codec::Body::copyOf(body);
  return response;
}

http::Response FakeS3::refuse(const Refusal& refusal, const Parts& parts) {
  std::string body(kXml);
  body += "<Error>" + element("Code", refusal.code) + element("Message", refusal.message) + refusal.more;
  if (!parts.key.empty()) body += element("Key", parts.key);
  if (!parts.bucket.empty()) body += element("BucketName", parts.bucket);
  http::Response response = respond(refusal.status);
  body += element("RequestId", response.header("x-amz-request-id"));
  body += element("HostId", response.header("x-amz-id-2")) + "</Error>";
  response.headers.push_back({"Content-Type", "application/xml"});
  response.body = codec::Body::copyOf(body);
  return response;
}

// The same checks as everywhere, told in S3's words.
FakeS3::Refusal FakeS3::authRefusal(const ServiceError& error) const {
  const auto about = [&](std::string_view words) { return error.message.find(words) != std::string::npos; };
  if (error.type == "MissingAuthenticationTokenException") return {403, "AccessDenied", "Access Denied"};
  if (error.type == "UnrecognizedClientException") {
    return {403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."};
  }
  if (about("valid region")) {
    return {400, "AuthorizationHeaderMalformed",
            fmt::format("The authorization header is malformed; the region is wrong; expecting '{}'",
                        account_.region),
            element("Region", account_.region)};
  }
  if (about("Signature expired") || about("not yet current")) {
    return {403, "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large."};
  }
  if (error.type == "IncompleteSignatureException" || about("Credential should be")) {
    return {400, "AuthorizationHeaderMalformed", "The authorization header is malformed"};
  }
  return {403, "SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check your key and "
          "signing method."};
}

http::Response FakeS3::handle(const http::Request& request, rt::WallTime now, Fault fault) {
  const Parts parts = partsOf(targetOf(request));
  http::Response response = answer(request, parts, now, fault);
  response.headers.push_back({"Date", httpDate(std::chrono::floor<std::chrono::seconds>(now))});
  response.headers.push_back({"Content-Length", std::to_string(response.body->size())});
  if (request.method == "HEAD") response.body = codec::Body::copyOf("");
  return response;
}

http::Response FakeS3::answer(const http::Request& request, const Parts& parts, rt::WallTime now,
                              Fault fault) {
  if (auto allowed = auth_.check(request, "s3", now); !allowed) {
    return refuse(authRefusal(allowed.error()), parts);
  }
  const std::string_view hash = headerOf(request, "X-Amz-Content-Sha256");
  if (hash.empty()) {
    return refuse({400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"},
                  parts);
  }
  if (hash.starts_with("STREAMING-")) {
    return refuse({501, "NotImplemented", "Bodies in signed chunks are not implemented"}, parts);
  }
  if (hash != "UNSIGNED-PAYLOAD" && hash != codec::sha256Hex(request.body)) {
    return refuse({400, "XAmzContentSHA256Mismatch",
                   "The provided 'x-amz-content-sha256' header does not match what was computed."},
                  parts);
  }
  if (fault == Fault::kThrottled) {
    const bool conditional = !headerOf(request, "If-None-Match").empty();
    if (conditional && random_.chance(1, 2)) {
      return refuse(
          {409, "ConditionalRequestConflict",
           "The conditional request cannot succeed due to a conflicting operation against this resource."},
          parts);
    }
    return refuse({503, "SlowDown", "Please reduce your request rate."}, parts);
  }
  if (fault == Fault::kInternalFailure) {
    return refuse({500, "InternalError", "We encountered an internal error. Please try again."}, parts);
  }
  if (parts.bucket.empty()) return refuse({501, "NotImplemented", "A bucket is needed here"}, parts);
  const bool makes = parts.key.empty() && request.method == "PUT";
  if (!makes && !buckets_.contains(parts.bucket)) {
    return refuse({404, "NoSuchBucket", "The specified bucket does not exist"}, parts);
  }
  if (parts.key.empty()) return answerBucket(request, parts);
  if (parts.key.size() > kKeyMax) return refuse({400, "KeyTooLongError", "Your key is too long"}, parts);
  if (request.method == "PUT") return put(request, parts, now, fault);
  if (request.method == "GET" || request.method == "HEAD") return read(request, parts);
  if (request.method == "DELETE") {
    buckets_[parts.bucket].erase(parts.key);
    return respond(204);
  }
  return refuse({405, "MethodNotAllowed", "The specified method is not allowed against this resource."},
                parts);
}

http::Response FakeS3::answerBucket(const http::Request& request, const Parts& parts) {
  if (request.method == "PUT") {
    const auto [bucket, made] = buckets_.try_emplace(parts.bucket);
    if (!made && account_.region != "us-east-1") {
      return refuse({409, "BucketAlreadyOwnedByYou",
                     "Your previous request to create the named bucket succeeded and you already own it."},
                    parts);
    }
    http::Response response = respond(200);
    response.headers.push_back({"Location", "/" + bucket->first});
    return response;
  }
  if (request.method == "HEAD") return respond(200);
  if (request.method == "DELETE") {
    if (!buckets_[parts.bucket].empty()) {
      return refuse({409, "BucketNotEmpty", "The bucket you tried to delete is not empty"}, parts);
    }
    buckets_.erase(parts.bucket);
    return respond(204);
  }
  if (request.method == "GET" && parts.queried("list-type") == "2") return list(parts);
  return refuse({501, "NotImplemented", "Only ListObjectsV2 is implemented"}, parts);
}

http::Response FakeS3::put(const http::Request& request, const Parts& parts, rt::WallTime now, Fault) {
  const std::string_view condition = headerOf(request, "If-None-Match");
  if ((!condition.empty() && condition != "*") || !headerOf(request, "If-Match").empty()) {
    return refuse(
        {501, "NotImplemented", "A header you provided implies functionality that is not implemented"},
        parts);
  }
  const std::string_view checksum = headerOf(request, "x-amz-checksum-crc32");
  if (!checksum.empty() && checksum != crcText(request.body)) {
    return refuse({400, "BadDigest", "The CRC32 you specified did not match the calculated checksum."},
                  parts);
  }
  Bucket& bucket = buckets_[parts.bucket];
  if (condition == "*" && options_.conditions && bucket.contains(parts.key)) {
    return refuse({412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                   element("Condition", "If-None-Match")},
                  parts);
  }
  Object object;
  object.bytes = request.body;
  object.etag = "\"" + md5Hex(request.body) + "\"";
  object.modified = std::chrono::floor<std::chrono::seconds>(now);
  for (const http::Header& header : request.headers) {
    const std::string name = base::toLower(header.name);
    if (name.starts_with(kMetadata)) object.headers.push_back({name, header.value});
  }
  const std::string_view type = headerOf(request, "Content-Type");
  object.headers.push_back({"Content-Type", type.empty() ? "binary/octet-stream" : std::string(type)});
  http::Response response = respond(200);
  response.headers.push_back({"ETag", object.etag});
  response.headers.push_back({"x-amz-checksum-crc32", crcText(request.body)});
  bucket[parts.key] = std::move(object);
  return response;
}

http::Response FakeS3::read(const http::Request& request, const Parts& parts) {
  const Bucket& bucket = buckets_[parts.bucket];
  const auto found = bucket.find(parts.key);
  if (found == bucket.end()) return refuse({404, "NoSuchKey", "The specified key does not exist."}, parts);
  const Object& object = found->second;
  http::Response response = respond(200);
  response.headers.insert(response.headers.end(), object.headers.begin(), object.headers.end());
  response.headers.push_back({"ETag", object.etag});
  response.headers.push_back({"Last-Modified", httpDate(object.modified)});
  if (headerOf(request, "x-amz-checksum-mode") == "ENABLED") {
    response.headers.push_back({"x-amz-checksum-crc32", crcText(object.bytes)});
    response.headers.push_back({"x-amz-checksum-type", "FULL_OBJECT"});
  }
  response.body = codec::Body::copyOf(object.bytes);
  return response;
}

http::Response FakeS3::list(const Parts& parts) {
  const std::string prefix = parts.queried("prefix");
  const std::string delimiter = parts.queried("delimiter");
  const std::string token = parts.queried("continuation-token");
  const auto asked = base::parseInteger(parts.queried("max-keys"));
  const std::size_t most =
      asked && *asked >= 0 ? std::min(static_cast<std::size_t>(*asked), options_.pageMax) : options_.pageMax;
  const Bucket& bucket = buckets_[parts.bucket];
  std::string contents;
  std::string last;
  std::size_t count = 0;
  bool truncated = false;
  auto at = token.empty() ? bucket.lower_bound(prefix) : bucket.upper_bound(token);
  while (at != bucket.end() && at->first.starts_with(prefix)) {
    const auto end = delimiter.empty() ? std::string::npos : at->first.find(delimiter, prefix.size());
    const bool common = end != std::string::npos;
    const std::string name = common ? at->first.substr(0, end + delimiter.size()) : at->first;
    // A token names the last entry of its page, or the last key below a common prefix.
    const bool before = common && token.starts_with(name);
    if (!before && count == std::min(most, kPageMax)) {
      truncated = true;
      break;
    }
    if (!before) {
      ++count;
      contents += common ? "<CommonPrefixes>" + element("Prefix", name) + "</CommonPrefixes>"
                         : "<Contents>" + element("Key", name) +
                               element("LastModified", timeText(at->second.modified)) +
                               element("ETag", at->second.etag) +
                               element("Size", std::to_string(at->second.bytes.size())) +
                               element("StorageClass", "STANDARD") + "</Contents>";
    }
    for (; at != bucket.end() && at->first.starts_with(name); ++at) {
      last = at->first;
      if (!common) {
        ++at;
        break;
      }
    }
  }
  std::string body(kXml);
  body += fmt::format("<ListBucketResult xmlns=\"{}\">", kNamespace);
  body += element("Name", parts.bucket) + element("Prefix", prefix) +
          element("KeyCount", std::to_string(count)) + element("MaxKeys", std::to_string(most));
  if (!delimiter.empty()) body += element("Delimiter", delimiter);
  body += element("IsTruncated", truncated ? "true" : "false");
  if (truncated) body += element("NextContinuationToken", last);
  return respond(200, body + contents + "</ListBucketResult>");
}

}  // namespace tidemill::fake

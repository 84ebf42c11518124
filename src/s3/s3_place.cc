#include "s3/s3_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "codec/utf8.h"

namespace tidemill::s3 {
namespace {

constexpr std::array<std::string_view, 3> kSchemes = {"s3://", "s3a://", "s3n://"};
// A key has 1024 bytes at most; the rest is for the names below the prefix.
constexpr std::size_t kPrefixMax = 800;

bool isPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string encode(std::string_view text, bool slashes) {
  std::string encoded;
  for (const char c : text) {
    if (isPlain(c) || (c == '/' && !slashes)) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// The rules of general purpose buckets, and the old ones' capitals and underscores.
bool isBucketName(std::string_view name) {
  if (name.size() < 3 || name.size() > 255 || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return isPlain(c) && c != '~'; });
}

bool isPrefix(std::string_view path) {
  if (path.size() > kPrefixMax || !codec::isUtf8(path)) return false;
  const auto parts = base::split(path, '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
    const bool control = std::any_of(
        part.begin(), part.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return part.empty() || part == "." || part == ".." || control;
  });
}

}  // namespace

Result<S3Place> parseS3Url(std::string_view url) {
  const auto refuse = [&](std::string_view problem) {
    return fail(Code::kInvalidConfig, fmt::format("{} {}", base::quoteIfNeeded(url), problem),
                "give a url like s3://bucket/path");
  };
  std::string_view rest;
  for (const std::string_view scheme : kSchemes) {
    if (url.starts_with(scheme)) rest = url.substr(scheme.size());
  }
  if (rest.empty()) return refuse("names no bucket of S3");
  const auto slash = std::min(rest.find('/'), rest.size());
  S3Place place{std::string(rest.substr(0, slash)), {}};
  if (!isBucketName(place.bucket)) return refuse("has no name of a bucket before its path");
  std::string_view path = rest.substr(slash);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return place;
  if (!isPrefix(path)) return refuse("has a path that cannot be a prefix of keys");
  place.prefix = std::string(path) + "/";
  return place;
}

std::string encodePath(std::string_view key) {
  return encode(key, false);
}

std::string encodeQueryValue(std::string_view value) {
  return encode(value, true);
}

}  // namespace tidemill::s3

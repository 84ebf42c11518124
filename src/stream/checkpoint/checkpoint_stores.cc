#include "stream/checkpoint/checkpoint_stores.h"

#include <string_view>

#include "stream/checkpoint/file_checkpoint_store.h"

namespace tidemill::stream {
namespace {

constexpr char kHint[] = "name it as a path, or as file:/path";

// Empty: `url` has no scheme. A single letter would be no scheme either.
std::string schemeOf(std::string_view url) {
  const auto colon = url.find(':');
  const auto slash = url.find('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && slash < colon)) return {};
  return std::string(url.substr(0, colon));
}

// Of file:/path, file:///path and file://localhost/path.
std::string pathOf(std::string_view url) {
  std::string_view rest = url.substr(url.find(':') + 1);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    if (rest.starts_with("localhost/")) rest.remove_prefix(rest.find('/'));
    // file://name/… would be another host.
    if (!rest.starts_with('/')) return {};
  }
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  return std::string(rest);
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> makeCheckpointStore(const rt::Env& env, const std::string& url) {
  const std::string scheme = schemeOf(url);
  if (!scheme.empty() && scheme != "file") {
    return fail(Code::kInvalidConfig, "checkpoint directory " + url + ": unknown scheme " + scheme, kHint);
  }
  const std::string path = scheme.empty() ? url : pathOf(url);
  if (path.empty()) return fail(Code::kInvalidConfig, "checkpoint directory " + url + " has no path", kHint);
  return std::make_unique<FileCheckpointStore>(env, url, path);
}

}  // namespace tidemill::stream

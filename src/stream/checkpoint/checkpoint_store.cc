#include "stream/checkpoint/checkpoint_store.h"

#include <algorithm>

namespace tidemill::stream {
namespace {

constexpr std::size_t kPartBytesMax = 200;

bool isPart(std::string_view part) {
  if (part.empty() || part.size() > kPartBytesMax || part.front() == '.') return false;
  return std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.%").find(c) != std::string_view::npos;
  });
}

}  // namespace

bool isCheckpointName(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return isPart(name);
  return isPart(name.substr(0, slash)) && isPart(name.substr(slash + 1));
}

}  // namespace tidemill::stream

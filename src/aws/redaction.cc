#include "aws/redaction.h"

#include <algorithm>
#include <cstddef>

namespace tidemill::aws {
namespace {

constexpr std::size_t kSecretMin = 8;
constexpr std::size_t kStretchMin = 12;
constexpr std::string_view kMark = "[secret]";

// Marks the characters of `text` that belong to a stretch of `secret`.
void mark(std::string_view text, std::string_view secret, std::vector<bool>& marked) {
  if (secret.size() < kSecretMin) return;
  const std::size_t stretch = std::min(secret.size(), kStretchMin);
  if (text.size() < stretch) return;
  // All stretches of the secret, to look each of the text's up in.
  std::vector<std::string_view> stretches;
  stretches.reserve(secret.size() - stretch + 1);
  for (std::size_t i = 0; i + stretch <= secret.size(); ++i) stretches.push_back(secret.substr(i, stretch));
  std::sort(stretches.begin(), stretches.end());
  for (std::size_t i = 0; i + stretch <= text.size(); ++i) {
    if (!std::binary_search(stretches.begin(), stretches.end(), text.substr(i, stretch))) continue;
    for (std::size_t j = i; j < i + stretch; ++j) marked[j] = true;
  }
}

}  // namespace

std::string Redaction::operator()(std::string_view text) const {
  std::vector<bool> marked(text.size(), false);
  for (const Secret& secret : secrets_) mark(text, secret.reveal(), marked);
  std::string redacted;
  redacted.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!marked[i]) {
      redacted += text[i];
    } else if (i == 0 || !marked[i - 1]) {
      redacted += kMark;
    }
  }
  return redacted;
}

}  // namespace tidemill::aws

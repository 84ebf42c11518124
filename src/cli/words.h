// cli/words.h: splits text into words: runs of the letters A-Z and a-z, as `tr -cs A-Za-z` does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemill::cli {

inline std::vector<std::string> wordsOf(std::string_view text) {
  const auto isLetter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && isLetter(text[end])) ++end;
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace tidemill::cli

#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace tidemill::base {
namespace {

constexpr std::size_t kQuotedMax = 512;
constexpr char kHexDigits[] = "0123456789abcdef";

bool isPlain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

char lowerOf(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void appendEscaped(std::string& to, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7f) {
    to += c;
  } else if (c == '\n') {
    to += "\\n";
  } else if (c == '\r') {
    to += "\\r";
  } else if (c == '\t') {
    to += "\\t";
  } else {
    to += "\\x" + toHex({&c, 1});
  }
}

std::string quoteIfNeeded(std::string_view text) {
  if (!text.empty() && text.size() <= kQuotedMax && std::all_of(text.begin(), text.end(), isPlain)) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (char c : text.substr(0, kQuotedMax)) {
    if (c == '"' || c == '\\') quoted += '\\';
    appendEscaped(quoted, c);
  }
  if (text.size() > kQuotedMax) quoted += "…";
  quoted += '"';
  return quoted;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string toLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lowerOf(c);
  return lower;
}

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lowerOf(x) == lowerOf(y); });
}

std::optional<std::int64_t> parseInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string toHex(std::string_view bytes) {
  std::string hex(bytes.size() * 2, '0');
  auto digit = hex.begin();
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    *digit++ = kHexDigits[byte >> 4];
    *digit++ = kHexDigits[byte & 15];
  }
  return hex;
}

std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace tidemill::base

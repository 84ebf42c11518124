#include "stream/checkpoint/ledger_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tidemill::stream {
namespace {

constexpr std::size_t kNumberDigits = 20;

bool isDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Only what is written the same way again: no needless zeros.
template <class Number>
std::optional<Number> parseNumber(std::string_view text) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || fmt::format("{}", number) != text) return std::nullopt;
  return number;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (plain) {
      result.push_back(c);
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.push_back(text[i]);
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto parsed = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + i + 3) return std::nullopt;
    result.push_back(static_cast<char>(value));
    i += 2;
  }
  if (escaped(result) != text) return std::nullopt;
  return result;
}

}  // namespace

std::string numberName(std::uint64_t number) {
  return fmt::format("{:020}", number);
}

std::optional<std::uint64_t> parseNumberName(std::string_view name) {
  if (name.size() != kNumberDigits || !isDigits(name)) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::string stateName(const StateName& name) {
  return fmt::format("{}/{}.{}-{}.{}", kStateFolder, escaped(name.uid), name.batchMillis, name.epoch,
                     name.partition);
}

std::optional<StateName> parseStateName(std::string_view name) {
  const auto last = name.rfind('.');
  const auto first = name.find('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const std::string_view middle = name.substr(first + 1, last - first - 1);
  const auto dash = middle.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto uid = unescaped(name.substr(0, first));
  const auto millis = parseNumber<std::int64_t>(middle.substr(0, dash));
  const auto epoch = parseNumber<std::uint64_t>(middle.substr(dash + 1));
  const auto partition = parseNumber<std::uint32_t>(name.substr(last + 1));
  if (!uid || !millis || !epoch || !partition) return std::nullopt;
  return StateName{*uid, *millis, *epoch, *partition};
}

}  // namespace tidemill::stream

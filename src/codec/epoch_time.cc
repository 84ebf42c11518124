#include "codec/epoch_time.h"

#include <fmt/format.h>

#include <limits>

namespace tidemill::codec {
namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// Takes digits from the front of `text`; false if there are none.
bool takeDigits(std::string_view& text, std::string_view& digits) {
  std::size_t size = 0;
  while (size < text.size() && isDigit(text[size])) ++size;
  digits = text.substr(0, size);
  text.remove_prefix(size);
  return size > 0;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// The parts of a JSON number: value = digits of `whole` and `fraction`, times ten to the exponent.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;

  // The n-th digit counted from the first of `whole`; zero outside of those that were written.
  int digit(int n) const {
    const auto index = static_cast<std::size_t>(n);
    if (n < 0 || index >= whole.size() + fraction.size()) return 0;
    return (index < whole.size() ? whole[index] : fraction[index - whole.size()]) - '0';
  }
};

bool takeExponent(std::string_view& text, int& exponent) {
  if (!take(text, 'e') && !take(text, 'E')) return true;
  const bool negative = take(text, '-');
  if (!negative) take(text, '+');
  std::string_view digits;
  // Two digits are more than any time needs; more would only be a way to keep the loop below busy.
  if (!takeDigits(text, digits) || digits.size() > 2) return false;
  for (const char c : digits) exponent = exponent * 10 + (c - '0');
  if (negative) exponent = -exponent;
  return true;
}

std::optional<Decimal> parseDecimal(std::string_view text) {
  Decimal decimal;
  decimal.negative = take(text, '-');
  if (!takeDigits(text, decimal.whole)) return std::nullopt;
  if (decimal.whole.size() > 1 && decimal.whole.front() == '0') return std::nullopt;
  if (take(text, '.') && !takeDigits(text, decimal.fraction)) return std::nullopt;
  if (!takeExponent(text, decimal.exponent) || !text.empty()) return std::nullopt;
  return decimal;
}

}  // namespace

std::optional<std::int64_t> parseEpochSeconds(std::string_view text) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::size_t kDigitsMax = 64;
  if (text.size() > kDigitsMax) return std::nullopt;
  const auto decimal = parseDecimal(text);
  if (!decimal) return std::nullopt;

  // Milliseconds take all digits before the point, which the exponent moves, and three more.
  const int digits = static_cast<int>(decimal->whole.size()) + decimal->exponent + 3;
  std::int64_t milliseconds = 0;
  for (int n = 0; n < digits; ++n) {
    if (milliseconds > (kMax - 9) / 10) return std::nullopt;
    milliseconds = milliseconds * 10 + decimal->digit(n);
  }
  if (digits >= 0 && decimal->digit(digits) >= 5) ++milliseconds;
  return decimal->negative ? -milliseconds : milliseconds;
}

std::string formatEpochSeconds(std::int64_t epochMilliseconds) {
  const bool negative = epochMilliseconds < 0;
  auto magnitude = static_cast<std::uint64_t>(epochMilliseconds);
  if (negative) magnitude = 0 - magnitude;
  return fmt::format("{}{}.{:03}", negative ? "-" : "", magnitude / 1000, magnitude % 1000);
}

}  // namespace tidemill::codec

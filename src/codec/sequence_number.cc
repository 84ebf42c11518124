#include "tidemill/sequence_number.h"

#include <cstdint>
#include <cstring>

namespace tidemill {
namespace {

constexpr std::size_t kDigitsMax = 129;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// Eight digits at a time, for this runs once for every record read: a byte is a digit if its high half is 3
// and stays 3 when 6 is added. No byte can carry into the next one, because its high half was checked to
// be 3.
bool areEightDigits(const char* text) {
  constexpr std::uint64_t kHighHalves = 0xf0f0f0f0f0f0f0f0u;
  constexpr std::uint64_t kThrees = 0x3030303030303030u;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  if ((bytes & kHighHalves) != kThrees) return false;
  return ((bytes + 0x0606060606060606u) & kHighHalves) == kThrees;
}

bool areDigits(std::string_view text) {
  while (text.size() >= 8) {
    if (!areEightDigits(text.data())) return false;
    text.remove_prefix(8);
  }
  for (const char c : text) {
    if (!isDigit(c)) return false;
  }
  return true;
}

std::string_view withoutLeadingZeros(std::string_view text) {
  const auto first = text.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

}  // namespace

bool isSequenceNumber(std::string_view text) {
  if (text.empty() || text.size() > kDigitsMax) return false;
  if (text.front() == '0' && text.size() > 1) return false;
  return areDigits(text);
}

std::strong_ordering compareSequenceNumbers(std::string_view a, std::string_view b) {
  a = withoutLeadingZeros(a);
  b = withoutLeadingZeros(b);
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

}  // namespace tidemill

// codec/records_check.h: what the CBOR and the JSON reader of GetRecords answers check alike; inside codec
// only.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "tidemill/error.h"
#include "tidemill/sequence_number.h"

namespace tidemill::codec {

// A split gives two children, a merge one; the bound keeps hostile answers from filling the memory.
constexpr std::size_t kChildShardsMax = 64;

// Compares a key with a literal; the constant length lets the compiler use plain integer compares.
template <std::size_t Size>
bool is(std::string_view key, const char (&name)[Size]) {
  return key.size() == Size - 1 && std::memcmp(key.data(), name, Size - 1) == 0;
}

// Which members of one map were present, by small numbers.
class MemberSet {
 public:
  // False if it was there already.
  bool add(unsigned member) {
    const bool added = !has(member);
    bits_ |= 1u << member;
    return added;
  }
  bool has(unsigned member) const { return (bits_ >> member & 1u) != 0; }
  bool hasAll(std::initializer_list<unsigned> members) const {
    for (const unsigned member : members) {
      if (!has(member)) return false;
    }
    return true;
  }

 private:
  unsigned bits_ = 0;
};

// What an untagged integer means as a time: emulators send seconds or milliseconds, and 10^11 seconds are
// still 3,000 years away (wire.md 1.3).
inline std::int64_t untaggedMilliseconds(std::int64_t number) {
  constexpr std::int64_t kMillisecondsMin = 100'000'000'000;
  return number >= kMillisecondsMin ? number : number * 1000;
}

// kMalformedResponse that says where and why; `format` is "CBOR" or "JSON".
Error malformedRecords(std::string_view format, std::size_t offset, std::size_t size,
                       std::string_view problem);

}  // namespace tidemill::codec

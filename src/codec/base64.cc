#include "codec/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "codec/base64_simd.h"

namespace tidemill::codec {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
// Above all 24 bits that four characters hold, so that one test tells whether any of the four was bad.
constexpr std::uint32_t kBad = 0x01000000;

// One table for each place in a group of four: the character's six bits, already shifted to where they
// belong.
using Place = std::array<std::uint32_t, 256>;

constexpr Place placeTable(int shift) {
  Place place{};
  place.fill(kBad);
  for (std::uint32_t value = 0; value < 64; ++value) {
    place[static_cast<unsigned char>(kAlphabet[value])] = value << shift;
  }
  return place;
}

constexpr Place kFirst = placeTable(18);
constexpr Place kSecond = placeTable(12);
constexpr Place kThird = placeTable(6);
constexpr Place kFourth = placeTable(0);

std::uint32_t at(const Place& place, char c) {
  return place[static_cast<unsigned char>(c)];
}

void put(char* out, std::uint32_t bits, int bytes) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(bits >> (16 - 8 * i) & 0xff);
}

// The last group of four, with or without padding: returns the bytes it holds, or -1. The bits that padding
// leaves over must be zero, or two texts would stand for the same bytes.
int decodeLastGroup(const char* group, char* out) {
  std::uint32_t bits = at(kFirst, group[0]) | at(kSecond, group[1]);
  int bytes = 3;
  if (group[3] != '=') {
    bits |= at(kThird, group[2]) | at(kFourth, group[3]);
  } else if (group[2] != '=') {
    bits |= at(kThird, group[2]);
    bytes = 2;
  } else {
    bytes = 1;
  }
  const std::uint32_t leftOver = bytes == 3 ? 0 : 0xffffffu >> (8 * bytes);
  if ((bits & (kBad | leftOver)) != 0) return -1;
  put(out, bits, bytes);
  return bytes;
}

// Two characters for each value of twelve bits: half as many lookups as one by one.
constexpr std::array<std::array<char, 2>, 4096> pairTable() {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t bits = 0; bits < pairs.size(); ++bits)
    pairs[bits] = {kAlphabet[bits >> 6], kAlphabet[bits & 63]};
  return pairs;
}

constexpr auto kPairs = pairTable();

void encodeGroup(std::uint32_t bits, char* out) {
  std::memcpy(out, kPairs[bits >> 12].data(), 2);
  std::memcpy(out + 2, kPairs[bits & 0xfff].data(), 2);
}

std::uint32_t byteAt(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

}  // namespace

void appendBase64(std::string& text, std::string_view bytes) {
  const std::size_t before = text.size();
  text.resize(before + (bytes.size() + 2) / 3 * 4, '=');
  char* out = text.data() + before;
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, out += 4) {
    encodeGroup(byteAt(bytes, i) << 16 | byteAt(bytes, i + 1) << 8 | byteAt(bytes, i + 2), out);
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  encodeGroup(byteAt(bytes, i) << 16 | (left == 2 ? byteAt(bytes, i + 1) << 8 : 0), out);
  out[3] = '=';
  if (left == 1) out[2] = '=';
}

std::string encodeBase64(std::string_view bytes) {
  std::string text;
  appendBase64(text, bytes);
  return text;
}

std::optional<std::size_t> decodeBase64Scalar(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  const char* in = text.data();
  const char* const last = in + text.size() - 4;
  char* const begin = out;
  for (; in != last; in += 4, out += 3) {
    const std::uint32_t bits =
        at(kFirst, in[0]) | at(kSecond, in[1]) | at(kThird, in[2]) | at(kFourth, in[3]);
    if ((bits & kBad) != 0) return std::nullopt;
    put(out, bits, 3);
  }
  const int bytes = decodeLastGroup(last, out);
  if (bytes < 0) return std::nullopt;
  return static_cast<std::size_t>(out - begin) + static_cast<std::size_t>(bytes);
}

std::optional<std::size_t> decodeBase64(std::string_view text, char* out) {
  static const bool fast = hasFastBase64();
  const std::size_t done = fast ? decodeBase64Blocks(text, out) : 0;
  const auto rest = decodeBase64Scalar(text.substr(done), out + done / 4 * 3);
  if (!rest) return std::nullopt;
  return done / 4 * 3 + *rest;
}

}  // namespace tidemill::codec

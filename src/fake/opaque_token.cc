#include "fake/opaque_token.h"

#include <cstring>

#include "base/check.h"
#include "codec/base64.h"

namespace tidemill::fake {
namespace {

constexpr std::size_t kVersionBytes = 8;
constexpr std::size_t kNonceBytes = 8;
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kHeadBytes = kVersionBytes + kNonceBytes + kCheckBytes;

std::string bigEndian(std::uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::uint64_t fromBigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = (value << 8) | static_cast<unsigned char>(byte);
  return value;
}

std::uint64_t checkOf(std::string_view bytes, std::uint64_t secret) {
  std::uint64_t hash = secret ^ 0xcbf2'9ce4'8422'2325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100'0000'01b3;
  return hash;
}

// Masks and unmasks.
void mask(std::string& bytes, std::uint64_t seed) {
  base::Random stream(seed);
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = stream.next();
    for (std::size_t j = i; j < bytes.size() && j < i + 8; ++j, word >>= 8) {
      bytes[j] = static_cast<char>(static_cast<unsigned char>(bytes[j]) ^ (word & 0xff));
    }
  }
}

}  // namespace

OpaqueTokens::OpaqueTokens(base::Random random) : random_(random), secret_(random_.next()) {}

std::string OpaqueTokens::seal(std::string_view payload, std::size_t size) {
  TIDEMILL_CHECK(payload.size() + kHeadBytes <= size, "the payload fits into the token");
  const std::uint64_t nonce = random_.next();
  std::string padded(payload);
  padded.resize(size - kHeadBytes, '\0');
  std::string masked = bigEndian(checkOf(padded, secret_ ^ nonce)) + padded;
  mask(masked, secret_ ^ nonce);
  return codec::encodeBase64(bigEndian(1) + bigEndian(nonce) + masked);
}

std::optional<std::string> OpaqueTokens::open(std::string_view token) const {
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"')
    token = token.substr(1, token.size() - 2);
  std::string bytes(codec::decodedBase64Max(token.size()), '\0');
  const auto size = codec::decodeBase64(token, bytes.data());
  if (!size || *size < kHeadBytes) return std::nullopt;
  bytes.resize(*size);
  if (fromBigEndian(bytes) != 1) return std::nullopt;
  const std::uint64_t nonce = fromBigEndian(std::string_view(bytes).substr(kVersionBytes));
  std::string masked = bytes.substr(kVersionBytes + kNonceBytes);
  mask(masked, secret_ ^ nonce);
  const std::string padded = masked.substr(kCheckBytes);
  if (fromBigEndian(masked) != checkOf(padded, secret_ ^ nonce)) return std::nullopt;
  return std::string(padded.c_str());
}

}  // namespace tidemill::fake

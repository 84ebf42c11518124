#include "codec/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/text.h"

namespace tidemill::codec {
namespace {

template <std::size_t N>
std::string_view viewOf(const std::array<unsigned char, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

// Looking an algorithm up costs as much as hashing a small message, so each is fetched once and kept for the
// life of the process.
const EVP_MD* fetch(const char* name, const char* properties) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, properties);
  TIDEMILL_CHECK(algorithm != nullptr, "OpenSSL offers no such digest; is its default provider loaded?");
  return algorithm;
}

const EVP_MD* sha256Algorithm() {
  static const EVP_MD* const algorithm = fetch("SHA256", nullptr);
  return algorithm;
}

// Taken even where the system demands FIPS algorithms: Kinesis maps partition keys by MD5, whatever we
// prefer.
const EVP_MD* md5Algorithm() {
  static const EVP_MD* const algorithm = fetch("MD5", "-fips");
  return algorithm;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Of one part behind the other.
template <class Digest>
Digest digestOf(const EVP_MD* algorithm, std::string_view first, std::string_view second = {}) {
  static thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest digest;
  const bool done = context != nullptr && EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  TIDEMILL_CHECK(done, "OpenSSL could not hash");
  return digest;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  return digestOf<Sha256>(sha256Algorithm(), bytes);
}

Md5 md5(std::string_view bytes) {
  return digestOf<Md5>(md5Algorithm(), bytes);
}

// RFC 2104 over two plain digests: OpenSSL's own HMAC looks its algorithm up anew in every call, which takes
// longer than the hashing of a short message.
Sha256 hmacSha256(std::string_view key, std::string_view bytes) {
  constexpr std::size_t kBlock = 64;
  std::array<unsigned char, kBlock> padded{};
  if (key.size() > kBlock) {
    const Sha256 shortened = sha256(key);
    std::copy(shortened.begin(), shortened.end(), padded.begin());
  } else {
    std::transform(key.begin(), key.end(), padded.begin(),
                   [](char c) { return static_cast<unsigned char>(c); });
  }
  const auto masked = [&padded](unsigned char mask) {
    std::array<unsigned char, kBlock> block;
    std::transform(padded.begin(), padded.end(), block.begin(),
                   [mask](unsigned char c) { return static_cast<unsigned char>(c ^ mask); });
    return block;
  };
  const auto inner = masked(0x36);
  const auto outer = masked(0x5c);
  const Sha256 message = digestOf<Sha256>(sha256Algorithm(), viewOf(inner), bytes);
  return digestOf<Sha256>(sha256Algorithm(), viewOf(outer), viewOf(message));
}

std::string sha256Hex(std::string_view bytes) {
  return base::toHex(viewOf(sha256(bytes)));
}

}  // namespace tidemill::codec

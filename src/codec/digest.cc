#include "codec/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "base/check.h"
#include "base/text.h"

namespace tidemill::codec {
namespace {

const unsigned char* asUnsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
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

template <class Digest>
Digest digestOf(const EVP_MD* algorithm, std::string_view bytes) {
  static thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest digest;
  const bool done = context != nullptr && EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
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

Sha256 hmacSha256(std::string_view key, std::string_view bytes) {
  // A null key would mean "the key of the call before" to OpenSSL.
  if (key.data() == nullptr) key = "";
  Sha256 digest;
  unsigned size = 0;
  const auto* done = HMAC(sha256Algorithm(), key.data(), static_cast<int>(key.size()), asUnsigned(bytes),
                          bytes.size(), digest.data(), &size);
  TIDEMILL_CHECK(done != nullptr && size == digest.size(), "OpenSSL could not compute an HMAC");
  return digest;
}

std::string sha256Hex(std::string_view bytes) {
  const Sha256 digest = sha256(bytes);
  return base::toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace tidemill::codec

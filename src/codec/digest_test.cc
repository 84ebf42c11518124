#include "codec/digest.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/text.h"

namespace tidemill::codec {
namespace {

template <class Digest>
std::string hex(const Digest& digest) {
  return base::toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// FIPS 180-4 examples.
TEST(Digest, KnowsSha256) {
  EXPECT_EQ(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abc")), sha256Hex("abc"));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(Digest, KnowsHmacSha256) {
  EXPECT_EQ(hex(hmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, TakesAnEmptyKey) {
  static_cast<void>(hmacSha256("Jefe", "x"));

  EXPECT_EQ(hex(hmacSha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 1321, appendix A.5.
TEST(Digest, KnowsMd5) {
  EXPECT_EQ(hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Digest, WorksOnManyThreads) {
  std::vector<std::thread> threads;
  std::vector<std::string> results(4);
  for (std::string& result : results) threads.emplace_back([&result] { result = sha256Hex("abc"); });
  for (std::thread& thread : threads) thread.join();

  for (const std::string& result : results) EXPECT_EQ(result, sha256Hex("abc"));
}

}  // namespace
}  // namespace tidemill::codec

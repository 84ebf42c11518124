#include "codec/md5_lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/text.h"

namespace tidemill::codec {
namespace {

// Longest message that needs three blocks, and a little more.
constexpr std::size_t kLengthMax = 130;

// Each in memory of its own, without a byte to spare, so that a sanitizer sees a read outside of it.
class Messages {
 public:
  explicit Messages(std::uint64_t seed) : random_(seed) {}

  void add(std::size_t length) {
    std::vector<char>& bytes = bytes_.emplace_back(length);
    for (char& c : bytes) c = static_cast<char>(random_.below(256));
    views_.emplace_back(bytes.data(), length);
  }
  const std::vector<std::string_view>& views() const { return views_; }
  base::Random& random() { return random_; }

 private:
  base::Random random_;
  std::vector<std::vector<char>> bytes_;
  std::vector<std::string_view> views_;
};

std::string hex(const Md5& digest) {
  return base::toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::vector<Md5> eachOf(const std::vector<std::string_view>& messages) {
  std::vector<Md5> digests(messages.size());
  md5Each(messages, digests);
  return digests;
}

// Compares with OpenSSL.
void expectExact(const Messages& messages) {
  const auto digests = eachOf(messages.views());
  for (std::size_t i = 0; i < digests.size(); ++i) {
    ASSERT_EQ(hex(digests[i]), hex(md5(messages.views()[i])))
        << "message " << i << " of " << digests.size() << ", " << messages.views()[i].size() << " bytes";
  }
}

// RFC 1321, appendix A.5.
TEST(Md5Each, KnowsTheExamplesOfTheStandard) {
  const std::vector<std::string_view> messages = {
      "",
      "a",
      "abc",
      "message digest",
      "abcdefghijklmnopqrstuvwxyz",
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890"};
  const std::vector<std::string> expected = {
      "d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661",
      "900150983cd24fb0d6963f7d28e17f72", "f96b697d7cb7938d525a2f31aaf161d0",
      "c3fcd3d76192e4007dfb496cca67e13b", "d174ab98d277d9f5a5611c2c9f419d9f",
      "57edf4a22be3c955ac49da2e2107b67a"};

  std::vector<std::string> got;
  for (const Md5& digest : eachOf(messages)) got.push_back(hex(digest));

  EXPECT_EQ(got, expected);
}

TEST(Md5Each, IsExactForOneMessageOfEachLength) {
  for (std::size_t length = 0; length <= kLengthMax; ++length) {
    Messages messages(length);
    messages.add(length);
    expectExact(messages);
  }
}

TEST(Md5Each, IsExactForAsManyOfEachLengthAsThereAreLanesAndMore) {
  for (std::size_t length = 0; length <= kLengthMax; ++length) {
    for (const std::size_t count : {std::size_t{2}, std::size_t{3}, kMd5Lanes, 2 * kMd5Lanes + 1}) {
      Messages messages(length);
      for (std::size_t i = 0; i < count; ++i) messages.add(length);
      expectExact(messages);
    }
  }
}

TEST(Md5Each, IsExactWithAllLengthsSideBySide) {
  Messages messages(1);
  for (std::size_t length = 0; length <= kLengthMax; ++length) messages.add(length);
  for (std::size_t length = kLengthMax + 1; length-- > 0;) messages.add(length);
  expectExact(messages);
}

TEST(Md5Each, IsExactForRandomBatches) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Messages messages(seed);
    const std::size_t count = messages.random().below(40);
    const std::size_t longest = seed % 5 == 0 ? 5'000 : kLengthMax;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t length = messages.random().below(longest + 1);
      messages.add(length);
    }
    expectExact(messages);
  }
}

// One lane works on when all others have long ended.
TEST(Md5Each, IsExactForALongMessageAmongShortOnes) {
  for (std::size_t place = 0; place <= kMd5Lanes; ++place) {
    Messages messages(place);
    for (std::size_t i = 0; i < 20; ++i) messages.add(i == place ? 100'000 : i);
    expectExact(messages);
  }
}

TEST(Md5Each, TakesNoMessagesAndThoseWithoutAnAddress) {
  md5Each({}, {});
  const std::vector<std::string_view> messages(10);
  for (const Md5& digest : eachOf(messages)) EXPECT_EQ(hex(digest), "d41d8cd98f00b204e9800998ecf8427e");
}

}  // namespace
}  // namespace tidemill::codec

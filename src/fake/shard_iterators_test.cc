#include "fake/shard_iterators.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "fake/sequence_layout.h"

namespace tidemill::fake {
namespace {

using namespace std::chrono_literals;

constexpr rt::WallTime kNow{1'421'889'722'000ms};  // Thu Jan 22 01:22:02 UTC 2015

std::string decoded(const std::string& text) {
  std::string bytes(codec::decodedBase64Max(text.size()), '\0');
  bytes.resize(*codec::decodeBase64(text, bytes.data()));
  return bytes;
}

TEST(ShardIterators, GiveBackTheCursor) {
  ShardIterators iterators(base::Random(1), 300s);

  const auto cursor = iterators.open(iterators.issue({"orders", 3, 7, 99}, kNow), kNow + 300s);

  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->stream, "orders");
  EXPECT_EQ(cursor->incarnation, 3u);
  EXPECT_EQ(cursor->shard, 7u);
  EXPECT_EQ(cursor->counter, 99u);
}

TEST(ShardIterators, HaveTheServicesShape) {
  ShardIterators iterators(base::Random(1), 300s);

  for (const std::size_t length : {1u, 13u, 14u, 30u, 128u}) {
    const std::string text = iterators.issue({std::string(length, 's'), 1, 0, kCounterEnd}, kNow);
    const std::string bytes = decoded(text);
    EXPECT_EQ(bytes.substr(0, 8), std::string("\0\0\0\0\0\0\0\1", 8));
    EXPECT_EQ((bytes.size() - 152) % 16, 0u);
    EXPECT_LE(text.size(), 512u);
  }
}

TEST(ShardIterators, DifferEachTime) {
  ShardIterators iterators(base::Random(1), 300s);

  EXPECT_NE(iterators.issue({"s", 1, 0, 0}, kNow), iterators.issue({"s", 1, 0, 0}, kNow));
}

TEST(ShardIterators, AcceptSurroundingQuotes) {
  ShardIterators iterators(base::Random(1), 300s);

  EXPECT_TRUE(iterators.open('"' + iterators.issue({"s", 1, 0, 0}, kNow) + '"', kNow));
}

TEST(ShardIterators, RefuseWhatTheyDidNotIssue) {
  ShardIterators iterators(base::Random(1), 300s);
  ShardIterators others(base::Random(2), 300s);
  const std::string text = iterators.issue({"s", 1, 0, 0}, kNow);
  std::string bytes = decoded(text);
  bytes[40] = static_cast<char>(bytes[40] + 1);

  for (const std::string& foreign :
       {std::string(), std::string("AAA"), std::string("no base64!"), text.substr(4),
        codec::encodeBase64(bytes), others.issue({"s", 1, 0, 0}, kNow)}) {
    const auto opened = iterators.open(foreign, kNow);
    ASSERT_FALSE(opened) << foreign;
    EXPECT_EQ(opened.error().type, "InvalidArgumentException");
    EXPECT_EQ(opened.error().message, "Invalid ShardIterator.");
  }
}

TEST(ShardIterators, ExpireAfterTheirLifeWithBothTimesInTheText) {
  ShardIterators iterators(base::Random(1), 300s);
  const std::string text = iterators.issue({"s", 1, 0, 0}, kNow);

  const auto opened = iterators.open(text, kNow + 300'001ms);

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().type, "ExpiredIteratorException");
  EXPECT_EQ(opened.error().message,
            "Iterator expired. The iterator was created at time Thu Jan 22 01:22:02 UTC 2015 while right now "
            "it is Thu "
            "Jan 22 01:27:02 UTC 2015 which is further in the future than the tolerated delay of 300000 "
            "milliseconds.");
}

}  // namespace
}  // namespace tidemill::fake

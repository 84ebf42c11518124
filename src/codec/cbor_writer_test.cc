#include "codec/cbor_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/text.h"

namespace tidemill::codec {
namespace {

std::string integerHex(std::int64_t value) {
  CborWriter w;
  w.integer(value);
  return base::toHex(w.buffer());
}

// RFC 8949, appendix A.
TEST(CborWriter, WritesIntegersInTheShortestForm) {
  EXPECT_EQ(integerHex(0), "00");
  EXPECT_EQ(integerHex(23), "17");
  EXPECT_EQ(integerHex(24), "1818");
  EXPECT_EQ(integerHex(255), "18ff");
  EXPECT_EQ(integerHex(256), "190100");
  EXPECT_EQ(integerHex(65535), "19ffff");
  EXPECT_EQ(integerHex(1000000), "1a000f4240");
  EXPECT_EQ(integerHex(4294967295), "1affffffff");
  EXPECT_EQ(integerHex(1000000000000), "1b000000e8d4a51000");
  EXPECT_EQ(integerHex(-1), "20");
  EXPECT_EQ(integerHex(-100), "3863");
  EXPECT_EQ(integerHex(-1000), "3903e7");
  EXPECT_EQ(integerHex(std::numeric_limits<std::int64_t>::max()), "1b7fffffffffffffff");
  EXPECT_EQ(integerHex(std::numeric_limits<std::int64_t>::min()), "3b7fffffffffffffff");
}

// The eight bytes that a Java SDK sent (wire.md 1.3).
TEST(CborWriter, WritesTimestampsAsTaggedMilliseconds) {
  CborWriter w;
  w.timestamp(0x01a013accc38);

  EXPECT_EQ(base::toHex(w.buffer()), "c11b000001a013accc38");
}

TEST(CborWriter, WritesContainersOfIndefiniteLength) {
  CborWriter w;
  w.beginMap();
  w.text("a");
  w.beginArray();
  w.boolean(true);
  w.boolean(false);
  w.null();
  w.bytes(std::string(24, 'x'));
  w.end();
  w.end();

  EXPECT_EQ(base::toHex(w.take()), "bf61619ff5f4f65818" + base::toHex(std::string(24, 'x')) + "ffff");
}

}  // namespace
}  // namespace tidemill::codec

#include "codec/utf8.h"

#include <gtest/gtest.h>

namespace tidemill::codec {
namespace {

TEST(Utf8, KnowsTheSizeOfACharacter) {
  EXPECT_EQ(utf8SequenceSize("a"), 1u);
  EXPECT_EQ(utf8SequenceSize("é"), 2u);
  EXPECT_EQ(utf8SequenceSize("€"), 3u);
  EXPECT_EQ(utf8SequenceSize("😀"), 4u);
  EXPECT_EQ(utf8SequenceSize("\xf4\x8f\xbf\xbf"), 4u);
  EXPECT_EQ(utf8SequenceSize(""), 0u);
}

TEST(Utf8, RefusesWhatNoEncoderWrites) {
  EXPECT_FALSE(isUtf8("\x80"));              // A stray continuation.
  EXPECT_FALSE(isUtf8("\xc3"));              // A missing one.
  EXPECT_FALSE(isUtf8("\xe2\x82"));          // Cut short.
  EXPECT_FALSE(isUtf8("\xc0\x80"));          // Overlong in two bytes.
  EXPECT_FALSE(isUtf8("\xe0\x80\x80"));      // Overlong in three.
  EXPECT_FALSE(isUtf8("\xf0\x80\x80\x80"));  // Overlong in four.
  EXPECT_FALSE(isUtf8("\xed\xa0\x80"));      // A surrogate.
  EXPECT_FALSE(isUtf8("\xf4\x90\x80\x80"));  // Beyond U+10FFFF.
  EXPECT_FALSE(isUtf8("\xff"));
  EXPECT_TRUE(isUtf8("plain, é, €, 😀"));
}

}  // namespace
}  // namespace tidemill::codec

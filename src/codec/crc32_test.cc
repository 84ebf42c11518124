#include "codec/crc32.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill::codec {
namespace {

TEST(Crc32, HasTheValuesThatEveryImplementationHas) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32("{}"), 2745614147u);  // Of DynamoDB's answer to a PutItem.
}

TEST(Crc32, NoticesOneChangedBit) {
  std::string text = R"({"Item":{"leaseCounter":{"N":"7"}}})";
  const std::uint32_t before = crc32(text);
  text[28] = static_cast<char>(text[28] ^ 1);
  EXPECT_NE(crc32(text), before);
}

}  // namespace
}  // namespace tidemill::codec

#include "codec/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace tidemill::codec {
namespace {

// RFC 3720, B.4, and the check value of the algorithm.
TEST(Crc32c, GivesTheValuesOfTheStandard) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  for (auto* crc : {&crc32cByTables, &crc32cByInstruction}) {
    if (crc == &crc32cByInstruction && !hasCrc32cInstruction()) continue;
    EXPECT_EQ(crc("", 0), 0u);
    EXPECT_EQ(crc("123456789", 0), 0xe3069283u);
    EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(crc(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(crc(ascending, 0), 0x46dd794eu);
  }
}

TEST(Crc32c, IsTheSameByInstructionAndByTables) {
  base::Random random(7);
  std::string bytes(20'000, '\0');
  for (char& c : bytes) c = static_cast<char>(random.below(256));
  for (std::size_t length = 0; length < bytes.size(); length += 1 + length / 7) {
    const std::string_view part = std::string_view(bytes).substr(length % 13, length);
    EXPECT_EQ(crc32c(part), crc32cByTables(part, 0)) << length;
  }
}

TEST(Crc32c, GoesOnFromPieceToPiece) {
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) bytes += static_cast<char>(i * 31);
  for (const std::size_t cut : {0u, 1u, 9u, 3072u, 5000u, 9999u, 10'000u}) {
    const std::string_view all = bytes;
    EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all)) << cut;
  }
}

}  // namespace
}  // namespace tidemill::codec

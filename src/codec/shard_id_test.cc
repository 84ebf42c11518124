#include "codec/shard_id.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill::codec {
namespace {

TEST(IsShardId, AcceptsWhatKinesisAllows) {
  EXPECT_TRUE(isShardId("shardId-000000000000"));
  EXPECT_TRUE(isShardId("a.B_9-"));
  EXPECT_TRUE(isShardId(std::string(128, 's')));
}

TEST(IsShardId, RefusesAllElse) {
  EXPECT_FALSE(isShardId(""));
  EXPECT_FALSE(isShardId(std::string(129, 's')));
  for (const char* text : {"a b", "a/b", "a\nb", "a\x1b", "\xc3\xa9", "a=b", "\"a\""}) {
    EXPECT_FALSE(isShardId(text)) << text;
  }
  EXPECT_FALSE(isShardId(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace tidemill::codec

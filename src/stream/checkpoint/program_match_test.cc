#include "stream/checkpoint/program_match.h"

#include <gtest/gtest.h>

namespace tidemill::stream {
namespace {

using Uids = std::vector<std::string>;

NodeShape node(const std::string& uid, const std::string& kind = "map", const std::string& typeTag = {}) {
  return {uid, kind, {}, Seconds(1), "", typeTag};
}

TEST(ProgramMatch, SaysWhichOperatorsDiffer) {
  const ProgramShape before{Seconds(1), {node("a"), node("b"), node("c")}};
  EXPECT_TRUE(matchPrograms(before, before).same());

  const ProgramShape now{Seconds(2), {node("a"), node("c", "filter"), node("d")}};
  const ProgramMatch match = matchPrograms(before, now);
  EXPECT_EQ(match.gone, Uids{"b"});
  EXPECT_EQ(match.changed, Uids{"c"});
  EXPECT_EQ(match.added, Uids{"d"});
  EXPECT_TRUE(match.otherInterval);
}

TEST(ProgramMatch, RefusesOnlyWhereStateWouldBeLost) {
  const ProgramShape before{Seconds(1),
                            {node("a"), node("counts", "state", "int/1"), node("sums", "state", "int/1")}};
  EXPECT_TRUE(checkState(
      before, {Seconds(1), {node("sums", "state", "int/1"), node("counts", "state", "int/1")}}, "/c"));

  const auto refused = checkState(before, {Seconds(1), {node("a"), node("counts", "state", "long/1")}}, "/c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  for (const char* part : {"/c", "counts", "long/1", "int/1", "sums"})
    EXPECT_NE(refused.error().message().find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace tidemill::stream

#include "rt/path.h"

#include <gtest/gtest.h>

namespace tidemill::rt {
namespace {

TEST(DirectoryOf, IsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(directoryOf("a/b/c"), "a/b");
  EXPECT_EQ(directoryOf("/a/b"), "/a");
}

TEST(DirectoryOf, IsTheRootOrHereWhereNothingStandsBeforeIt) {
  EXPECT_EQ(directoryOf("/c"), "/");
  EXPECT_EQ(directoryOf("c"), ".");
}

}  // namespace
}  // namespace tidemill::rt

#include "stream/folder_pattern.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "stream/test_context.h"

namespace tidemill::stream {
namespace {

class FolderPatternTest : public ContextFixture {
 protected:
  void write(const std::string& path) {
    ASSERT_TRUE(env().files.makeDirectory(path.substr(0, path.rfind('/'))));
    auto file = env().files.openAppend(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append("x\n"));
  }
  // Sorted paths.
  std::vector<std::string> found(const std::string& pattern) {
    const FolderPattern folders(env().files, pattern);
    const auto names = folders.names(100);
    if (!names) return {names.error().message()};
    std::vector<std::string> paths;
    for (const std::string& name : *names) {
      paths.push_back(folders.pathOf(name));
      EXPECT_EQ(folders.nameOf(paths.back()), name);
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  using Paths = std::vector<std::string>;
};

TEST_F(FolderPatternTest, FindsTheFilesOfAllFoldersThatMatch) {
  for (const char* path :
       {"/in/a/1", "/in/a/2", "/in/b/3", "/in/.hidden/4", "/in/file", "/in/b/deep/5", "/other/6"})
    write(path);
  EXPECT_EQ(found("/in/*/"), (Paths{"/in/a/1", "/in/a/2", "/in/b/3", "/in/b/deep"}));
  EXPECT_EQ(found("/in/[bc]"), (Paths{"/in/b/3", "/in/b/deep"}));
  EXPECT_EQ(found("/*/?"), (Paths{"/in/a/1", "/in/a/2", "/in/b/3", "/in/b/deep"}));
  EXPECT_EQ(found("/in/*/deep"), (Paths{"/in/b/deep/5"}));
  EXPECT_EQ(found("/in/x*"), Paths{});
  EXPECT_EQ(found("/in/a"), (Paths{"/in/a/1", "/in/a/2"}));
  EXPECT_EQ(found("/in//"), (Paths{"/in/.hidden", "/in/a", "/in/b", "/in/file"}));
}

TEST_F(FolderPatternTest, ABackslashTakesTheMeaningFromACharacter) {
  write("/in/a*/1");
  write("/in/ab/2");
  EXPECT_EQ(found("/in/a\\*"), (Paths{"/in/a*/1"}));
  EXPECT_EQ(found("/in/a*"), (Paths{"/in/a*/1", "/in/ab/2"}));
}

TEST_F(FolderPatternTest, ARootThatIsNotThereOrTooManyNamesAreErrors) {
  const auto missing = FolderPattern(env().files, "/nowhere/*").names(100);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kIo);
  write("/in/a/1");
  write("/in/a/2");
  EXPECT_TRUE(FolderPattern(env().files, "/in/*").names(2));
  const auto many = FolderPattern(env().files, "/in/*").names(1);
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().message().find("/in/*"), std::string::npos) << many.error().message();
}

}  // namespace
}  // namespace tidemill::stream

#include "stream/folder_pattern.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "rt/path.h"
#include "rt/posix_file_system.h"
#include "sim/recorded_files.h"
#include "sim/sim_log.h"
#include "stream/file_choices.h"

namespace tidemill::stream {
namespace {

// On a real disk: a simulated one has neither rights nor links.
class FolderPatternTest : public testing::Test {
 protected:
  FolderPatternTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~FolderPatternTest() override { std::filesystem::remove_all(root_); }

  std::string at(const std::string& name) const { return root_ + name; }
  void write(const std::string& name) {
    ASSERT_TRUE(files_.makeDirectory(rt::directoryOf(at(name))));
    auto file = files_.openAppend(at(name));
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append("x\n"));
  }
  // Sorted, below the test's folder.
  std::vector<std::string> found(const std::string& pattern) {
    const FolderPattern folders(files_, at(pattern));
    const auto names = folders.names(100);
    if (!names) return {names.error().message()};
    EXPECT_TRUE(names->unlisted.empty());
    std::vector<std::string> paths;
    for (const std::string& name : names->names) {
      const std::string path = folders.pathOf(name);
      EXPECT_EQ(folders.nameOf(path), name);
      paths.push_back(path.substr(root_.size()));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  using Paths = std::vector<std::string>;

  rt::PosixFileSystem files_;
  std::string root_;
};

TEST_F(FolderPatternTest, FindsTheFilesOfAllFoldersThatMatch) {
  for (const char* path : {"/in/a/1", "/in/a/2", "/in/b/3", "/in/.hidden/4", "/in/_new/5", "/in/file",
                           "/in/b/deep/6", "/other/7"})
    write(path);
  EXPECT_EQ(found("/in/*/"), (Paths{"/in/a/1", "/in/a/2", "/in/b/3", "/in/b/deep"}));
  EXPECT_EQ(found("/in/[bc]"), (Paths{"/in/b/3", "/in/b/deep"}));
  EXPECT_EQ(found("/*/?"), (Paths{"/in/a/1", "/in/a/2", "/in/b/3", "/in/b/deep"}));
  EXPECT_EQ(found("/in/*/deep"), (Paths{"/in/b/deep/6"}));
  EXPECT_EQ(found("/in/_n*"), (Paths{"/in/_new/5"}));
  EXPECT_EQ(found("/in/x*"), Paths{});
  EXPECT_EQ(found("/in/a"), (Paths{"/in/a/1", "/in/a/2"}));
  EXPECT_EQ(found("/other//"), (Paths{"/other/7"}));
}

TEST_F(FolderPatternTest, WhatIsNoFolderIsPassedOverAndNeverOpened) {
  write("/in/a/1");
  write("/in/file");
  ASSERT_EQ(::mkfifo(at("/in/pipe").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("self", at("/in/self").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", at("/in/dangling").c_str()), 0);
  ASSERT_EQ(::chmod(at("/in/file").c_str(), 0), 0);
  EXPECT_EQ(found("/in/*"), (Paths{"/in/a/1"}));
}

TEST_F(FolderPatternTest, AFolderOfThatVeryNameIsNoPattern) {
  write("/in/[prod]/1");
  write("/in/p/2");
  EXPECT_EQ(found("/in/[prod]"), (Paths{"/in/[prod]/1"}));
  write("/in/a*/1");
  write("/in/ab/2");
  EXPECT_EQ(found("/in/a\\*"), (Paths{"/in/a*/1"}));
  EXPECT_EQ(found("/in/a?"), (Paths{"/in/a*/1", "/in/ab/2"}));
}

TEST_F(FolderPatternTest, ARootThatIsNotThereTooManyNamesAndWhatCannotMatchAreErrors) {
  const auto missing = FolderPattern(files_, at("/nowhere/*")).names(100);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kIo);
  write("/in/a/1");
  write("/in/a/2");
  EXPECT_TRUE(FolderPattern(files_, at("/in/*")).names(2));
  const auto many = FolderPattern(files_, at("/in/*")).names(1);
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().hint().find("up to 1 "), std::string::npos) << many.error().hint();
  for (const char* odd : {"/in/*/..", "/in/*/./b", "/in/a\\"}) {
    try {
      const FolderPattern folders(files_, at(odd));
      ADD_FAILURE() << odd;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      EXPECT_NE(error.message().find(odd), std::string::npos) << error.message();
    }
  }
}

// A folder of somebody else, or on a bad disk.
TEST_F(FolderPatternTest, AFolderThatCannotBeListedKeepsNobodyFromTheOthersAndForgetsNothing) {
  write("/in/a/1");
  write("/in/b/2");
  sim::RecordedFiles files(files_);
  sim::SimLog log;
  FileChoices choices(files, log, at("/in/*"), {}, /*newFilesOnly=*/false);
  const auto chosen = [&](int second) {
    const auto look = choices.look();
    EXPECT_TRUE(look);
    std::vector<std::string> paths = choices.choose(Time(Seconds(second)), *look);
    for (std::string& path : paths) path = path.substr(root_.size());
    return paths;
  };
  EXPECT_EQ(chosen(1), (Paths{"/in/a/1", "/in/b/2"}));
  write("/in/a/3");
  write("/in/b/4");
  constexpr std::size_t kListOfA = 3;  // Behind the list of the root and the kinds of both.
  for (int i = 0; i < 2; ++i) {
    files.fail({kListOfA});
    EXPECT_EQ(chosen(2 + i), i == 0 ? (Paths{"/in/b/4"}) : Paths{});
  }
  EXPECT_EQ(log.count("text_folder_failed"), 1u);
  files.fail({0, 0});
  EXPECT_EQ(chosen(4), (Paths{"/in/a/3"})) << "1 was seen";
}

TEST_F(FolderPatternTest, AFileThatIsGoneWithItsFolderIsAnError) {
  write("/in/a/1");
  write("/in/b/2");
  sim::SimLog log;
  FileChoices choices(files_, log, at("/in/*"), {}, /*newFilesOnly=*/false);
  std::filesystem::remove(at("/in/a/1"));
  const auto kept = choices.stillThere({at("/in/a/1"), at("/in/b/2")}, /*needed=*/true);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, (Paths{at("/in/b/2")}));
  std::filesystem::remove(at("/in/a"));
  const auto gone = choices.stillThere({at("/in/a/1"), at("/in/b/2")}, /*needed=*/true);
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message().find("/in/a is gone"), std::string::npos) << gone.error().message();
  // A day that was cleaned up, looked back at; and a folder of an earlier program.
  EXPECT_TRUE(choices.stillThere({at("/in/a/1")}, /*needed=*/false));
  EXPECT_TRUE(choices.stillThere({at("/other/1")}, /*needed=*/true));
}

}  // namespace
}  // namespace tidemill::stream

#include "sim/crash_states.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/sim_files.h"

namespace tidemill::sim {
namespace {

class CrashStatesTest : public testing::Test {
 protected:
  CrashStatesTest() { disk_.addDirectory("/d"); }

  // The states after the last change: "name=bytes;…", zeros as dots.
  std::set<std::string> last() {
    CrashStates states(files_.changes());
    while (states.step()) {
    }
    std::set<std::string> result;
    states.forEach(1, [&](const CrashState& state) {
      std::string text;
      for (const auto& [path, bytes] : state) {
        text += path.substr(3) + "=";
        for (const char c : bytes) text += c == '\0' ? '.' : c;
        text += ";";
      }
      result.insert(text);
    });
    return result;
  }
  std::unique_ptr<rt::AppendFile> open(const std::string& name) {
    return std::move(*files_.openAppend("/d/" + name));
  }

  SimDisk disk_{1};
  SimFiles simFiles_{disk_};
  RecordedFiles files_{simFiles_};
};

using Set = std::set<std::string>;

TEST_F(CrashStatesTest, WhatIsSyncedIsThere) {
  const auto file = open("a");
  ASSERT_TRUE(file->append("xy"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(last(), Set({"", "a=xy;"}));
  ASSERT_TRUE(files_.syncDirectory("/d"));
  EXPECT_EQ(last(), Set({"a=xy;"}));
}

TEST_F(CrashStatesTest, TearsTheRestAtEveryByte) {
  const auto file = open("a");
  ASSERT_TRUE(files_.syncDirectory("/d"));
  ASSERT_TRUE(file->append("x"));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->append("yz"));
  EXPECT_EQ(last(), Set({"a=x;", "a=x..;", "a=xy;", "a=xy.;", "a=xyz;"}));
}

TEST_F(CrashStatesTest, NamesComeAndGoInAnyCombination) {
  open("a");
  open("b");
  ASSERT_TRUE(files_.syncDirectory("/d"));
  ASSERT_TRUE(files_.remove("/d/a"));
  ASSERT_TRUE(files_.rename("/d/b", "/d/c"));
  EXPECT_EQ(last(), Set({"a=;b=;", "b=;", "a=;c=;", "c=;"}));
}

TEST_F(CrashStatesTest, ACutFileMayHaveItsOldEnd) {
  const auto file = open("a");
  ASSERT_TRUE(files_.syncDirectory("/d"));
  ASSERT_TRUE(file->append("xy"));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(files_.truncate("/d/a", 1));
  EXPECT_EQ(last(), Set({"a=x;", "a=xy;"}));
}

TEST_F(CrashStatesTest, ACallThatIsToldToFailHasNoEffect) {
  files_.fail({.first = 2, .count = 1, .code = Code::kDiskFull});
  const auto file = open("a");         // 0
  ASSERT_TRUE(file->append("x"));      // 1
  EXPECT_EQ(files_.size("/d/a"), 1u);  // Needs no room.
  EXPECT_EQ(file->append("y").error().code(), Code::kDiskFull);
  EXPECT_EQ(files_.size("/d/a"), 1u);
  EXPECT_TRUE(file->append("z"));
  EXPECT_EQ(files_.calls(), 4u);
}

}  // namespace
}  // namespace tidemill::sim

// Folders of text files as inputs, batch by batch. (Spark: InputStreamsSuite)
#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "stream/test_stream.h"
#include "stream/text_file_stream.h"

namespace tidemill {
namespace {

class TextFileStreamTest : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    ASSERT_TRUE(env().files.makeDirectory("/in"));
  }
  void write(const std::string& name, const std::string& text) {
    auto file = env().files.openAppend("/in/" + name);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
  }
  void rename(const std::string& from, const std::string& to) {
    ASSERT_TRUE(env().files.rename("/in/" + from, "/in/" + to));
  }
  // As the engine does.
  Result<void> runBatch(std::int64_t second, int attempt = 1) {
    for (const stream::FileInput& input : graph().files) {
      const auto look = input.choices->look();
      if (!look) return fail(look.error());
      input.choices->choose(at(second), *look);
    }
    return StreamFixture::runBatch(second, attempt);
  }
  void runBatches(std::int64_t first, std::int64_t last) {
    for (std::int64_t second = first; second <= last; ++second) ASSERT_TRUE(runBatch(second)) << second;
  }
};

using Lines = std::map<std::int64_t, std::vector<std::string>>;

TEST_F(TextFileStreamTest, GivesTheLinesOfFilesThatAppear) {
  write("before", "old\n");
  const auto seen = collect(context_->textFileStream("/in"));
  write("one", "a\nb\r\nc");
  runBatches(1, 2);
  write("two", "\nd\n");
  write("three", "e\n");
  write("empty", "");
  runBatches(3, 4);
  EXPECT_EQ(*seen, (Lines{{1, {"a", "b", "c"}}, {2, {}}, {3, {"", "d", "e"}}, {4, {}}}));
}

TEST_F(TextFileStreamTest, GivesFilesThatAreThereIfAsked) {
  write("before", "old\n");
  const auto seen = collect(context_->textFileStream("/in", {}, /*newFilesOnly=*/false));
  runBatches(1, 1);
  write("after", "new\n");
  runBatches(2, 2);
  EXPECT_EQ(*seen, (Lines{{1, {"old"}}, {2, {"new"}}}));
}

TEST_F(TextFileStreamTest, LeavesAloneWhatIsBeingWritten) {
  const auto seen = collect(context_->textFileStream("/in"));
  write(".hidden", "1\n");
  write("_temporary", "2\n");
  write("file._COPYING_", "3\n");
  runBatches(1, 1);
  rename("file._COPYING_", "file");
  rename("_temporary", "whole");
  runBatches(2, 3);
  EXPECT_EQ(*seen, (Lines{{1, {}}, {2, {"2", "3"}}, {3, {}}}));
}

TEST_F(TextFileStreamTest, AsksTheFilterOfTheProgram) {
  const auto seen = collect(
      context_->textFileStream("/in", [](const std::string& name) { return name.ends_with(".txt"); }));
  write("a.txt", "1\n");
  write("b.csv", "2\n");
  runBatches(1, 1);
  EXPECT_EQ(*seen, (Lines{{1, {"1"}}}));
}

TEST_F(TextFileStreamTest, ReadsAllFoldersThatMatchAPatternAlsoThoseThatComeLater) {
  ASSERT_TRUE(env().files.makeDirectory("/in/monday"));
  write("monday/before", "old\n");
  std::vector<std::string> asked;
  const auto seen = collect(context_->textFileStream("/in/*/", [&](const std::string& name) {
    asked.push_back(name);
    return true;
  }));
  write("monday/one", "1\n");
  write("top", "not in a folder that matches\n");
  runBatches(1, 1);
  ASSERT_TRUE(env().files.makeDirectory("/in/tuesday"));
  write("tuesday/one", "2\n");
  write("tuesday/.part", "3\n");
  runBatches(2, 3);
  EXPECT_EQ(*seen, (Lines{{1, {"1"}}, {2, {"2"}}, {3, {}}}));
  EXPECT_EQ(asked, (std::vector<std::string>{"one", "one"}));
}

TEST_F(TextFileStreamTest, WhatIsAddedToAFileLaterIsNotReadAgain) {
  const auto seen = collect(context_->textFileStream("/in"));
  write("log", "1\n");
  runBatches(1, 1);
  write("log", "2\n");
  runBatches(2, 2);
  EXPECT_EQ(*seen, (Lines{{1, {"1"}}, {2, {}}}));
}

TEST_F(TextFileStreamTest, ANameThatWasGoneIsNew) {
  const auto seen = collect(context_->textFileStream("/in"));
  write("log", "1\n");
  runBatches(1, 1);
  ASSERT_TRUE(env().files.remove("/in/log"));
  runBatches(2, 2);
  write("log", "2\n");
  runBatches(3, 3);
  EXPECT_EQ(*seen, (Lines{{1, {"1"}}, {2, {}}, {3, {"2"}}}));
}

TEST_F(TextFileStreamTest, ABatchThatIsTriedAgainHasTheSameFiles) {
  const auto stream = context_->textFileStream("/in");
  const auto seen = collect(stream);
  bool fails = true;
  stream.foreachRDD([&](const RDD<std::string>&) {
    if (std::exchange(fails, false)) throw std::runtime_error("not yet");
  });
  write("one", "1\n");
  ASSERT_FALSE(runBatch(1));
  write("two", "2\n");
  ASSERT_TRUE(runBatch(1, 2));
  ASSERT_TRUE(runBatch(2));
  EXPECT_EQ(*seen, (Lines{{1, {"1"}}, {2, {"2"}}}));
}

TEST_F(TextFileStreamTest, LinesLongerThanAPieceAreWhole) {
  const auto seen = collect(context_->textFileStream("/in"));
  const std::string longLine(200'000, 'x');
  write("long", longLine + "\n" + longLine + "y\nz\n");
  runBatches(1, 1);
  EXPECT_EQ(*seen, (Lines{{1, {longLine, longLine + "y", "z"}}}));
}

TEST_F(TextFileStreamTest, ALineWithoutEndFailsItsBatch) {
  collect(context_->textFileStream("/in"));
  write("endless", std::string(stream::TextLines::kLineMost + 1, 'x'));
  const auto done = runBatch(1);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("/in/endless"), std::string::npos) << done.error().message();
}

TEST_F(TextFileStreamTest, RefusesAFolderThatIsNotThere) {
  try {
    context_->textFileStream("/nowhere");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kIo);
    EXPECT_NE(error.message().find("/nowhere"), std::string::npos);
  }
}

}  // namespace
}  // namespace tidemill

// What outputs of the library and mistakes in a program come to across restarts: the rest of Spark's
// CheckpointSuite and of the errors in its StreamingContextSuite.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "stream/checkpoint/checkpoint_store.h"
#include "stream/job_runner.h"
#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {
namespace {

class RestartOutputsTest : public ContextFixture {
 protected:
  void SetUp() override {
    ContextFixture::SetUp();
    folder_ = std::filesystem::path(testing::TempDir()) / ("restarted-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    createStream(2);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    ContextFixture::TearDown();
  }
  std::unique_ptr<StreamingContext> begin(const std::function<void(StreamingContext&)>& define) {
    auto context = StreamingContext::getOrCreate("/checkpoints", [&] {
      auto made = makeContext();
      define(*made);
      return made;
    });
    context->start();
    return context;
  }
  // Of all folders that were finished.
  std::vector<std::string> saved() const {
    std::vector<std::string> lines;
    for (const auto& batch : std::filesystem::directory_iterator(folder_)) {
      EXPECT_TRUE(std::filesystem::exists(batch.path() / "_SUCCESS")) << batch.path();
      for (const auto& part : std::filesystem::directory_iterator(batch.path())) {
        std::ifstream file(part.path());
        for (std::string line; std::getline(file, line);) lines.push_back(line);
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  std::filesystem::path folder_;
};

// Spark: recovery with saveAsTextFiles, saveAsHadoopFiles and the like.
TEST_F(RestartOutputsTest, FilesOfABatchThatFailedBehindThemAreReplacedByTheNextProcess) {
  bool isDown = true;
  const auto define = [&](StreamingContext& context) {
    const auto input = lines(context);
    input.map([](const std::string& line) { return line + "!"; }).saveAsTextFiles((folder_ / "out").string());
    input.foreachRDD([&](const RDD<std::string>&, const BatchInfo& batch) {
      if (isDown && batch.records > 0) throw std::runtime_error("the sink is down");
    });
  };
  std::vector<std::string> wanted;
  for (int i = 10; i < 30; ++i) wanted.push_back("line-" + std::to_string(i));
  put(wanted);
  auto first = begin(define);
  EXPECT_EQ(failureOf(*first), Code::kUserCodeFailed);
  first.reset();
  EXPECT_FALSE(saved().empty()) << "they lie there from the batch that failed";

  isDown = false;
  put({"line-30"});
  wanted.push_back("line-30");
  auto second = begin(define);
  world_.runFor(10s);
  EXPECT_TRUE(stopped(*second));
  for (std::string& line : wanted) line += "!";
  EXPECT_EQ(saved(), wanted) << "each once";
}

// Spark: errors while a batch is generated reach whoever waits.
TEST_F(RestartOutputsTest, WhatATransformThrowsEndsTheContextWithItsWordsAndTheNextProcessLosesNothing) {
  put({"a", "b"});
  auto first = begin([&](StreamingContext& context) {
    lines(context)
        .transform([](const RDD<std::string>& rdd) -> RDD<std::string> {
          if (rdd.count() > 0) throw std::runtime_error("no table of prices");
          return rdd;
        })
        .print();
  });
  const Result<void> end = ended(*first);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
  EXPECT_NE(end.error().message().find("no table of prices"), std::string::npos);
  EXPECT_EQ(first->totals().checkpointed, 0);
  first.reset();

  std::vector<std::string> seen;
  auto second = begin([&](StreamingContext& context) {
    lines(context).foreachRDD([&](const RDD<std::string>& rdd) {
      for (std::string& line : rdd.collect()) seen.push_back(line);
    });
  });
  world_.runFor(10s);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

TEST_F(RestartOutputsTest, StateThatADirectoryCouldNotGiveBackIsRefused) {
  stream::checkSnapshotSize("totals", stream::kCheckpointValueBytesMax - 1024);
  EXPECT_EQ(thrownBy([] { stream::checkSnapshotSize("totals", stream::kCheckpointValueBytesMax); }),
            Code::kLimitExceeded);
}

TEST_F(RestartOutputsTest, WindowsOfALengthThatNoClockKnowsAreRefused) {
  auto context = makeContext();
  const auto input = lines(*context);
  const Duration most(std::numeric_limits<std::int64_t>::max() / 1000 * 1000);
  EXPECT_EQ(thrownBy([&] { input.window(most); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { input.window(Seconds(10), most); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { input.countByWindow(Seconds(-1), Seconds(1)); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context->remember(most); }), Code::kInvalidConfig);
}

}  // namespace
}  // namespace tidemill

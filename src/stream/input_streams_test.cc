// Queues and folders of text files as inputs of a program, which ends and starts again.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "stream/test_context.h"
#include "tidemill/dstream.h"
#include "tidemill/queue_stream.h"

namespace tidemill {
namespace {

using Numbers = std::vector<int>;

// With an engine, batch by batch in virtual time.
class InputStreamsTest : public ContextFixture {
 protected:
  using Define = std::function<void(StreamingContext&)>;

  void SetUp() override {
    ContextFixture::SetUp();
    ASSERT_TRUE(env().files.makeDirectory("/in"));
  }
  void write(const std::string& name, const std::string& text) {
    auto file = env().files.openAppend("/in/" + name);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
  }
  std::unique_ptr<StreamingContext> begin(const Define& define) {
    auto context = StreamingContext::getOrCreate("/checkpoints", [&] {
      auto made = makeContext();
      define(*made);
      return made;
    });
    context->start();
    return context;
  }
  // Keeps the lines of batches whose output succeeds; it fails as long as `sinkDown_`.
  Define collectFiles() {
    return [this](StreamingContext& context) {
      context.textFileStream("/in").foreachRDD([this](const RDD<std::string>& rdd) {
        std::vector<std::string> lines = rdd.collect();
        if (sinkDown_ && !lines.empty()) throw std::runtime_error("the sink is down");
        seen_.insert(seen_.end(), lines.begin(), lines.end());
      });
    };
  }

  // What the batches had of a queue with an entry for each of them, the first of which fails twice.
  std::vector<Numbers> queueBehindASlowBatch() {
    const auto queue = std::make_shared<RDDQueue<int>>();
    for (int i = 1; i <= 5; ++i) queue->push({i});
    auto context = makeContext();
    std::vector<Numbers> seen;
    int failures = 2;
    context->queueStream(queue).foreachRDD([&](const RDD<int>& rdd) {
      if (failures-- > 0) throw std::runtime_error("not yet");
      seen.push_back(rdd.collect());
    });
    context->start();
    world_.runFor(4500ms);
    EXPECT_TRUE(stopped(*context));
    return seen;
  }
  // Line by batch, of a file whose batch was pending at a kill, and of one that came later.
  std::map<Time, std::vector<std::string>> pendingFilesOfTwoLives() {
    std::map<Time, std::vector<std::string>> seen;
    const auto define = [&](StreamingContext& context) {
      context.textFileStream("/in").foreachRDD([&](const RDD<std::string>& rdd, Time time) {
        std::vector<std::string> lines = rdd.collect();
        if (sinkDown_ && !lines.empty()) throw std::runtime_error("the sink is down");
        if (!lines.empty()) seen[time] = std::move(lines);
      });
    };
    auto first = begin(define);
    world_.runFor(2s);
    sinkDown_ = true;
    write("one", "1\n");
    world_.runFor(1s);
    first.reset();  // Killed.

    write("two", "2\n");
    sinkDown_ = false;
    auto second = begin(define);
    world_.runFor(3s);
    EXPECT_TRUE(stopped(*second));
    return seen;
  }

  bool sinkDown_ = false;
  std::vector<std::string> seen_;
};

TEST_F(InputStreamsTest, EveryBatchTakesItsEntryOfAQueueAlsoBehindASlowOne) {
  const std::vector<Numbers> seen = queueBehindASlowBatch();
  EXPECT_EQ(seen, (std::vector<Numbers>{{1}, {2}, {3}, {4}, {5}}));
}

TEST_F(InputStreamsTest, APlantedBugSkipsEntriesOfAQueue) {
  world_.faultPlan().planted = {"queue-batch-skipped"};
  EXPECT_LT(queueBehindASlowBatch().size(), 5u);
}

TEST_F(InputStreamsTest, AFileThatAppearsDuringASlowBatchIsReadBeforeAGracefulStopEnds) {
  auto context = makeContext();
  sinkDown_ = true;
  collectFiles()(*context);
  context->start();
  write("one", "1\n");
  world_.runFor(1200ms);  // Its batch has failed, and waits for its next try.
  write("two", "2\n");
  sinkDown_ = false;
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(seen_, (std::vector<std::string>{"1", "2"}));
}

TEST_F(InputStreamsTest, FilesOfCompletedBatchesAreNotReadAgainByTheNextProcess) {
  write("old", "0\n");
  auto first = begin(collectFiles());
  write("one", "1\n");
  world_.runFor(3s);
  first.reset();  // Killed.

  write("two", "2\n");
  auto second = begin(collectFiles());
  world_.runFor(3s);
  EXPECT_EQ(seen_, (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(InputStreamsTest, FilesOfBatchesThatWereNotCompletedAreReadAgainByTheNextProcess) {
  write("old", "0\n");
  auto first = begin(collectFiles());
  write("one", "1\n");
  world_.runFor(3s);
  sinkDown_ = true;
  write("two", "2\n");
  EXPECT_EQ(failureOf(*first), Code::kUserCodeFailed);
  first.reset();

  sinkDown_ = false;
  auto second = begin(collectFiles());
  world_.runFor(3s);
  EXPECT_EQ(seen_, (std::vector<std::string>{"1", "2"}));
}

TEST_F(InputStreamsTest, FilesOfTheVeryFirstBatchAreNotTakenForOldByTheNextProcess) {
  write("old", "0\n");
  sinkDown_ = true;
  auto first = begin(collectFiles());
  write("one", "1\n");
  EXPECT_EQ(failureOf(*first), Code::kUserCodeFailed);
  first.reset();

  sinkDown_ = false;
  auto second = begin(collectFiles());
  world_.runFor(3s);
  EXPECT_EQ(seen_, (std::vector<std::string>{"1"}));
}

TEST_F(InputStreamsTest, FilesOfSeveralPendingBatchesComeBackEachInItsOwn) {
  std::map<Time, std::vector<std::string>> seen;
  std::map<Time, std::vector<std::string>> tried;
  bool down = false;
  const auto keep = [&](StreamingContext& context) {
    context.textFileStream("/in").uid("files").foreachRDD([&](const RDD<std::string>& rdd, Time time) {
      std::vector<std::string> lines = rdd.collect();
      if (!lines.empty()) tried[time] = lines;
      if (down && !lines.empty()) throw std::runtime_error("the sink is down");
      if (!lines.empty()) seen[time] = lines;
    });
  };
  const Conf conf = Conf().set("tidemill.batch.maxFailures", "1000");
  const auto started = [&] {
    auto context = StreamingContext::getOrCreate("/checkpoints", [&] {
      auto made = std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
      keep(*made);
      return made;
    });
    context->start();
    return context;
  };
  auto first = started();
  world_.runFor(2s);
  down = true;
  for (int i = 1; i <= 4; ++i) {  // One a second: only the first of them is tried.
    write("file-" + std::to_string(i), std::to_string(i) + "\n");
    world_.runFor(1s);
  }
  ASSERT_EQ(tried.size(), 1u);
  const Time firstTime = tried.begin()->first;
  first.reset();  // Killed.
  write("late", "late\n");
  world_.runFor(3s);

  down = false;
  auto second = started();
  world_.runFor(5s);
  ASSERT_EQ(seen.size(), 5u);
  for (int i = 1; i <= 4; ++i)
    EXPECT_EQ(seen[firstTime + Seconds(i - 1)], (std::vector<std::string>{std::to_string(i)}));
  EXPECT_EQ(seen.rbegin()->second, (std::vector<std::string>{"late"}));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(InputStreamsTest, APlantedBugGivesABatchOtherFilesAfterARestart) {
  EXPECT_EQ(pendingFilesOfTwoLives().size(), 2u);
  ASSERT_TRUE(env().files.remove("/in/one"));
  ASSERT_TRUE(env().files.remove("/in/two"));
  world_.runFor(1s);
  world_.faultPlan().planted = {"file-choices-forgotten"};
  EXPECT_EQ(pendingFilesOfTwoLives().size(), 1u);
}

TEST_F(InputStreamsTest, AFileThatIsRemovedBeforeItsBatchIsDoneIsLeftOutAndTold) {
  auto first = begin(collectFiles());
  world_.runFor(2s);
  sinkDown_ = true;
  write("one", "1\n");
  write("two", "2\n");
  world_.runFor(1s);
  first.reset();
  ASSERT_TRUE(env().files.remove("/in/one"));

  sinkDown_ = false;
  auto second = begin(collectFiles());
  world_.runFor(3s);
  EXPECT_EQ(seen_, (std::vector<std::string>{"2"}));
  EXPECT_EQ(node_->log().count("text_file_gone"), 1u);
  EXPECT_TRUE(stopped(*second));
}

TEST_F(InputStreamsTest, FilesThatAppearDuringASlowBatchAreInTheBatchOfTheirTime) {
  auto context = std::make_unique<StreamingContext>(*seams_, Conf().set("tidemill.batch.maxFailures", "1000"),
                                                    Seconds(1));
  sinkDown_ = true;
  std::map<Time, std::vector<std::string>> seen;
  context->textFileStream("/in").foreachRDD([&](const RDD<std::string>& rdd, Time time) {
    std::vector<std::string> lines = rdd.collect();
    if (sinkDown_ && !lines.empty()) throw std::runtime_error("the sink is down");
    if (!lines.empty()) seen[time] = lines;
  });
  context->start();
  world_.runFor(500ms);
  for (int i = 1; i <= 2; ++i) {
    write("file-" + std::to_string(i), std::to_string(i) + "\n");
    world_.runFor(1s);
  }
  sinkDown_ = false;
  world_.runFor(3s);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_TRUE(stopped(*context));
}

// Spark: recovery with file input stream.
TEST_F(InputStreamsTest, ManyRandomKillsLoseNoFile) {
  write("old", "old\n");
  {
    const auto begun = begin(collectFiles());
    world_.runFor(2s);  // From here on it is known what is old.
  }
  int files = 0;
  for (int life = 0; life < 20; ++life) {
    sinkDown_ = random_.chance(3, 10);
    auto context = begin(collectFiles());
    const int steps = static_cast<int>(random_.between(1, 8));
    for (int step = 0; step < steps; ++step) {
      write("file-" + std::to_string(files), std::to_string(files) + "\n");
      ++files;
      const auto pause = std::chrono::milliseconds(random_.between(20, 900));
      world_.runFor(pause);
    }
  }
  sinkDown_ = false;
  auto last = begin(collectFiles());
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*last));
  const std::set<std::string> seen(seen_.begin(), seen_.end());
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(files));
  EXPECT_FALSE(seen.contains("old"));
  EXPECT_LE(seen_.size(), static_cast<std::size_t>(2 * files));
}

TEST_F(InputStreamsTest, AStateThatIsMadeOfFilesCountsEachOnceAcrossARestart) {
  std::map<std::string, int> counts;
  const auto count = [&](StreamingContext& context) {
    context.textFileStream("/in")
        .uid("files")
        .map([](const std::string& line) { return std::pair<std::string, int>(line, 1); })
        .updateStateByKey([](const std::vector<int>& values, std::optional<int> before) {
          int sum = before.value_or(0);
          for (const int value : values) sum += value;
          return std::optional<int>(sum);
        })
        .uid("counts")
        .foreachRDD([&](const RDD<std::pair<std::string, int>>& rdd) {
          for (const auto& [line, sum] : rdd.collect()) counts[line] = sum;
        });
  };
  auto first = begin(count);
  for (int i = 0; i < 13; ++i) {  // Beyond a snapshot, and beyond that.
    write("file-" + std::to_string(i), "a\n");
    world_.runFor(1s);
  }
  world_.runFor(2s);
  EXPECT_EQ(counts["a"], 13);
  first.reset();

  auto second = begin(count);
  write("last", "a\n");
  world_.runFor(4s);
  EXPECT_EQ(counts["a"], 14);
  EXPECT_TRUE(stopped(*second));
}

TEST_F(InputStreamsTest, AWindowOfFilesLooksBackBehindARestart) {
  std::vector<std::int64_t> counts;
  const auto count = [&](StreamingContext& context) {
    context.textFileStream("/in").window(Seconds(20)).foreachRDD([&](const RDD<std::string>& rdd) {
      counts.push_back(rdd.count());
    });
  };
  auto first = begin(count);
  for (int i = 0; i < 5; ++i) {
    write("file-" + std::to_string(i), "a\n");
    world_.runFor(1s);
  }
  world_.runFor(2s);
  ASSERT_EQ(counts.back(), 5);
  first.reset();
  counts.clear();

  auto second = begin(count);
  world_.runFor(500ms);
  write("last", "a\n");
  world_.runFor(4s);
  ASSERT_FALSE(counts.empty());
  EXPECT_GE(counts.front(), 5);
  EXPECT_EQ(counts.back(), 6);
  world_.runFor(20s);
  EXPECT_EQ(counts.back(), 0);
  EXPECT_TRUE(stopped(*second));
}

}  // namespace
}  // namespace tidemill

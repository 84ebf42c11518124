// The sixth of what Spark tests of its Kinesis stream, with the same meaning: batches are made again after a
// restart. With threads, sockets and files, since RDDs wait for Kinesis here.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "stream/test_context.h"
#include "stream/test_numbers.h"
#include "stream/test_service.h"
#include "tidemill/kinesis_backed_block_rdd.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill {
namespace {

using BackedNumbers = KinesisBackedBlockRDD<int>;

// Nobody listens there.
constexpr char kNobodyListens[] = "http://127.0.0.1:1";

// One batch as its output saw it.
struct Seen {
  std::vector<std::string> blockIds;
  std::vector<SequenceNumberRanges> ranges;
  std::vector<int> data;
  BackedNumbers backed;
};

// The batches with records of one run, for the test's thread to wait on.
class SeenBatches {
 public:
  void add(Seen batch) {
    const std::lock_guard lock(mutex_);
    for (const int number : batch.data) numbers_.insert(number);
    batches_.push_back(std::move(batch));
    changed_.notify_all();
  }
  // False if they do not come.
  bool waitFor(const std::set<int>& numbers) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] {
      return std::includes(numbers_.begin(), numbers_.end(), numbers.begin(), numbers.end());
    });
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return batches_.size();
  }
  // When nothing is added any more, or to look at those that are there.
  std::vector<Seen> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> numbers_;
  std::vector<Seen> batches_;
};

class KinesisStreamRecoveryTest : public testing::TestWithParam<Aggregation> {
 protected:
  KinesisStreamRecoveryTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    service_.createStream(2);
  }
  ~KinesisStreamRecoveryTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<StreamingContext> makeContext() {
    Conf conf;
    conf.set("tidemill.state.directory", folder_ + "/state").set("tidemill.worker.id", "me");
    conf.set("spark.streaming.blockInterval", "20ms").set("tidemill.kinesis.idleTimeBetweenReads", "20ms");
    conf.set("tidemill.kinesis.readCallsPerSecond", "0");
    return std::make_unique<StreamingContext>(conf, Milliseconds(50));
  }
  DStream<int> numbers(StreamingContext& context) {
    return KinesisUtils::createStream(context, "app", "orders", service_.endpoint(), "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Milliseconds(50),
                                      StorageLevel::MEMORY_AND_DISK, numberIn, "test", "test");
  }
  // Ten more integers, which must arrive.
  void pushAndWait(SeenBatches& seen) {
    const int first = static_cast<int>(pushed_.size()) + 1;
    service_.putEntries(numberEntries(first, first + 9, GetParam()));
    std::set<int> now;
    for (int number = first; number < first + 10; ++number) now.insert(number);
    pushed_.insert(now.begin(), now.end());
    ASSERT_TRUE(seen.waitFor(now));
  }
  // The same blocks with the context of whoever asks.
  BackedNumbers again(const StreamingContext& context, const Seen& batch, const std::string& endpoint) {
    return BackedNumbers(context.sparkContext(), "us-east-1", endpoint, batch.blockIds, batch.ranges, {},
                         10'000, numberIn, AwsCredentials("test", "test"));
  }
  void keep(const RDD<int>& rdd, SeenBatches& seen) {
    Seen batch{{}, {}, rdd.collect(), *BackedNumbers::of(rdd)};
    if (batch.data.empty()) return;
    for (const Partition& partition : rdd.getPartitions()) {
      EXPECT_TRUE(partition.isBlockIdValid);
      batch.blockIds.push_back(partition.blockId);
      batch.ranges.push_back(partition.seqNumberRanges);
    }
    seen.add(std::move(batch));
  }

  std::string folder_;
  Service service_;
  std::set<int> pushed_;
};

INSTANTIATE_TEST_SUITE_P(Records, KinesisStreamRecoveryTest, codec::plainAndAggregated(), codec::modeName);

// 6. Spark restarts from its checkpoint directory, which knows the ranges of old batches. Here the leases say
// where to go on, and the test remembers the ranges.
TEST_P(KinesisStreamRecoveryTest, OldBatchesAreTheSameAfterARestart) {
  SeenBatches before;
  {
    auto context = makeContext();
    numbers(*context).foreachRDD([&](const RDD<int>& rdd) { keep(rdd, before); });
    context->start();
    for (int i = 0; i < 100 && (before.size() <= 10 || context->totals().checkpointed == 0); ++i) {
      pushAndWait(before);
    }
    ASSERT_GT(before.size(), 10u);
    ASSERT_GT(context->totals().checkpointed, 0);
    EXPECT_TRUE(context->stop(true, false));
  }
  SeenBatches after;
  auto context = makeContext();
  numbers(*context).foreachRDD([&](const RDD<int>& rdd) { keep(rdd, after); });
  context->start();
  pushAndWait(after);

  for (const Seen& batch : before.batches()) {
    const BackedNumbers remade = again(*context, batch, service_.endpoint());
    const std::vector<Partition> partitions = remade.getPartitions();
    ASSERT_EQ(partitions.size(), batch.ranges.size());
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      EXPECT_EQ(partitions[i].seqNumberRanges, batch.ranges[i]);
    }
    EXPECT_EQ(remade.collect(), batch.data);
    EXPECT_EQ(thrownBy([&] { batch.backed.collect(); }), Code::kUsage);  // Its context has stopped.
  }
  EXPECT_TRUE(context->stop(true, true));
  EXPECT_LT(context->totals().received, static_cast<std::int64_t>(pushed_.size()));  // It went on, not anew.
  EXPECT_EQ(context->totals().received, context->totals().checkpointed);
}

TEST_P(KinesisStreamRecoveryTest, OldBatchesAreTheSameWhileTheStreamGoesOn) {
  SeenBatches seen;
  auto context = makeContext();
  numbers(*context).foreachRDD([&](const RDD<int>& rdd) {
    keep(rdd, seen);
    // The job's thread waits for the control lane, and Kinesis is not asked.
    EXPECT_EQ(BackedNumbers::of(rdd)->collect(), rdd.collect());
    for (const Seen& batch : seen.batches()) {
      if (batch.backed.getPartitions() != rdd.getPartitions()) continue;
      EXPECT_EQ(again(*context, batch, kNobodyListens).collect(), batch.data);
    }
  });
  context->start();
  for (int i = 0; i < 3; ++i) pushAndWait(seen);

  pushAndWait(seen);  // The batches before it are over.
  const std::vector<Seen> batches = seen.batches();
  for (std::size_t i = 0; i + 1 < batches.size(); ++i) {
    EXPECT_FALSE(*context->sparkContext().hasBlock(batches[i].blockIds.front()));
    EXPECT_EQ(batches[i].backed.collect(), batches[i].data);
    // Now it is in the store of the context.
    EXPECT_EQ(again(*context, batches[i], kNobodyListens).collect(), batches[i].data);
  }
  EXPECT_TRUE(context->stop(true, true));
  EXPECT_EQ(context->totals().blocksLost, 0);
}

}  // namespace
}  // namespace tidemill

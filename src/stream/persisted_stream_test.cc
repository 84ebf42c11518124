// Streams that are persisted: computed once, kept where their level says, and gone with their batch.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stream/test_stream.h"

namespace tidemill {
namespace {

template <class T>
using Seen = std::map<std::int64_t, std::vector<T>>;
using Word = std::pair<std::string, int>;

constexpr StorageLevel kEveryLevel[] = {
    StorageLevel::DISK_ONLY,           StorageLevel::DISK_ONLY_2,           StorageLevel::DISK_ONLY_3,
    StorageLevel::MEMORY_ONLY,         StorageLevel::MEMORY_ONLY_2,         StorageLevel::MEMORY_ONLY_SER,
    StorageLevel::MEMORY_ONLY_SER_2,   StorageLevel::MEMORY_AND_DISK,       StorageLevel::MEMORY_AND_DISK_2,
    StorageLevel::MEMORY_AND_DISK_SER, StorageLevel::MEMORY_AND_DISK_SER_2, StorageLevel::OFF_HEAP,
};

struct NoCodec {
  int number = 0;
};

class PersistedStreamTest : public StreamFixture {
 protected:
  std::size_t filesKept() {
    auto there = env().files.exists(kPersisted);
    if (!there || !*there) return 0;
    auto names = env().files.list(kPersisted);
    EXPECT_TRUE(names);
    return names ? names->size() : 0;
  }
  // A text for each number, and how many were made.
  DStream<std::string> texts(const DStream<int>& numbers) {
    return numbers.map([this](int n) {
      ++made_;
      return "the number " + std::to_string(n);
    });
  }
  // Where what is kept lies while an output runs, seen by one that is defined after the others.
  void observe(const DStream<int>& numbers) {
    numbers.foreachRDD([this](const RDD<int>&) {
      memorySeen_.push_back(partitions_->memoryUsed());
      filesSeen_.push_back(filesKept());
    });
  }

  std::atomic<int> made_{0};
  std::vector<std::int64_t> memorySeen_;
  std::vector<std::size_t> filesSeen_;
};

class PersistedAtALevel : public PersistedStreamTest, public testing::WithParamInterface<StorageLevel> {};

TEST_P(PersistedAtALevel, IsComputedOnceForAllOutputsOfABatchAndGoesWithIt) {
  const auto numbers = input<int>({{1, 2, 3}, {4, 5}, {}});
  const auto persisted = texts(numbers).persist(GetParam());
  const auto first = collect(persisted);
  const auto second = collect(persisted.map([](const std::string& text) { return text.size(); }));
  observe(numbers);
  runBatches(1, 3);

  EXPECT_EQ(*first, (Seen<std::string>{{1, {"the number 1", "the number 2", "the number 3"}},
                                       {2, {"the number 4", "the number 5"}},
                                       {3, {}}}));
  EXPECT_EQ(second->at(1), (std::vector<std::size_t>{12, 12, 12}));
  EXPECT_EQ(made_, 5);
  const bool inMemory = traitsOf(GetParam()).memory;
  EXPECT_EQ(memorySeen_.front() > 0, inMemory);
  EXPECT_EQ(filesSeen_.front(), inMemory ? 0u : 2u);
  EXPECT_EQ(persisted.node()->rddsHeld(), 0u);
  EXPECT_EQ(partitions_->memoryUsed(), 0);
  EXPECT_EQ(partitions_->diskUsed(), 0);
  EXPECT_EQ(filesKept(), 0u);
}

TEST_P(PersistedAtALevel, LosesNothingWhereThereIsNoRoomAtAll) {
  persistIn(/*memoryBytes=*/0, /*diskBytes=*/0);
  const auto numbers = input<int>({{1, 2, 3}, {4, 5}});
  const auto persisted = texts(numbers).persist(GetParam());
  const auto first = collect(persisted);
  const auto second = collect(persisted);
  const auto windows = collect(persisted.window(Seconds(2)));
  runBatches(1, 2);

  EXPECT_EQ(*first, *second);
  EXPECT_EQ(first->at(2), (std::vector<std::string>{"the number 4", "the number 5"}));
  EXPECT_EQ(windows->at(2).size(), 5u);
  EXPECT_EQ(partitions_->memoryUsed(), 0);
  EXPECT_EQ(filesKept(), 0u);
}

INSTANTIATE_TEST_SUITE_P(EveryLevel, PersistedAtALevel, testing::ValuesIn(kEveryLevel),
                         [](const auto& level) { return storageLevelName(level.param); });

TEST_F(PersistedStreamTest, IsComputedAgainWhereMemoryIsFullAndTheLevelHasNoDisk) {
  persistIn(/*memoryBytes=*/10, /*diskBytes=*/1 << 20);
  const auto numbers = input<int>({{1, 2, 3}});
  for (const StorageLevel level : {StorageLevel::MEMORY_ONLY, StorageLevel::MEMORY_ONLY_SER}) {
    const auto persisted = texts(numbers).persist(level);
    collect(persisted);
    collect(persisted);
  }
  observe(numbers);
  runBatches(1, 1);
  EXPECT_EQ(made_, 12);  // Two levels, two outputs.
  EXPECT_EQ(filesSeen_, std::vector<std::size_t>{0});
}

TEST_F(PersistedStreamTest, GoesToFilesWhereMemoryIsFullAndTheLevelHasADisk) {
  persistIn(/*memoryBytes=*/10, /*diskBytes=*/1 << 20);
  const auto numbers = input<int>({{1, 2, 3}});
  std::vector<std::shared_ptr<Seen<std::string>>> seen;
  for (const StorageLevel level : {StorageLevel::MEMORY_AND_DISK, StorageLevel::MEMORY_AND_DISK_SER}) {
    const auto persisted = texts(numbers).persist(level);
    seen.push_back(collect(persisted));
    seen.push_back(collect(persisted));
  }
  observe(numbers);
  runBatches(1, 1);
  EXPECT_EQ(made_, 6);  // Two levels.
  for (const auto& one : seen) EXPECT_EQ(one->at(1).size(), 3u);
  EXPECT_EQ(filesSeen_, std::vector<std::size_t>{4});
  EXPECT_EQ(filesKept(), 0u);
}

TEST_F(PersistedStreamTest, WindowsLookBackAtFilesWhereTheLevelIsTheDisk) {
  std::vector<std::vector<int>> batches;
  for (int i = 1; i <= 8; ++i) batches.push_back({10 * i, 10 * i + 1});
  const auto numbers = input<int>(batches);
  const auto windows = texts(numbers).window(Seconds(3)).persist(StorageLevel::DISK_ONLY);
  const auto seen = collect(windows);
  const auto plain = collect(texts(numbers).window(Seconds(3)));
  observe(numbers);
  runBatches(1, 8);

  EXPECT_EQ(*seen, *plain);
  EXPECT_EQ(seen->at(8).size(), 6u);
  EXPECT_EQ(memorySeen_.back(), 0);
  EXPECT_LE(filesSeen_.back(), 6u);  // Of three batches, two partitions each.
  EXPECT_GE(filesSeen_.back(), 4u);
  ASSERT_TRUE(partitions_->close());  // As a context does at its end.
  EXPECT_EQ(filesKept(), 0u);
}

TEST_F(PersistedStreamTest, AWindowThatIsMadeOfTheOneBeforeIsTheSameAtEveryLevel) {
  std::vector<std::vector<Word>> batches;
  for (int i = 0; i < 9; ++i) batches.push_back({{"a", i}, {"b", 1}, {"c" + std::to_string(i % 4), 2}});
  const auto words = input<Word>(batches);
  const auto windows = [&] {
    return words.reduceByKeyAndWindow(std::plus<int>(), std::minus<int>(), Seconds(4), Seconds(1));
  };
  const auto plain = collect(windows());
  std::vector<std::shared_ptr<Seen<Word>>> seen;
  for (const StorageLevel level : kEveryLevel) seen.push_back(collect(windows().persist(level)));
  runBatches(1, 9);
  for (const auto& one : seen) EXPECT_EQ(*one, *plain);
}

TEST_F(PersistedStreamTest, AFileOfAWindowThatIsGoneFailsTheBatchAndIsNamed) {
  const auto numbers = input<int>({{1}, {2}, {3}});
  const auto seen = collect(texts(numbers).persist(StorageLevel::DISK_ONLY).window(Seconds(3)));
  runBatches(1, 2);
  auto names = env().files.list(kPersisted);
  ASSERT_TRUE(names);
  ASSERT_FALSE(names->empty());
  for (const std::string& name : *names) ASSERT_TRUE(env().files.remove(kPersisted + ("/" + name)));
  const auto failed = runBatch(3);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("looks back at cannot be read"), std::string::npos)
      << failed.error().message();
  EXPECT_FALSE(seen->contains(3));
}

TEST_F(PersistedStreamTest, StateLiesInMemoryWhateverItsLevel) {
  const auto totals = input<Word>({{{"a", 1}}, {{"a", 2}, {"b", 1}}})
                          .updateStateByKey([](const std::vector<int>& values, std::optional<int> total) {
                            int sum = total.value_or(0);
                            for (const int value : values) sum += value;
                            return std::optional<int>(sum);
                          });
  const auto seen = collect(totals.persist(StorageLevel::DISK_ONLY));
  runBatches(1, 2);
  EXPECT_EQ(seen->at(2), (std::vector<Word>{{"a", 3}, {"b", 1}}));
  EXPECT_EQ(filesKept(), 0u);
}

TEST_F(PersistedStreamTest, WhatAFailedTryHasKeptIsNotUsedByTheNext) {
  bool fails = true;
  const auto numbers = input<int>({{1, 2}});
  const auto persisted = texts(numbers).persist(StorageLevel::DISK_ONLY);
  const auto seen = collect(persisted);
  numbers.foreachRDD([&](const RDD<int>&) {
    if (fails) throw std::runtime_error("once more");
  });
  EXPECT_FALSE(runBatch(1));
  EXPECT_EQ(filesKept(), 0u);
  fails = false;
  EXPECT_TRUE(runBatch(1, 2));
  EXPECT_EQ(seen->at(1).size(), 2u);
  EXPECT_EQ(made_, 4);
  EXPECT_EQ(filesKept(), 0u);
}

TEST_F(PersistedStreamTest, RememberedRddsStayPersisted) {
  context_->remember(Seconds(3));
  const auto numbers = input<int>({{1}, {2}, {3}, {4}});
  const auto persisted = texts(numbers).persist(StorageLevel::MEMORY_ONLY);
  std::size_t sliced = 0;
  persisted.foreachRDD([&](const RDD<std::string>& rdd, Time time) {
    rdd.count();
    sliced = 0;
    for (const auto& earlier : persisted.slice(time - Seconds(2), time)) sliced += earlier.collect().size();
  });
  runBatches(1, 4);
  EXPECT_EQ(sliced, 3u);
  EXPECT_EQ(made_, 4);
}

// Holds the RDD of the first batch, and asks it in the second.
class HeldRdd : public PersistedStreamTest {
 protected:
  void run(bool unpersists) {
    graph().run->setUnpersists(unpersists);
    const auto persisted = texts(input<int>({{1, 2}, {}})).persist(StorageLevel::DISK_ONLY);
    persisted.foreachRDD([this](const RDD<std::string>& rdd) {
      if (!held_) held_ = rdd;
      EXPECT_EQ(held_->count(), 2);
    });
    runBatches(1, 2);
  }
  std::optional<RDD<std::string>> held_;
};

TEST_F(HeldRdd, IsDroppedWhenTheStreamForgetsIt) {
  run(/*unpersists=*/true);
  EXPECT_EQ(made_, 4);
  EXPECT_EQ(held_->getStorageLevel(), StorageLevel::NONE);
  EXPECT_EQ(filesKept(), 0u);
}

TEST_F(HeldRdd, StaysPersistedWithoutUnpersist) {
  run(/*unpersists=*/false);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(held_->getStorageLevel(), StorageLevel::DISK_ONLY);
  EXPECT_EQ(filesKept(), 2u);
  held_->unpersist();
  EXPECT_EQ(filesKept(), 0u);
}

TEST_F(PersistedStreamTest, WhatTheProgramHasPersistedIsItsOwn) {
  const auto numbers = input<int>({{1, 2}, {}});
  std::optional<RDD<std::string>> held;
  const auto same = texts(numbers).transform([](const RDD<std::string>& rdd) { return rdd.cache(); });
  same.persist(StorageLevel::DISK_ONLY).foreachRDD([&](const RDD<std::string>& rdd) {
    if (!held) held = rdd;
    EXPECT_EQ(held->count(), 2);
  });
  runBatches(1, 2);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(held->getStorageLevel(), StorageLevel::MEMORY_ONLY);
}

TEST_F(PersistedStreamTest, IsRefusedWhereItCannotBe) {
  const auto numbers = input<int>({{1, 2}});
  std::atomic<int> made{0};
  const auto opaque = numbers.map([&](int n) {
    ++made;
    return NoCodec{n};
  });
  EXPECT_EQ(thrownBy([&] { opaque.persist(StorageLevel::MEMORY_ONLY_SER); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { opaque.persist(StorageLevel::MEMORY_AND_DISK); }), Code::kUsage);
  opaque.cache();  // As elements.
  const auto count = collect(opaque.map([](const NoCodec& element) { return element.number; }));
  opaque.foreachRDD([](const RDD<NoCodec>& rdd) { EXPECT_EQ(rdd.count(), 2); });
  runBatches(1, 1);
  EXPECT_EQ(count->at(1), (std::vector<int>{1, 2}));
  EXPECT_EQ(made, 2);
}

TEST_F(PersistedStreamTest, UnpersistBeforeTheStartTakesItBack) {
  const auto persisted = texts(input<int>({{1, 2}})).cache();
  persisted.unpersist();
  collect(persisted);
  collect(persisted);
  runBatches(1, 1);
  EXPECT_EQ(made_, 4);
}

class PersistingContext : public ContextFixture {
 protected:
  // Records of three batches, of which the program holds all RDDs.
  void run(bool unpersists) {
    createStream(1);
    Conf conf;
    conf.set("tidemill.worker.id", "me").set("spark.local.dir", "/scratch");
    conf.set("spark.streaming.unpersist", unpersists ? "true" : "false");
    StreamingContext context(*seams_, conf, Seconds(1));
    const auto persisted =
        lines(context).map([](std::string line) { return line + "!"; }).persist(StorageLevel::DISK_ONLY);
    persisted.foreachRDD([&](const RDD<std::string>& rdd) {
      count_ += rdd.count();
      held_.push_back(rdd);
    });
    context.start();
    EXPECT_EQ(thrownBy([&] { persisted.persist(StorageLevel::MEMORY_ONLY); }), Code::kUsage);
    for (int i = 0; i < 3; ++i) {
      put({"a" + std::to_string(i), "b" + std::to_string(i)});
      world_.runFor(1s);
    }
    world_.runFor(5s);
    filesWhileItRan_ = files().size();
    ASSERT_TRUE(stopped(context));
  }
  std::vector<std::string> files() {
    constexpr char kFolder[] = "/scratch/tidemill-persisted/me";
    auto there = env().files.exists(kFolder);
    EXPECT_TRUE(there);
    if (!there || !*there) return {};
    auto names = env().files.list(kFolder);
    EXPECT_TRUE(names);
    return names ? *names : std::vector<std::string>{"unknown"};
  }

  std::int64_t count_ = 0;
  std::size_t filesWhileItRan_ = 0;
  std::vector<RDD<std::string>> held_;
};

TEST_F(PersistingContext, LeavesNoFileOfForgottenRdds) {
  run(/*unpersists=*/true);
  EXPECT_EQ(count_, 6);
  EXPECT_EQ(filesWhileItRan_, 0u);
  EXPECT_TRUE(files().empty());
}

TEST_F(PersistingContext, LeavesNoFileOfRddsThatTheProgramStillHoldsWhenItEnds) {
  run(/*unpersists=*/false);
  EXPECT_EQ(count_, 6);
  EXPECT_GE(filesWhileItRan_, 1u);
  EXPECT_TRUE(files().empty());
  // A file of the next process with the same name is not touched by what is dropped now.
  ASSERT_TRUE(env().files.openAppend("/scratch/tidemill-persisted/me/00000000000000000000"));
  held_.clear();
  EXPECT_EQ(files().size(), 1u);
}

}  // namespace
}  // namespace tidemill

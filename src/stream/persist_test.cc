#include "tidemill/persist.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/log.h"
#include "rt/posix_file_system.h"
#include "stream/partition_store.h"
#include "stream/test_rdds.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

class CountingLog final : public base::LogSink {
 public:
  void write(base::Severity, std::string_view event, const std::vector<base::LogField>&) override {
    if (event == "partition_not_kept") ++notKept;
  }
  std::atomic<int> notKept{0};
};

struct Opaque {
  int number = 0;
};

class PersistTest : public testing::Test {
 protected:
  static constexpr std::int64_t kMuch = 1 << 20;

  PersistTest()
      : folder_(testing::TempDir() + "persist_test_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    open(kMuch, kMuch);
  }
  ~PersistTest() override { std::filesystem::remove_all(folder_); }

  void open(std::int64_t memoryBytes, std::int64_t diskBytes) {
    store_ = std::make_shared<stream::PartitionStore>(
        files_, log_,
        stream::PartitionStoreOptions{
            .memoryBytes = memoryBytes, .diskBytes = diskBytes, .directory = folder_});
    runner_ = std::make_unique<stream::RetryingTaskRunner>(workers_, 3, store_);
  }

  // Three partitions of a hundred texts; counts how many are made.
  RDD<std::string> texts() {
    std::vector<std::vector<int>> parts(3);
    for (int i = 0; i < 300; ++i) parts[static_cast<std::size_t>(i / 100)].push_back(i);
    return RDD<int>(std::make_shared<detail::VectorNode<int>>(*runner_, std::move(parts))).map([this](int i) {
      ++made_;
      return "number " + std::to_string(i);
    });
  }

  std::size_t filesKept() const {
    if (!std::filesystem::exists(folder_)) return 0;
    const std::filesystem::directory_iterator files(folder_);
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  const std::string folder_;
  rt::PosixFileSystem files_;
  CountingLog log_;
  rt::ThreadPool workers_{3, "test"};
  std::shared_ptr<stream::PartitionStore> store_;
  std::unique_ptr<stream::RetryingTaskRunner> runner_;
  std::atomic<int> made_{0};
};

TEST_F(PersistTest, ComputesEachPartitionOnceAtEveryLevel) {
  const auto plain = texts().collect();
  for (const StorageLevel level :
       {StorageLevel::MEMORY_ONLY, StorageLevel::MEMORY_ONLY_2, StorageLevel::MEMORY_ONLY_SER,
        StorageLevel::MEMORY_AND_DISK, StorageLevel::MEMORY_AND_DISK_SER_2, StorageLevel::DISK_ONLY,
        StorageLevel::DISK_ONLY_3, StorageLevel::OFF_HEAP}) {
    made_ = 0;
    const auto kept = texts().persist(level);
    EXPECT_EQ(kept.getStorageLevel(), level);
    EXPECT_EQ(kept.collect(), plain) << storageLevelName(level);
    EXPECT_EQ(kept.collect(), plain) << storageLevelName(level);
    EXPECT_EQ(kept.count(), 300);
    EXPECT_EQ(kept.map([](std::string text) { return text.size(); }).count(), 300);
    EXPECT_EQ(made_, 300) << storageLevelName(level);
  }
  EXPECT_EQ(log_.notKept, 0);
}

TEST_F(PersistTest, KeepsOnlyWhatAnActionComputed) {
  const auto kept = texts().cache();
  EXPECT_EQ(kept.take(5).size(), 5u);
  EXPECT_EQ(made_, 100);
  EXPECT_EQ(kept.count(), 300);
  EXPECT_EQ(made_, 300);
}

TEST_F(PersistTest, LiesWhereItsLevelSays) {
  const auto memory = texts().persist(StorageLevel::MEMORY_AND_DISK);
  memory.count();
  EXPECT_EQ(filesKept(), 0u);
  EXPECT_GT(store_->memoryUsed(), 300 * static_cast<std::int64_t>(sizeof(std::string)));
  EXPECT_EQ(store_->diskUsed(), 0);

  const std::int64_t before = store_->memoryUsed();
  const auto packed = texts().persist(StorageLevel::MEMORY_ONLY_SER);
  packed.count();
  EXPECT_LT(store_->memoryUsed() - before, 3'000);  // Of 3,390 bytes of text.

  const auto disk = texts().persist(StorageLevel::DISK_ONLY);
  disk.count();
  EXPECT_EQ(filesKept(), 3u);
  EXPECT_GT(store_->diskUsed(), 0);
}

TEST_F(PersistTest, GivesRoomBackWhenItIsDropped) {
  {
    const auto memory = texts().cache();
    const auto disk = texts().persist(StorageLevel::DISK_ONLY);
    memory.count();
    disk.count();
    EXPECT_GT(store_->memoryUsed(), 0);
    memory.unpersist();
    EXPECT_EQ(store_->memoryUsed(), 0);
    EXPECT_EQ(memory.getStorageLevel(), StorageLevel::NONE);
    EXPECT_EQ(filesKept(), 3u);
  }
  EXPECT_EQ(filesKept(), 0u);
  EXPECT_EQ(store_->diskUsed(), 0);
}

TEST_F(PersistTest, ComputesAgainWhatDoesNotFit) {
  open(/*memoryBytes=*/10, /*diskBytes=*/10);
  for (const StorageLevel level : {StorageLevel::MEMORY_ONLY, StorageLevel::MEMORY_AND_DISK_SER}) {
    made_ = 0;
    const auto kept = texts().persist(level);
    EXPECT_EQ(kept.collect(), kept.collect());
    EXPECT_EQ(made_, 600);
  }
  EXPECT_EQ(log_.notKept, 1);
  EXPECT_EQ(store_->memoryUsed(), 0);
  EXPECT_EQ(store_->diskUsed(), 0);
}

TEST_F(PersistTest, SpillsToTheDiskWhatMemoryHasNoRoomFor) {
  open(/*memoryBytes=*/10, kMuch);
  for (const StorageLevel level : {StorageLevel::MEMORY_AND_DISK, StorageLevel::MEMORY_AND_DISK_SER}) {
    made_ = 0;
    const auto kept = texts().persist(level);
    EXPECT_EQ(kept.collect(), kept.collect());
    EXPECT_EQ(made_, 300);
    EXPECT_EQ(filesKept(), 3u);
  }
}

TEST_F(PersistTest, GoesOnWithoutADiskThatRefuses) {
  std::ofstream(folder_) << "a file where the folder should be";
  const auto kept = texts().persist(StorageLevel::DISK_ONLY);
  EXPECT_EQ(kept.collect(), kept.collect());
  EXPECT_EQ(made_, 600);
  EXPECT_EQ(log_.notKept, 1);
  EXPECT_EQ(store_->diskUsed(), 0);
}

TEST_F(PersistTest, ADamagedFileFailsTheActionAndIsComputedAgainByTheNext) {
  const auto kept = texts()
                        .map([](std::string text) { return std::pair(std::move(text), 1); })
                        .reduceByKey(std::plus<>())
                        .persist(StorageLevel::DISK_ONLY);
  const auto whole = kept.collect();
  std::filesystem::path one;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) one = file.path();
  std::fstream(one, std::ios::in | std::ios::out).seekp(20) << "damage";
  try {
    kept.collect();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("persisted partition"), std::string::npos) << error.message();
  }
  EXPECT_EQ(kept.collect(), whole);
  EXPECT_EQ(kept.collect(), whole);
}

TEST_F(PersistTest, AMissingFileIsNoDifferent) {
  const auto kept = texts().persist(StorageLevel::DISK_ONLY);
  const auto whole = kept.collect();
  std::filesystem::remove_all(folder_);
  EXPECT_THROW(kept.collect(), Error);
  EXPECT_EQ(kept.collect(), whole);
}

TEST_F(PersistTest, ATaskThatFailsKeepsNothing) {
  std::atomic<int> failures{2};
  const auto kept = texts()
                        .map([&](std::string text) {
                          if (text == "number 150" && failures.fetch_sub(1) > 0)
                            throw std::runtime_error("once more");
                          return text;
                        })
                        .persist(StorageLevel::MEMORY_ONLY_SER);
  EXPECT_EQ(kept.collect(), texts().collect());
  failures = 100;
  EXPECT_EQ(kept.count(), 300);  // From what was kept.
}

TEST_F(PersistTest, WhatComesBehindMayFailWithoutAnyHarm) {
  const auto kept = texts().cache();
  const auto refuse = [](const std::string&) -> int { throw std::runtime_error("behind"); };
  EXPECT_THROW(kept.map(refuse).collect(), Error);
  made_ = 0;
  EXPECT_EQ(kept.collect().size(), 300u);
  EXPECT_EQ(kept.count(), 300);
  EXPECT_LE(made_, 300);
}

TEST_F(PersistTest, ServesTheSamePartitionToSeveralTasks) {
  const auto kept = texts().cache();
  const auto all = kept.union_({kept, kept, kept});
  EXPECT_EQ(all.count(), 1'200);
  EXPECT_EQ(all.collect().size(), 1'200u);
  EXPECT_EQ(kept.collect(), texts().collect());
}

TEST_F(PersistTest, KeepsWhatLiesBehindAShuffle) {
  std::atomic<int> reduced{0};
  const auto add = [&](int a, int b) {
    ++reduced;
    return a + b;
  };
  const auto kept = texts().map([](const std::string&) { return std::pair(1, 1); }).reduceByKey(add).cache();
  EXPECT_EQ(kept.lookup(1), std::vector<int>{300});
  const int once = reduced;
  EXPECT_EQ(kept.lookup(1), std::vector<int>{300});
  EXPECT_EQ(reduced, once);
  EXPECT_EQ(kept.mapValues([](int n) { return n + 1; }).reduceByKey(add).lookup(1), std::vector<int>{301});
}

TEST_F(PersistTest, RefusesWhatCannotBeKept) {
  const auto refusal = [](auto action) -> std::string {
    try {
      action();
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      return error.message();
    }
  };
  const auto opaque = texts().map([](const std::string&) { return Opaque(); });
  EXPECT_EQ(refusal([&] { opaque.persist(StorageLevel::MEMORY_ONLY_SER); }),
            "an RDD cannot be persisted at MEMORY_ONLY_SER: its elements have no Codec");
  EXPECT_NE(refusal([&] { opaque.persist(StorageLevel::MEMORY_AND_DISK); }), "accepted");
  EXPECT_EQ(refusal([&] { opaque.cache(); }), "accepted");
  EXPECT_EQ(opaque.count(), 300);
  EXPECT_EQ(opaque.count(), 300);

  const auto kept = texts().cache();
  EXPECT_EQ(refusal([&] { kept.persist(StorageLevel::MEMORY_ONLY); }), "accepted");
  EXPECT_EQ(refusal([&] { kept.persist(StorageLevel::DISK_ONLY); }),
            "an RDD persisted at MEMORY_ONLY cannot be persisted at DISK_ONLY");
  EXPECT_EQ(refusal([&] { kept.unpersist().persist(StorageLevel::DISK_ONLY); }), "accepted");
  EXPECT_EQ(refusal([&] { texts().persist(StorageLevel::NONE); }), "accepted");

  runner_ = std::make_unique<stream::RetryingTaskRunner>(workers_, 3);
  EXPECT_EQ(refusal([&] { texts().cache(); }), "accepted");
  EXPECT_NE(refusal([&] { texts().persist(StorageLevel::OFF_HEAP); }), "accepted");
}

TEST_F(PersistTest, RemovesWhatAnEarlierProcessLeft) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/00000000000000000000") << "left over";
  ASSERT_TRUE(stream::PartitionStore::clear(files_, folder_));
  EXPECT_EQ(filesKept(), 0u);
  const auto kept = texts().persist(StorageLevel::DISK_ONLY);
  EXPECT_EQ(kept.collect(), kept.collect());
}

}  // namespace
}  // namespace tidemill

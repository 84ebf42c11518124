#include "stream/worker_state.h"

#include <gtest/gtest.h>

#include "sim/sim_files.h"

namespace tidemill::stream {
namespace {

constexpr char kNote[] = "/state/worker.incarnation";

class WorkerStateTest : public testing::Test {
 protected:
  Result<LockedState> lock(const std::string& worker, const std::string& incarnation) {
    return lockWorkerState(*files_, "/state", worker, incarnation);
  }
  // The host loses its power and starts again.
  void cutPower() {
    files_->kill();
    disk_.powerCut();
    files_ = std::make_unique<sim::SimFiles>(disk_);
  }
  void write(const std::string& path, const std::string& text) {
    auto file = files_->openAppend(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
    ASSERT_TRUE((*file)->sync());
  }

  sim::SimDisk disk_{1};
  std::unique_ptr<sim::SimFiles> files_ = std::make_unique<sim::SimFiles>(disk_);
};

TEST_F(WorkerStateTest, KnowsNobodyBeforeTheFirstProcess) {
  const auto first = lock("me", "me/1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->previousIncarnation, "");
}

TEST_F(WorkerStateTest, RemembersTheProcessBeforeEachTime) {
  ASSERT_TRUE(lock("me", "me/1"));
  EXPECT_EQ(lock("me", "me/2")->previousIncarnation, "me/1");
  EXPECT_EQ(lock("me", "me/3")->previousIncarnation, "me/2");
}

TEST_F(WorkerStateTest, RemembersItOverAPowerCut) {
  ASSERT_TRUE(lock("me", "me/1"));
  cutPower();
  EXPECT_EQ(lock("me", "me/2")->previousIncarnation, "me/1");
}

TEST_F(WorkerStateTest, RefusesASecondProcessWhichLeavesTheNoteAlone) {
  auto first = lock("me", "me/1");
  ASSERT_TRUE(first);
  const auto second = lock("me", "me/2");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  first->lock.reset();
  EXPECT_EQ(lock("me", "me/3")->previousIncarnation, "me/1");
}

TEST_F(WorkerStateTest, TheNoteOfAnotherWorkerSaysNothingOfThisOne) {
  ASSERT_TRUE(lock("me", "me/1"));
  EXPECT_EQ(lock("mean", "mean/2")->previousIncarnation, "");
  EXPECT_EQ(lock("me", "me/3")->previousIncarnation, "");  // Forgotten: watched for a renewal period.
}

TEST_F(WorkerStateTest, ANoteThatCannotBeReadIsOneThatIsMissing) {
  ASSERT_TRUE(files_->makeDirectory("/state"));
  write(kNote, "me/" + std::string(5000, 'x'));
  const auto state = lock("me", "me/2");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->previousIncarnation, "");
  EXPECT_EQ(*files_->read(kNote, 4096), "me/2");
}

TEST_F(WorkerStateTest, AHalfWrittenNoteIsReplacedNotAppendedTo) {
  ASSERT_TRUE(lock("me", "me/1"));
  write(std::string(kNote) + ".new", "me/torn");  // The process died before the rename.
  EXPECT_EQ(lock("me", "me/2")->previousIncarnation, "me/1");
  EXPECT_EQ(*files_->read(kNote, 4096), "me/2");
}

TEST_F(WorkerStateTest, AFullDiskIsSaidAndTheLockIsFreeAgain) {
  disk_.faults().full = 1'000'000;
  const auto full = lock("me", "me/1");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::kDiskFull);
  disk_.faults().full = 0;
  EXPECT_TRUE(lock("me", "me/2"));
}

}  // namespace
}  // namespace tidemill::stream

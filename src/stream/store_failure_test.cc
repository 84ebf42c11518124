// A store that fails under a running context, and storage levels that cannot be reached.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/sim_files.h"
#include "stream/test_delivery.h"

namespace tidemill {
namespace {

class StoreFailureTest : public DeliveryFixture {
 protected:
  void SetUp() override {
    DeliveryFixture::SetUp();
    createStream(1);
  }

  static Conf after(const std::string& what) {
    Conf conf;
    conf.set("tidemill.worker.id", "me").set("tidemill.batch.maxFailures", "3");
    conf.set("kinesis.checkpoint.after", what);
    return conf;
  }
  // A new mount point that is a file: nothing can be made below it.
  std::string brokenMount() {
    const std::string mount = "/mount-" + std::to_string(++mounts_);
    sim::SimFiles files(node_->disk());
    EXPECT_TRUE(files.openAppend(mount));
    return mount;
  }
  void mend(const std::string& mount) { node_->disk().setName(mount, nullptr); }

  // It has ended because of a block, and says which and why.
  void expectBlockNamed(StreamingContext& context, const std::string& reason) {
    const Result<void> end = ended(context);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code(), Code::kIo);
    const std::string& message = end.error().message();
    for (const std::string& part : {std::string("block input-0-"), std::string("of stream orders"), reason})
      EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    EXPECT_FALSE(end.error().hint().empty());
  }
  void expectTheNextDeliversAll(const Conf& conf, StorageLevel level) {
    StreamingContext next(*seams_, conf, Seconds(1));
    deliver(next, level);
    next.start();
    world_.runFor(20s);
    const Result<void> end = stopped(next);
    ASSERT_TRUE(end) << end.error().message();
    expectEachOnce();
  }
  std::string checkpoint() const { return leases_->rows.begin()->second.checkpoint.text(); }

 private:
  int mounts_ = 0;
};

TEST_F(StoreFailureTest, ADiskThatCannotBeWrittenStopsTheContextAndNothingIsCheckpointedBehindIt) {
  const sim::DiskFaults readOnly{.readOnly = true};
  const sim::DiskFaults syncFails{.syncFails = 1'000'000};
  for (const auto& [faults, reason] : {std::pair(readOnly, "read-only file system: tidemill-state/blocks/me"),
                                       std::pair(syncFails, "sync failed: tidemill-state/blocks/me")}) {
    SCOPED_TRACE(reason);
    for (const char* what : {"processed", "stored"}) {
      StreamingContext context(*seams_, after(what), Seconds(1));
      deliver(context, StorageLevel::DISK_ONLY);
      context.start();
      putOverTime(3);
      world_.runFor(5s);
      const std::string before = checkpoint();
      node_->disk().faults() = faults;
      putOverTime(2);
      world_.runFor(10s);

      expectBlockNamed(context, reason);
      EXPECT_EQ(checkpoint(), before);
      EXPECT_EQ(context.totals().checkpointed, 60);
      EXPECT_EQ(delivered_.size(), static_cast<std::size_t>(put_ - 40));

      node_->disk().faults() = {};
      expectTheNextDeliversAll(after(what), StorageLevel::DISK_ONLY);
    }
  }
  EXPECT_GT(node_->log().count("block_not_stored"), 0u);
}

TEST_F(StoreFailureTest, WhereNoBlockCanBeStoredNothingIsEverCheckpointed) {
  for (const char* what : {"processed", "stored"}) {
    SCOPED_TRACE(what);
    const int before = put_;
    StreamingContext context(*seams_, after(what), Seconds(1));
    deliver(context, StorageLevel::DISK_ONLY);
    context.start();
    world_.runFor(3s);  // The folder is open now.
    const std::string start = checkpoint();
    node_->disk().faults().syncFails = 1'000'000;
    putOverTime(3);

    expectBlockNamed(context, "sync failed");
    EXPECT_EQ(context.totals().checkpointed, 0);
    EXPECT_EQ(context.totals().processed, 0);
    EXPECT_EQ(checkpoint(), start);
    EXPECT_EQ(delivered_.size(), static_cast<std::size_t>(before));

    node_->disk().faults() = {};
    expectTheNextDeliversAll(after(what), StorageLevel::DISK_ONLY);
  }
}

TEST_F(StoreFailureTest, WithRoomInMemoryAReadOnlyDiskDoesNotMatter) {
  StreamingContext context(*seams_, after("processed"), Seconds(1));
  deliver(context, StorageLevel::MEMORY_AND_DISK);
  context.start();
  world_.runFor(3s);
  node_->disk().faults().readOnly = true;
  putOverTime(5);
  const Result<void> end = stopped(context);
  ASSERT_TRUE(end) << end.error().message();
  expectEachOnce();
  EXPECT_EQ(context.totals().checkpointed, put_);
  EXPECT_EQ(context.totals().blocksShortOfLevel, 0);
}

TEST_F(StoreFailureTest, WithoutRoomInMemoryAReadOnlyDiskStopsTheContext) {
  StreamingContext context(*seams_, after("processed").set("spark.executor.memory", "1k"), Seconds(60));
  deliver(context, StorageLevel::MEMORY_AND_DISK);
  context.start();
  world_.runFor(3s);
  node_->disk().faults().readOnly = true;
  putOverTime(5);
  expectBlockNamed(context, "read-only file system: tidemill-state/blocks/me");
  EXPECT_EQ(context.totals().checkpointed, 0);
  node_->disk().faults() = {};
  expectTheNextDeliversAll(after("processed"), StorageLevel::MEMORY_AND_DISK);
}

TEST_F(StoreFailureTest, ARequiredReplicaThatFailsStopsTheContextAndNothingIsCheckpointed) {
  for (const StorageLevel level : {StorageLevel::DISK_ONLY_2, StorageLevel::MEMORY_ONLY_2}) {
    SCOPED_TRACE(storageLevelName(level));
    for (const char* what : {"processed", "stored"}) {
      const std::string mount = brokenMount();
      const Conf conf = after(what)
                            .set("tidemill.block.replication", "require")
                            .set("tidemill.block.replicas", "dir:" + mount + "/r");
      const int before = put_;
      StreamingContext context(*seams_, conf, Seconds(1));
      deliver(context, level);
      context.start();
      world_.runFor(3s);
      const std::string start = checkpoint();
      putOverTime(3);
      world_.runFor(60s);
      expectBlockNamed(context, "dir:" + mount + "/r: a file stands where a folder should be: " + mount);
      EXPECT_EQ(context.totals().checkpointed, 0);
      EXPECT_EQ(checkpoint(), start);
      EXPECT_EQ(delivered_.size(), static_cast<std::size_t>(before));

      mend(mount);
      expectTheNextDeliversAll(conf, level);
    }
  }
}

TEST_F(StoreFailureTest, AReplicaThatIsNotRequiredIsCountedAndTheRecordsArrive) {
  const Conf conf = after("processed").set("tidemill.block.replicas", "dir:" + brokenMount() + "/r");
  StreamingContext context(*seams_, conf, Seconds(1));
  deliver(context, StorageLevel::DISK_ONLY_2);
  context.start();
  putOverTime(3);
  const Result<void> end = stopped(context);
  ASSERT_TRUE(end) << end.error().message();
  expectEachOnce();
  EXPECT_GT(context.totals().blocksShortOfLevel, 0);
  EXPECT_EQ(context.totals().checkpointed, put_);
  EXPECT_EQ(node_->log().count("storage_level_reduced"), 1u);
}

TEST_F(StoreFailureTest, RequiredReplicasThatAreNotNamedAreRefusedAtTheStart) {
  struct Case {
    StorageLevel level;
    std::string replicas;
    bool refused;
  };
  const std::vector<Case> cases = {
      {StorageLevel::DISK_ONLY_2, "", true},       {StorageLevel::MEMORY_ONLY_2, "", true},
      {StorageLevel::DISK_ONLY_3, "dir:/b", true}, {StorageLevel::DISK_ONLY_2, "dir:/b", false},
      {StorageLevel::DISK_ONLY, "", false},        {StorageLevel::NONE, "", false}};
  put({"tide"});
  for (const Case& one : cases) {
    SCOPED_TRACE(storageLevelName(one.level) + " " + one.replicas);
    Conf conf = after("processed").set("tidemill.block.replication", "require");
    if (!one.replicas.empty()) conf.set("tidemill.block.replicas", one.replicas);
    StreamingContext context(*seams_, conf, Seconds(1));
    deliver(context, one.level);
    context.start();
    if (!one.refused) {
      const Result<void> end = stopped(context);
      EXPECT_TRUE(end) << end.error().message();
      continue;
    }
    const Result<void> end = ended(context);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code(), Code::kInvalidConfig);
    EXPECT_NE(end.error().message().find("stream orders: the storage level " + storageLevelName(one.level)),
              std::string::npos)
        << end.error().message();
    EXPECT_NE(end.error().hint().find("set tidemill.block.replicas"), std::string::npos);
    EXPECT_EQ(context.totals().received, 0);
    EXPECT_TRUE(leases_->rows.empty());
  }
}

}  // namespace
}  // namespace tidemill

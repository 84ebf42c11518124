// A driver that crashes at every await of its life, one after the other, by a kill and a power cut in turn:
// what driver_restart draws is walked here, in a world in which nothing else goes wrong.
#include <gtest/gtest.h>

#include "sim/sim_node_loop.h"
#include "sim/workloads/driver_world.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kProducing = 1500ms;
// Until the last batch is completed, released and cleaned.
constexpr rt::Duration kTraces = 1500ms;
// Until a driver that has crashed then is up again, and would repeat what it does not know to be done.
constexpr rt::Duration kRestart = 6s;

using Directory = DrawnDriver::Directory;

DrawnDriver walked(Directory directory, bool afterStored) {
  DrawnDriver driver;
  driver.directory = directory;
  driver.job = {.windows = JobShape::Windows::kRecords,
                .length = Seconds(3),
                .slide = Seconds(1),
                .state = JobShape::State::kUpdated};
  if (directory == Directory::kNone) driver.job = {};  // Nothing to keep windows and state in.
  driver.level = StorageLevel::MEMORY_AND_DISK;
  driver.afterStored = afterStored;
  driver.checkpointInterval = Seconds(0);
  driver.memoryBytes = 1 << 16;
  driver.conf = drawDriver(1, false).conf;
  driver.conf.set("kinesis.checkpoint.after", afterStored ? "stored" : "processed")
      .set("spark.executor.memory", "65536b")
      .set("tidemill.checkpoint.interval", "1s");
  return driver;
}

// Every step; with AddressSanitizer, which makes each as slow as ten, some of them.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TIDEMILL_FEW_STEPS
#endif
#endif
#ifdef TIDEMILL_FEW_STEPS
constexpr std::uint64_t kStride = 17;
#else
constexpr std::uint64_t kStride = 1;
#endif

// One run, in which the driver crashes instead of its `step`-th step (0: never). Gives the number of steps
// that it has taken until everything was in a completed batch.
std::uint64_t run(std::uint64_t step, CrashKind kind, Directory directory, bool afterStored) {
  const WorkloadOptions options{.planted = {}, .faults = false, .settings = {}};
  WorldOptions worldOptions;
  worldOptions.net.on = false;
  worldOptions.faults.on = false;
  DriverWorld all(
      7, options, worldOptions, walked(directory, afterStored),
      {.endpoint = kEndpoint, .stream = kStream, .shards = 2, .time = kProducing, .reshardings = 1});
  Node& node = all.addDriver(0);
  if (step > 0) node.crashBeforeStep(step, kind);
  all.catchUp(60s);
  all.world.runFor(kTraces);
  const std::uint64_t steps = node.up() ? static_cast<SimNodeLoop&>(node.env().loop).steps() : 0;
  if (step > 0) all.world.runFor(kRestart);
  all.stopAll(90s);
  const SeedOutcome outcome = outcomeOf(all.world);
  EXPECT_FALSE(outcome.failed) << "crash before step " << step << ": " << outcome.report;
  return steps;
}

void walk(Directory directory, bool afterStored) {
  const std::uint64_t steps = run(0, CrashKind::kKill, directory, afterStored);
  ASSERT_GT(steps, 100U);
  for (std::uint64_t step = 1; step <= steps && !testing::Test::HasFailure(); step += kStride)
    run(step, step % 2 == 0 ? CrashKind::kPowerCut : CrashKind::kKill, directory, afterStored);
}

TEST(DriverCrash, AtEveryStepLosesAndRepeatsNothingWhereCheckpointsFollowTheOutput) {
  walk(Directory::kFiles, false);
}

TEST(DriverCrash, AtEveryStepLosesAndRepeatsNothingWhereCheckpointsFollowTheStore) {
  walk(Directory::kFiles, true);
}

TEST(DriverCrash, AtEveryStepLosesAndRepeatsNothingWithADirectoryInAnObjectStore) {
  walk(Directory::kPlace, false);
}

TEST(DriverCrash, AtEveryStepLosesNothingWithoutADirectory) {
  walk(Directory::kNone, false);
}

}  // namespace
}  // namespace tidemill::sim

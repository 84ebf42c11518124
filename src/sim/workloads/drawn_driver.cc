#include "sim/workloads/drawn_driver.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/random.h"

namespace tidemill::sim {
namespace {

using Directory = DrawnDriver::Directory;

constexpr std::array kDriverLevels = {
    StorageLevel::MEMORY_ONLY, StorageLevel::MEMORY_AND_DISK,
    StorageLevel::DISK_ONLY,   StorageLevel::MEMORY_AND_DISK_SER,
    StorageLevel::NONE,
};
constexpr std::array<std::int64_t, 3> kDriverMemories = {1 << 12, 1 << 16, 1 << 20};
constexpr std::array<std::int64_t, 4> kCheckpointSeconds = {0, 2, 10, 3600};

JobShape drawJob(base::Random& random, bool mayKeepState) {
  JobShape job;
  const std::uint64_t windows = random.below(3);
  const std::uint64_t state = random.below(3);
  const auto batches = static_cast<std::int64_t>(1 + random.below(8));
  const auto slides = static_cast<std::int64_t>(1 + random.below(3));
  const auto timeout = static_cast<std::int64_t>(2 + random.below(20));
  const bool timesOut = random.chance(1, 2);
  job.windows = static_cast<JobShape::Windows>(windows);
  job.length = Seconds(batches);
  job.slide = Seconds(slides);
  if (!mayKeepState) return job;
  job.state = static_cast<JobShape::State>(state);
  if (job.state == JobShape::State::kMapped && timesOut) job.timeout = Seconds(timeout);
  return job;
}

}  // namespace

DrawnDriver drawDriver(std::uint64_t seed, bool faults) {
  base::Random random(seed ^ 0x647269766572ULL);  // Apart from the world's draws.
  DrawnDriver driver;
  // By turns, so that few seeds have them all.
  const std::uint64_t kind = seed % 6;
  driver.directory = kind == 0 ? Directory::kNone : kind <= 3 ? Directory::kFiles : Directory::kPlace;
  const bool two = random.chance(1, 2);
  driver.nodes = kind == 3 || kind == 5 || (kind == 0 && two) ? 2 : 1;
  driver.job = drawJob(random, driver.directory != Directory::kNone);
  driver.level = kDriverLevels[random.below(kDriverLevels.size())];
  const bool stored = random.chance(1, 3);
  driver.afterStored = stored && driver.nodes == 1 && traitsOf(driver.level).disk;
  driver.checkpointInterval = Seconds(kCheckpointSeconds[random.below(kCheckpointSeconds.size())]);
  driver.memoryBytes = kDriverMemories[random.below(kDriverMemories.size())];
  const bool slow = random.chance(1, 3);
  const bool away = random.chance(1, 4);
  // The long ones are of a thousand batches.
  const auto drawnOutage = std::chrono::seconds(random.between(30, 1000));
  const auto outage = drawnOutage < std::chrono::seconds(700) ? drawnOutage : kThousandBatches;
  const bool stops = random.chance(1, 2);
  const bool damages = random.chance(1, 2);
  const bool badSyncs = random.chance(1, 2);
  const bool badPlace = random.chance(2, 3);
  const std::uint64_t lost = random.below(3) * 10;
  const std::int64_t metadata = random.between(500, 5'000);
  const std::int64_t kept = random.between(2, 4);
  if (faults) {
    driver.slow = slow;
    // Everything that has piled up is to be processed.
    if (slow) driver.conf.set("spark.streaming.gracefulStopTimeout", "30min");
    if (away) driver.outage = outage;
    driver.stops = stops;
    driver.damages = damages;
    driver.disk.syncFails = badSyncs ? 3'000 : 0;
    driver.disk.full = badSyncs ? 1'000 : 0;
    if (badPlace)
      driver.place = {.requestLost = 5'000, .answerLost = 20'000, .refused = 10'000, .late = 10'000};
    driver.conf.set("tidemill.test.loseBlocks", fmt::format("{}%", lost));
  }
  driver.conf.set("spark.executor.memory", fmt::format("{}b", driver.memoryBytes));
  driver.conf.set("spark.streaming.receiver.blockStoreTimeout", "2s");
  driver.conf.set("spark.streaming.kinesis.retry.maxAttempts", "20");
  driver.conf.set("kinesis.checkpoint.after", driver.afterStored ? "stored" : "processed");
  driver.conf.set("tidemill.state.directory", "state");
  driver.conf.set("tidemill.leases.failover", "3s").set("tidemill.leases.scanInterval", "1s");
  driver.conf.set("tidemill.memory.budget", "1m");
  driver.conf.set("tidemill.checkpoint.heartbeat", "1s");
  driver.conf.set("tidemill.checkpoint.interval", fmt::format("{}ms", metadata));
  driver.conf.set("tidemill.checkpoint.kept", std::to_string(kept));
  return driver;
}

}  // namespace tidemill::sim

#include "sim/workloads/drawn_store.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/random.h"

namespace tidemill::sim {
namespace {

constexpr std::array kLevels = {
    StorageLevel::NONE,
    StorageLevel::DISK_ONLY,
    StorageLevel::DISK_ONLY_2,
    StorageLevel::DISK_ONLY_3,
    StorageLevel::MEMORY_ONLY,
    StorageLevel::MEMORY_ONLY_2,
    StorageLevel::MEMORY_ONLY_SER,
    StorageLevel::MEMORY_ONLY_SER_2,
    StorageLevel::MEMORY_AND_DISK,
    StorageLevel::MEMORY_AND_DISK_2,
    StorageLevel::MEMORY_AND_DISK_SER,
    StorageLevel::MEMORY_AND_DISK_SER_2,
    StorageLevel::OFF_HEAP,
};
constexpr std::array<std::int64_t, 5> kMemories = {0, 1 << 11, 1 << 13, 1 << 16, 1 << 20};
constexpr std::array kCodecs = {"auto", "lz4", "zstd", "none"};

}  // namespace

DrawnStore drawStore(std::uint64_t seed, bool faults) {
  base::Random random(seed ^ 0x73746f7265ULL);  // Apart from the world's draws.
  DrawnStore store;
  store.level = kLevels[seed % kLevels.size()];
  const StorageTraits traits = traitsOf(store.level);
  store.afterStored = random.chance(1, 2) && traits.disk;
  store.nodes = random.chance(1, 2) && !store.afterStored ? 2 : 1;
  store.packed = random.chance(1, 3);
  store.memoryBytes = kMemories[random.below(kMemories.size())];
  const bool full = random.chance(1, 2);
  const bool badSyncs = random.chance(1, 2);
  const bool replicas = random.chance(2, 3);
  const bool keep = random.chance(2, 3);
  const std::uint64_t lost = random.below(4) * 10;
  const std::uint64_t segment = std::uint64_t{1024} << random.below(5);
  const char* codec = kCodecs[random.below(kCodecs.size())];
  store.changing = random.chance(1, 4) && traits.disk && store.nodes == 1;
  const bool trims = random.chance(2, 3);
  const std::chrono::milliseconds retention(random.between(500, 5'000));
  store.flips = random.chance(1, 2) && faults;
  store.stops = random.chance(1, 2) && faults;
  if (faults && trims && (store.afterStored || store.changing)) {
    store.retention = retention;
    store.conf.set("tidemill.recovery.onDataLoss", "record");
  }
  if (faults) {
    store.fullDisks = full;
    store.disk.syncFails = badSyncs ? 3'000 : 0;
    store.disk.full = full ? 1'000 : 0;
  }
  store.conf.set("spark.executor.memory", fmt::format("{}b", store.memoryBytes));
  store.conf.set("spark.io.compression.codec", codec);
  store.conf.set("spark.streaming.receiver.blockStoreTimeout", "2s");
  store.conf.set("spark.streaming.kinesis.retry.maxAttempts", "20");
  store.conf.set("kinesis.checkpoint.after", store.afterStored ? "stored" : "processed");
  store.conf.set("tidemill.block.segmentBytes", std::to_string(segment));
  if (replicas) store.conf.set("tidemill.block.replicas", "dir:replica-a,dir:replica-b");
  store.conf.set("tidemill.kpl.outOfRange", "keep");
  store.conf.set("tidemill.recovery.keep", keep ? "true" : "false");
  if (faults) store.conf.set("tidemill.test.loseBlocks", fmt::format("{}%", lost));
  return store;
}

}  // namespace tidemill::sim

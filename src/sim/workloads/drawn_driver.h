// sim/workloads/drawn_driver.h: what drivers do, where their checkpoint directory lies, and what befalls
// them, drawn from the seed.
#pragma once

#include <cstdint>

#include "rt/time.h"
#include "sim/sim_disk.h"
#include "sim/workloads/checkpoint_place.h"
#include "sim/workloads/plain_job.h"
#include "tidemill/conf.h"
#include "tidemill/storage_level.h"
#include "tidemill/time.h"

namespace tidemill::sim {

struct DrawnDriver {
  enum class Directory {
    kNone,
    // A folder on the disk of each host: two drivers have two.
    kFiles,
    // An object store; two drivers have the same one, so that one of them is kept out.
    kPlace,
  };
  Directory directory = Directory::kNone;
  int nodes = 1;
  JobShape job;
  StorageLevel level = StorageLevel::MEMORY_ONLY;
  // Lease checkpoints follow the store: one node and a level with a disk.
  bool afterStored = false;
  // Least time between two lease checkpoints.
  Duration checkpointInterval = Seconds(2);
  // Batches take longer than the interval.
  bool slow = false;
  // The first driver is down for so long once. 0: never.
  rt::Duration outage{0};
  // Drivers are stopped gracefully now and then, and started again.
  bool stops = false;
  // The newest metadata checkpoint is damaged now and then.
  bool damages = false;
  std::int64_t memoryBytes = 0;
  DiskFaults disk;
  CheckpointPlaceFaults place;
  // All but the worker's id.
  Conf conf;

  bool shared() const { return directory == Directory::kPlace && nodes > 1; }
};

// Of the interval of a second.
constexpr std::chrono::seconds kThousandBatches{1000};

// Without `faults` nothing fails, and nobody is slow or down.
DrawnDriver drawDriver(std::uint64_t seed, bool faults);

}  // namespace tidemill::sim

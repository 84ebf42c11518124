// sim/workloads/drawn_store.h: where a worker keeps its blocks and how much room it has, drawn from the seed.
#pragma once

#include <cstdint>
#include <string>

#include "rt/time.h"
#include "sim/sim_disk.h"
#include "tidemill/conf.h"
#include "tidemill/storage_level.h"

namespace tidemill::sim {

struct DrawnStore {
  StorageLevel level = StorageLevel::NONE;
  // Lease checkpoints follow the store: only with levels of disk, and one node then, because blocks that a
  // crash leaves behind are delivered by their own node.
  bool afterStored = false;
  // Checkpoints follow the store and the outputs in turn, another one at each start.
  bool changing = false;
  int nodes = 1;
  // Some records are several that are packed into one.
  bool packed = false;
  // Waves in which every disk is full.
  bool fullDisks = false;
  // What no lease has still to read is gone from the stream when it is as old as this, and such losses are
  // recorded: only where checkpoints may follow the store, else nothing that is lost is ever older. 0: no
  // record is gone.
  rt::Duration retention{0};
  // Bits of stored blocks flip on the disks.
  bool flips = false;
  // Workers are stopped gracefully now and then, and started again.
  bool stops = false;
  DiskFaults disk;
  std::int64_t memoryBytes = 0;
  // All but the worker's id.
  Conf conf;
};

// Without `faults` nothing is lost on purpose, and no disk fails.
DrawnStore drawStore(std::uint64_t seed, bool faults);

}  // namespace tidemill::sim

// sim/workloads/stored_ranges.h: which records a node's disk has, whatever befalls it now.
#pragma once

#include <vector>

#include "sim/sim_disk.h"
#include "tidemill/conf.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::sim {

// Of all blocks that a worker with this configuration would find after the worst power cut, each of them
// loaded and whole, but for what has flipped at rest: a block is stored even if its records must come from
// elsewhere. `disk` stays as it is.
std::vector<SequenceNumberRange> storedRanges(const SimDisk& disk, const Conf& conf);

}  // namespace tidemill::sim

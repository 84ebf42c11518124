#include "sim/workloads/stored_ranges.h"

#include <memory>
#include <string>

#include "block/disk_blocks.h"
#include "rt/faults.h"
#include "sim/sim_files.h"
#include "stream/block_store_options.h"

namespace tidemill::sim {

std::vector<SequenceNumberRange> storedRanges(const SimDisk& disk, const Conf& conf) {
  std::vector<SequenceNumberRange> ranges;
  const auto options = stream::blockStoreOptionsOf(conf);
  if (!options) return ranges;
  std::vector<std::string> directories{options->directory};
  for (const auto& replica : options->replicas) directories.push_back(replica.directory);
  const std::unique_ptr<SimDisk> kept = disk.durable();
  SimFiles files(*kept);
  rt::NoFaults faults;
  for (const std::string& directory : directories) {
    if (!kept->hasDirectory(directory)) continue;
    auto blocks = block::DiskBlocks::open(files, faults, directory, {});
    if (!blocks) continue;
    for (const auto& info : (*blocks)->live()) {
      const auto where = (*blocks)->location(info->id);
      if (!where || !(*blocks)->load(*where)) continue;
      const SequenceNumberRanges whole = info->ranges();
      ranges.insert(ranges.end(), whole.begin(), whole.end());
    }
  }
  return ranges;
}

}  // namespace tidemill::sim

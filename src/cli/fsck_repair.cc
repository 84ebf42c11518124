#include "cli/fsck_repair.h"

#include <utility>

namespace tidemill::cli {
namespace {

// What is in memory at once.
constexpr std::int64_t kPortionBytes = 32 << 20;

Result<void> store(std::vector<consume::RebuiltBlock> blocks, block::DiskBlocks& into, RepairReport& report) {
  for (consume::RebuiltBlock& one : blocks) {
    if (!one.losses.empty()) {
      report.notRebuilt.push_back(one.losses.front().within("block " + one.block->id()));
      continue;
    }
    auto stored = into.replace(std::move(one.block));
    if (!stored) return fail(stored.error());
    ++report.rebuilt;
  }
  return {};
}

}  // namespace

rt::Task<Result<RepairReport>> rebuildBlocks(consume::RangeReader& reader, block::DiskBlocks& store,
                                             std::vector<std::shared_ptr<const block::BlockInfo>> blocks) {
  RepairReport report;
  auto portions = consume::RangeReader::portionsOf(blocks, kPortionBytes);
  for (auto& portion : portions) {
    auto rebuilt = co_await reader.rebuild(std::move(portion));
    if (!rebuilt) co_return fail(rebuilt.error());
    auto stored = cli::store(std::move(*rebuilt), store, report);
    if (!stored) co_return fail(stored.error());
  }
  co_return std::move(report);
}

}  // namespace tidemill::cli

#include "block/storage_health.h"

namespace tidemill::block {

void StorageHealth::missed(const BlockInfo& block, StorageLevel level, const Placement& achieved,
                           std::string_view reason, rt::TimePoint now) {
  ++shortfalls_;
  Reduced& state = reduced_[{streamOf(block), level}];
  state.last = now;
  // Whether it is memory or disk changes from block to block.
  std::string text = std::to_string(achieved.copies) + ": ";
  text += reason;
  if (state.text == text) return;
  state.text = std::move(text);
  log_.warning("storage_level_reduced", {{"stream", streamOf(block)},
                                         {"block", block.id},
                                         {"requested", storageLevelName(level)},
                                         {"achieved", achieved.text()},
                                         {"reason", reason}});
}

void StorageHealth::reached(const BlockInfo& block, StorageLevel level, rt::TimePoint now) {
  const auto found = reduced_.find({streamOf(block), level});
  if (found == reduced_.end() || now < rt::laterBy(found->second.last, calm_)) return;
  reduced_.erase(found);
  log_.info("storage_level_restored",
            {{"stream", streamOf(block)}, {"block", block.id}, {"requested", storageLevelName(level)}});
}

}  // namespace tidemill::block

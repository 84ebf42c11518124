// block/storage_health.h: one event when storage gets worse or better, and not one for each block.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/log.h"
#include "block/block_store.h"
#include "rt/time.h"

namespace tidemill::block {

// Lives on the control lane. What is reached and missed in turns counts as missed: only after `calm` without
// a shortfall is the level restored.
class StorageHealth {
 public:
  StorageHealth(base::LogSink& log, rt::Duration calm) : log_(log), calm_(calm) {}

  // event=storage_level_reduced, if `reason` or the number of copies is news for this stream and level.
  void missed(const BlockInfo& block, StorageLevel level, const Placement& achieved, std::string_view reason,
              rt::TimePoint now);
  // event=storage_level_restored, if it was reduced.
  void reached(const BlockInfo& block, StorageLevel level, rt::TimePoint now);

  // Blocks that lie in fewer places than asked for.
  std::uint64_t shortfalls() const { return shortfalls_; }

 private:
  struct Reduced {
    std::string text;
    rt::TimePoint last{};
  };
  using Key = std::pair<std::string, StorageLevel>;

  base::LogSink& log_;
  const rt::Duration calm_;
  std::uint64_t shortfalls_ = 0;
  std::map<Key, Reduced> reduced_;
};

}  // namespace tidemill::block

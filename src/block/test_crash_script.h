// block/test_crash_script.h: a script of puts and releases whose every change is recorded, for tests of what
// survives.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "block/disk_blocks.h"
#include "block/test_blocks.h"
#include "rt/faults.h"
#include "sim/recorded_files.h"
#include "sim/sim_files.h"

namespace tidemill::block {

// What must be there after a crash: blocks that counted as stored before it and whose release had not begun.
class Promises {
 public:
  using Stored = std::map<std::string, std::shared_ptr<const BlockInfo>>;

  void stored(const std::shared_ptr<const BlockInfo>& info, std::size_t position) {
    now_[info->id] = info;
    history_[position] = now_;
  }
  void released(const std::string& id, std::size_t position) {
    now_.erase(id);
    history_[position] = now_;
  }
  // After so many changes.
  Stored at(std::size_t position) const {
    const auto next = history_.upper_bound(position);
    return next == history_.begin() ? Stored{} : std::prev(next)->second;
  }
  const Stored& now() const { return now_; }

 private:
  Stored now_;
  std::map<std::size_t, Stored> history_;
};

// Small files, so that a short script rolls segments, deletes them and rewrites the index.
inline DiskBlocksOptions smallFiles() {
  return {.holder = "rig", .salt = 99, .segmentBytes = 1200, .indexBytes = 1500};
}

// Puts and releases `rounds` rounds of blocks, in one life of a store. Failures are survived: a put that
// fails promises nothing. Returns what failed.
inline int runScript(sim::RecordedFiles& files, rt::Faults& faults, const std::string& life, int rounds,
                     Promises& promises) {
  int failures = 0;
  Result<std::unique_ptr<DiskBlocks>> store = DiskBlocks::open(files, faults, "/store", smallFiles());
  if (!store) {
    ++failures;
    store = DiskBlocks::open(files, faults, "/store", smallFiles());
  }
  if (!store) return failures + 1;
  std::vector<std::string> waiting;
  for (const auto& info : (*store)->live()) waiting.push_back(info->id);  // Of the life before.
  for (int i = 0; i < rounds; ++i) {
    std::vector<std::shared_ptr<const Block>> blocks;
    for (int k = 0; k <= i % 2; ++k)
      blocks.push_back(testBlock(life + std::to_string(i) + "-" + std::to_string(k), 100 * i + k, 1 + k, 8));
    const auto encoding = i % 5 == 4 ? BlockEncoding::kLz4 : BlockEncoding::kNone;
    const auto put = (*store)->put(blocks, encoding);
    if (!put) ++failures;
    for (const auto& block : blocks) {
      if (put) promises.stored(block->info(), files.changes().size());
      waiting.push_back(block->id());
    }
    if (i % 3 != 2) continue;
    // All but the youngest ones, and one that stays.
    std::vector<std::string> released;
    while (waiting.size() > 3) {
      if (waiting.front() != life + "0-0") released.push_back(waiting.front());
      waiting.erase(waiting.begin());
    }
    for (const std::string& id : released) promises.released(id, files.changes().size());
    if (!(*store)->release(released)) ++failures;
  }
  return failures;
}

// Why these promises are broken by what `store` has; empty if they are kept.
inline std::string brokenPromise(const DiskBlocks& store, const Promises::Stored& promised) {
  for (const auto& [id, info] : promised) {
    const auto where = store.location(id);
    if (!where) return "block " + id + " is not known";
    const auto block = store.load(*where);
    if (!block) return block.error().message();
    if (!sameInfo(*(*block)->info(), *info)) return "block " + id + " is another one";
  }
  return {};
}

}  // namespace tidemill::block

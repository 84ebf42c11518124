// block/tiered_block_store.h: blocks in memory, on the local disk and on replicas.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "block/block_store.h"
#include "block/copy_places.h"
#include "block/memory_blocks.h"
#include "block/storage_health.h"
#include "rt/env.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"

namespace tidemill::block {

// What happens if fewer replicas than the level asks for can be reached.
enum class Replication {
  kWarn,     // The block is kept where it can be; event=storage_level_reduced.
  kRequire,  // put() fails, and may be tried again.
};

struct TieredOptions {
  // What blocks may hold in memory. Range: at least 0. (Spark: spark.executor.memory)
  std::int64_t memoryBytes = std::int64_t{1} << 30;
  // Of the _SER levels in memory, and of what they and DISK_ONLY write. kNone: nothing is compressed.
  BlockEncoding encoding = BlockEncoding::kLz4;
  Replication replication = Replication::kWarn;
  // A level that was reduced is restored after so long without a shortfall.
  rt::Duration calm = std::chrono::seconds(10);
  CopyPlacesOptions places;
};

// Of what is stored now, and since the start.
struct StoreTotals {
  std::int64_t memoryBlocks = 0;
  std::int64_t memoryBytes = 0;
  std::int64_t memoryBytesMost = 0;  // At once.
  std::int64_t diskBlocks = 0;
  std::int64_t diskBytes = 0;
  std::int64_t replicaBlocks = 0;  // Copies.
  std::int64_t replicaBytes = 0;

  std::uint64_t spilledBlocks = 0;
  // Blocks that lie in fewer places than asked for, or were not kept at all.
  std::uint64_t shortfalls = 0;
  std::uint64_t notKept = 0;
  std::uint64_t damagedCopies = 0;
  std::uint64_t lostBlocks = 0;
};

// Levels with memory and disk go into memory; to make room the oldest ones there move to the disk. Levels of
// memory alone are not kept if there is no room: their records can be read again from Kinesis. The budget is
// never exceeded by more than the block that is being put.
class TieredBlockStore final : public BlockStore {
 public:
  // What the references of `env` name must outlive this and every source; this must outlive all puts.
  TieredBlockStore(const rt::Env& env, TieredOptions options, TieredFiles files);
  ~TieredBlockStore() override;

  // What an earlier process has left, by id; find() knows it from now on, and release() frees its room.
  // Called once, before anything else. kConflict: another process has the folder; kIo. A replica that cannot
  // be opened is an event.
  rt::Task<Result<std::vector<std::shared_ptr<const BlockInfo>>>> open();

  rt::Task<Result<Placement>> put(std::shared_ptr<const Block> block, StorageLevel level) override;
  std::shared_ptr<const BlockSource> find(const std::string& id) const override;
  rt::Task<Result<std::shared_ptr<const Block>>> fetch(std::string id) override;
  void markLost(const std::string& id) override;
  void release(const std::string& id) override;

  // Where a block lies now: blocks are moved, and copies found damaged.
  Placement placement(const std::string& id) const;
  StoreTotals totals() const;
  // Waits until nothing is on its way to any place; false if `patience` was over before.
  rt::Task<bool> drain(rt::Duration patience);

 private:
  // While a put works on an entry.
  struct Placing {
    explicit Placing(rt::Loop& loop) : done(loop, 0, CopyWrite::kForEver) {}
    rt::Semaphore done;
  };
  class PlacingHold;
  class AdmissionHold;
  struct Entry {
    std::shared_ptr<const BlockInfo> info;
    StorageLevel level = StorageLevel::NONE;
    std::uint64_t serial = 0;
    std::shared_ptr<Placing> placing;
    std::map<std::size_t, std::shared_ptr<const StoredCopy>> copies;  // By place.
    std::map<std::size_t, std::shared_ptr<CopyWrite>> writes;         // On their way.
    // Places that must hear of the release.
    std::set<std::size_t> told;
    // Places that had it when this put began: they keep it until this put succeeds.
    std::set<std::size_t> before;
    // Places that claim to have it and have not.
    std::set<std::size_t> lost;
  };
  // How messages from other threads find this object, if it is still there.
  struct Self {
    TieredBlockStore& store;
  };
  using Writes = std::vector<std::shared_ptr<CopyWrite>>;

  Entry* entryOf(const std::string& id);
  Entry* entryOf(const std::string& id, std::uint64_t serial);
  Entry& addEntry(std::shared_ptr<const BlockInfo> info, StorageLevel level);
  // Ends what is under way for it. Nothing: there is no entry.
  std::optional<Entry> takeOut(const std::string& id);
  // Only far copies are left.
  bool leaveFar(const std::string& id);
  // find() gives null for it until it is put again; places keep what they have.
  void setAside(const std::string& id);
  // A put has failed: the block is where it was before.
  void undo(const std::string& id);
  // Of a replica that opens late, what nobody knows is released, or, if lease checkpoints may have passed it,
  // told.
  void adopt(std::size_t place, const StoredCopies& copies);
  rt::Task<void> openReplica(std::size_t place);

  Result<void> accepts(const Block& block, StorageLevel level) const;
  rt::Task<void> otherPutOf(std::string id);
  Writes startReplicas(const MemoryCopy& copy, Entry& entry);
  rt::Task<Result<void>> keepHere(std::shared_ptr<const Block> block, StorageTraits wanted,
                                  std::uint64_t serial);
  rt::Task<void> makeRoom(MemoryCopy copy);
  std::shared_ptr<CopyWrite> spill(const MemoryCopy& victim);
  rt::Task<Result<void>> writeLocal(MemoryCopy copy, std::uint64_t serial);
  rt::Task<void> waitForReplicas(Writes writes, rt::TimePoint deadline);
  Result<Placement> conclude(const BlockInfo& info, std::uint64_t serial);
  bool requiresReplicas(const StorageTraits& wanted) const {
    return options_.replication == Replication::kRequire && wanted.replicas > 1;
  }
  // Undoes the put.
  tl::unexpected<Error> replicasMissing(const BlockInfo& info, StorageLevel level, const Placement& placement,
                                        const std::string& reason);

  std::shared_ptr<CopyWrite> begin(std::size_t place, Entry& entry, const MemoryCopy& copy);
  void written(std::size_t place, const CopyWrite& write);
  Placement placementOf(const Entry& entry) const;
  void copyDamaged(const std::string& id, std::uint64_t serial, std::size_t place, const std::string& where,
                   const Error& what);

  const rt::Env env_;
  const TieredOptions options_;
  const std::shared_ptr<rt::Semaphore> admission_;  // To the memory: one after the other.
  MemoryBlocks memory_;
  StorageHealth health_;
  std::map<std::string, Entry> entries_;
  // Blocks that were marked, by the places that still claim to have them.
  std::map<std::string, std::set<std::size_t>> lost_;
  std::uint64_t serial_ = 0;
  StoreTotals counted_;  // Only what is counted since the start.
  const std::shared_ptr<Self> self_;
  CopyPlaces places_;
  bool opened_ = false;
  rt::TaskGroup openings_;  // Of replicas; a late one goes on.
};

}  // namespace tidemill::block

// How a block gets to its places: into the memory, for which others may have to move, to the disk and to
// replicas.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "block/tiered_block_store.h"
#include "block/tiered_source.h"
#include "rt/task_group.h"

namespace tidemill::block {
namespace {

rt::Task<void> waitFor(std::shared_ptr<CopyWrite> write) {
  co_await write->done.acquire(1);
}

}  // namespace

// Gives the turn back, also if the put is cancelled.
class TieredBlockStore::AdmissionHold {
 public:
  explicit AdmissionHold(std::shared_ptr<rt::Semaphore> admission) : admission_(std::move(admission)) {}
  AdmissionHold(const AdmissionHold&) = delete;
  AdmissionHold& operator=(const AdmissionHold&) = delete;
  ~AdmissionHold() { giveBack(); }

  void giveBack() {
    if (admission_ != nullptr) std::exchange(admission_, nullptr)->release(1);
  }

 private:
  std::shared_ptr<rt::Semaphore> admission_;
};

// Only one put at a time makes room, so memory holds at most the budget and the block that waits for it.
rt::Task<Result<void>> TieredBlockStore::keepHere(std::shared_ptr<const Block> block, StorageTraits wanted,
                                                  std::uint64_t serial) {
  MemoryCopy copy{block->info(), block};
  if (!wanted.memory) co_return co_await writeLocal(std::move(copy), serial);
  if (wanted.serialized && options_.encoding != BlockEncoding::kNone) {
    auto pack = [block, encoding = options_.encoding] { return packBlock(block, encoding); };
    auto packed = co_await rt::runOn(env_.store, env_.loop, std::move(pack));
    if (!packed) co_return fail(packed.error());
    copy = {block->info(), nullptr, std::move(*packed)};
  }
  block.reset();

  co_await admission_->acquire(1);
  AdmissionHold turn(admission_);
  co_await makeRoom(copy);
  if (entryOf(copy.info->id, serial) == nullptr) co_return Result<void>();  // Released meanwhile.
  if (memory_.fits(copy)) {
    memory_.add(std::move(copy), wanted.disk);
    co_return Result<void>();
  }
  turn.giveBack();
  if (!wanted.disk) co_return Result<void>();
  co_return co_await writeLocal(std::move(copy), serial);
}

// Moves the oldest blocks to the disk until there is room, or until moving does not help or fails.
rt::Task<void> TieredBlockStore::makeRoom(MemoryCopy copy) {
  while (!memory_.fits(copy)) {  // Each round moves at least one block, or is the last.
    const std::vector<MemoryCopy> victims = memory_.toSpill(copy);
    if (victims.empty()) co_return;
    Writes writes;
    for (const MemoryCopy& victim : victims) {
      auto write = spill(victim);
      if (write != nullptr) writes.push_back(std::move(write));
    }
    bool failed = false;
    for (const auto& write : writes) {
      co_await write->done.acquire(1);
      // One that was released, or was found damaged, has left the memory as well.
      if (!*write->result && memory_.find(write->info->id)) failed = true;
    }
    if (failed) co_return;
  }
}

std::shared_ptr<CopyWrite> TieredBlockStore::spill(const MemoryCopy& victim) {
  Entry* const kept = entryOf(victim.info->id);
  TIDEMILL_CHECK(kept != nullptr, "what is in memory has an entry");
  Entry& entry = *kept;
  if (entry.copies.contains(CopyPlaces::kLocal)) {
    memory_.remove(victim.info->id);
    return nullptr;
  }
  const auto under = entry.writes.find(CopyPlaces::kLocal);
  if (under != entry.writes.end()) return under->second;
  auto write = begin(CopyPlaces::kLocal, entry, victim);
  write->spill = true;
  return write;
}

rt::Task<Result<void>> TieredBlockStore::writeLocal(MemoryCopy copy, std::uint64_t serial) {
  Entry* entry = entryOf(copy.info->id, serial);
  if (entry == nullptr) co_return Result<void>();  // Released meanwhile.
  const std::shared_ptr<CopyWrite> write = begin(CopyPlaces::kLocal, *entry, copy);
  copy = {};
  co_await write->done.acquire(1);
  if (!*write->result) co_return fail(write->result->error());
  co_return Result<void>();
}

TieredBlockStore::Writes TieredBlockStore::startReplicas(const MemoryCopy& copy, Entry& entry) {
  const auto wanted = static_cast<std::size_t>(traitsOf(entry.level).replicas - 1);
  Writes writes;
  for (const std::size_t place : places_.replicasToAsk(wanted)) writes.push_back(begin(place, entry, copy));
  return writes;
}

rt::Task<void> TieredBlockStore::waitForReplicas(Writes writes, rt::TimePoint deadline) {
  if (writes.empty()) co_return;
  rt::TaskGroup waits(env_.loop);
  for (const auto& write : writes) waits.spawn(waitFor(write));
  const rt::Duration patience = std::max(rt::Duration::zero(), deadline - env_.loop.now());
  const bool all = co_await waits.join(patience);
  if (all) co_return;
  for (std::size_t place = CopyPlaces::kLocal + 1; place < places_.size(); ++place) {
    const Entry* entry = entryOf(writes.front()->info->id, writes.front()->serial);
    if (entry == nullptr) co_return;
    const auto late = entry->writes.find(place);
    if (late == entry->writes.end()) continue;
    late->second->abandoned = true;
    places_.failed(place, "no answer in time (spark.streaming.receiver.blockStoreTimeout)");
  }
}

std::shared_ptr<CopyWrite> TieredBlockStore::begin(std::size_t place, Entry& entry, const MemoryCopy& copy) {
  auto write = std::make_shared<CopyWrite>(env_.loop, copy);
  if (traitsOf(entry.level).serialized) write->encoding = options_.encoding;
  write->serial = entry.serial;
  write->replace = entry.lost.contains(place);
  entry.told.insert(place);
  entry.writes[place] = write;
  places_.queue(place).put(write);
  return write;
}

// On the control lane, before those who wait for the write go on.
void TieredBlockStore::written(std::size_t place, const CopyWrite& write) {
  const std::string& id = write.info->id;
  Entry* entry = entryOf(id, write.serial);
  if (entry != nullptr) entry->writes.erase(place);
  if (write.result->has_value()) {
    places_.works(place);
    if (entry == nullptr) return;  // The place hears of the release next.
    entry->lost.erase(place);
    entry->copies[place] = **write.result;
    if (!write.spill) return;
    ++counted_.spilledBlocks;
    memory_.remove(id);
    return;
  }
  const Error& error = write.result->error();
  if (error.code() == Code::kDamagedBlock && write.spill) {
    return copyDamaged(id, write.serial, TieredSource::kMemory, "memory", error);
  }
  // A full disk here is waited for by whoever puts; elsewhere it is one replica less.
  const bool mayWait = place == CopyPlaces::kLocal && error.code() == Code::kDiskFull;
  if (error.code() == Code::kCancelled || error.code() == Code::kInvalidConfig || mayWait) return;
  places_.failed(place, error.message());
}

}  // namespace tidemill::block

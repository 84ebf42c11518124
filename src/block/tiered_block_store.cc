#include "block/tiered_block_store.h"

#include <algorithm>
#include <utility>

#include "block/tiered_source.h"
#include "rt/task_group.h"

namespace tidemill::block {

// Lets other puts of the id go on, also if this one is cancelled.
class TieredBlockStore::PlacingHold {
 public:
  PlacingHold(rt::Loop& loop, Entry& entry) : placing_(std::make_shared<Placing>(loop)) {
    entry.placing = placing_;
  }
  PlacingHold(const PlacingHold&) = delete;
  PlacingHold& operator=(const PlacingHold&) = delete;
  ~PlacingHold() { placing_->done.release(CopyWrite::kForEver / 2); }

 private:
  const std::shared_ptr<Placing> placing_;
};

TieredBlockStore::TieredBlockStore(const rt::Env& env, TieredOptions options, TieredFiles files)
    : env_(env),
      options_(options),
      admission_(std::make_shared<rt::Semaphore>(env.loop, 1)),
      memory_(options.memoryBytes),
      health_(env.log, options.calm),
      self_(std::make_shared<Self>(Self{*this})),
      places_(env, std::move(files), options.places,
              [this](std::size_t place, const CopyWrite& write) { written(place, write); }),
      openings_(env.loop) {}

TieredBlockStore::~TieredBlockStore() = default;

// --- What an earlier process has left.

rt::Task<Result<std::vector<std::shared_ptr<const BlockInfo>>>> TieredBlockStore::open() {
  if (places_.has(CopyPlaces::kLocal)) {
    const std::shared_ptr<CopyOpening> opening = places_.queue(CopyPlaces::kLocal).open();
    co_await opening->done.acquire(1);
    if (!*opening->result) co_return fail(opening->result->error());
    adopt(CopyPlaces::kLocal, **opening->result);
  }
  for (std::size_t i = CopyPlaces::kLocal + 1; i < places_.size(); ++i) openings_.spawn(openReplica(i));
  co_await openings_.join(options_.places.replicaTimeout);
  opened_ = true;
  std::vector<std::shared_ptr<const BlockInfo>> found;
  for (const auto& [id, entry] : entries_) found.push_back(entry.info);
  co_return found;
}

rt::Task<void> TieredBlockStore::openReplica(std::size_t place) {
  const std::shared_ptr<CopyOpening> opening = places_.queue(place).open();
  co_await opening->done.acquire(1);
  if (!*opening->result) {
    places_.failed(place, opening->result->error().message());
    co_return;
  }
  adopt(place, **opening->result);
  places_.works(place);
}

void TieredBlockStore::adopt(std::size_t place, const StoredCopies& copies) {
  std::size_t late = 0;
  for (const auto& copy : copies) {
    Entry* entry = entryOf(copy->info()->id);
    if (entry == nullptr && !opened_) entry = &addEntry(copy->info(), StorageLevel::NONE);
    if (entry != nullptr && sameInfo(*entry->info, *copy->info())) {
      entry->copies[place] = copy;
      entry->told.insert(place);
    } else if (entry == nullptr && !copy->info()->owedTo.empty()) {
      ++late;
    } else {
      places_.queue(place).release(copy->info()->id);
    }
  }
  if (late == 0) return;
  env_.log.error("stored_blocks_not_delivered",
                 {{"place", places_.name(place)},
                  {"blocks", late},
                  {"reason", "the place was opened too late; they stay stored for the next start"}});
}

// --- Entries.

TieredBlockStore::Entry* TieredBlockStore::entryOf(const std::string& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

TieredBlockStore::Entry* TieredBlockStore::entryOf(const std::string& id, std::uint64_t serial) {
  Entry* entry = entryOf(id);
  return entry != nullptr && entry->serial == serial ? entry : nullptr;
}

TieredBlockStore::Entry& TieredBlockStore::addEntry(std::shared_ptr<const BlockInfo> info,
                                                    StorageLevel level) {
  const std::string id = info->id;
  Entry& entry = entries_[id];
  entry.info = std::move(info);
  entry.level = level;
  entry.serial = ++serial_;
  if (const auto lost = lost_.extract(id)) {
    entry.lost = lost.mapped();
    entry.told = lost.mapped();
    entry.before = lost.mapped();
  }
  return entry;
}

std::optional<TieredBlockStore::Entry> TieredBlockStore::takeOut(const std::string& id) {
  auto found = entries_.extract(id);
  if (!found) return std::nullopt;
  for (const auto& [place, write] : found.mapped().writes) write->abandoned = true;
  memory_.remove(id);
  return std::move(found.mapped());
}

void TieredBlockStore::release(const std::string& id) {
  std::set<std::size_t> told;
  if (const auto lost = lost_.extract(id)) told = lost.mapped();
  if (auto entry = takeOut(id)) told = std::move(entry->told);
  for (const std::size_t place : told) places_.queue(place).release(id);
}

void TieredBlockStore::markLost(const std::string& id) {
  if (!entries_.contains(id)) return;
  ++counted_.lostBlocks;
  if (!leaveFar(id)) setAside(id);
}

// Nobody has found out that those cannot be read.
bool TieredBlockStore::leaveFar(const std::string& id) {
  Entry* const entry = entryOf(id);
  const auto isFar = [](const auto& copy) { return copy.second->isFar(); };
  if (entry == nullptr || std::none_of(entry->copies.begin(), entry->copies.end(), isFar)) return false;
  const bool near =
      static_cast<bool>(memory_.find(id)) || !std::all_of(entry->copies.begin(), entry->copies.end(), isFar);
  if (!near) return false;
  memory_.remove(id);
  for (auto copy = entry->copies.begin(); copy != entry->copies.end();) {
    if (isFar(*copy)) {
      ++copy;
      continue;
    }
    entry->lost.insert(copy->first);
    copy = entry->copies.erase(copy);
  }
  return true;
}

// Places keep what they have until it is replaced or released: a lease checkpoint may have passed it, and a
// crash must not make them forget its ranges.
void TieredBlockStore::setAside(const std::string& id) {
  auto entry = takeOut(id);
  if (entry && !entry->told.empty()) lost_[id] = std::move(entry->told);
}

void TieredBlockStore::undo(const std::string& id) {
  auto entry = takeOut(id);
  if (!entry) return;
  for (const std::size_t place : entry->told) {
    if (!entry->before.contains(place)) places_.queue(place).release(id);
  }
  if (!entry->before.empty()) lost_[id] = std::move(entry->before);
}

// --- Finding.

Placement TieredBlockStore::placementOf(const Entry& entry) const {
  Placement placement;
  placement.memory = static_cast<bool>(memory_.find(entry.info->id));
  placement.disk = entry.copies.contains(CopyPlaces::kLocal);
  const auto replicas = static_cast<int>(entry.copies.size()) - (placement.disk ? 1 : 0);
  placement.copies = (placement.memory || placement.disk ? 1 : 0) + replicas;
  return placement;
}

Placement TieredBlockStore::placement(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? Placement{} : placementOf(found->second);
}

std::shared_ptr<const BlockSource> TieredBlockStore::find(const std::string& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  const Entry& entry = found->second;
  auto report = [&loop = env_.loop, self = std::weak_ptr<Self>(self_), id, serial = entry.serial](
                    std::size_t place, const std::string& where, const Error& what) {
    loop.post([self, id, serial, place, where, what] {
      if (const auto here = self.lock()) here->store.copyDamaged(id, serial, place, where, what);
    });
  };
  auto source = std::make_shared<TieredSource>(entry.info, memory_.find(id), std::move(report));
  for (const auto& [place, copy] : entry.copies)
    if (!copy->isFar()) source->add(place, copy);
  if (source->empty()) return nullptr;
  return source;
}

// From one place after the other, until one is good. An outage may pass: what could not be asked may have it.
rt::Task<Result<std::shared_ptr<const Block>>> TieredBlockStore::fetch(std::string id) {
  std::vector<std::pair<std::size_t, std::shared_ptr<const StoredCopy>>> far;
  std::uint64_t serial = 0;
  if (const Entry* entry = entryOf(id)) {
    serial = entry->serial;
    for (const auto& [place, copy] : entry->copies)
      if (copy->isFar()) far.emplace_back(place, copy);
  }
  Error worst(Code::kNotFound, "block " + id + " lies in no place behind a network");
  std::optional<Error> outage;
  for (const auto& [place, copy] : far) {
    auto block = co_await copy->fetch();
    if (block && sameInfo(*(*block)->info(), *copy->info())) co_return std::move(block);
    worst =
        block ? Error(Code::kDamagedBlock, "another block lies in the place of block " + id) : block.error();
    Entry* const entry = entryOf(id, serial);
    if (entry == nullptr) break;  // Released meanwhile.
    if (worst.code() == Code::kDamagedBlock) {
      copyDamaged(id, serial, place, copy->where(), worst);
    } else {
      places_.failed(place, worst.message());
      outage = worst;
    }
  }
  co_return fail(outage.value_or(worst));
}

// Said once for each copy, however many tasks have met it; nobody is sent there again.
void TieredBlockStore::copyDamaged(const std::string& id, std::uint64_t serial, std::size_t place,
                                   const std::string& where, const Error& what) {
  Entry* entry = entryOf(id, serial);
  if (entry == nullptr) return;
  if (place == TieredSource::kMemory) {
    if (!memory_.find(id)) return;
    memory_.remove(id);
  } else {
    if (entry->copies.erase(place) == 0) return;
    entry->lost.insert(place);
  }
  ++counted_.damagedCopies;
  env_.log.error("block_copy_damaged",
                 {{"stream", streamOf(*entry->info)},
                  {"block", id},
                  {"place", place == TieredSource::kMemory ? "memory" : places_.name(place)},
                  {"where", where},
                  {"reason", what.message()}});
}

// --- Putting.

rt::Task<Result<Placement>> TieredBlockStore::put(std::shared_ptr<const Block> block, StorageLevel level) {
  const StorageTraits wanted = traitsOf(level);
  if (!wanted.memory && !wanted.disk) co_return Placement{};
  const std::string id = block->id();
  co_await otherPutOf(id);
  if (const Entry* known = entryOf(id)) {
    const Placement lies = placementOf(*known);
    if (lies.copies > 0 && sameInfo(*known->info, *block->info())) co_return lies;
    setAside(id);
  }
  const auto accepted = accepts(*block, level);
  if (!accepted) co_return fail(accepted.error());

  const rt::TimePoint deadline = rt::laterBy(env_.loop.now(), options_.places.replicaTimeout);
  Entry& entry = addEntry(block->info(), level);
  const std::uint64_t serial = entry.serial;
  const PlacingHold hold(env_.loop, entry);
  const MemoryCopy plain{block->info(), block};
  Writes replicas = startReplicas(plain, entry);
  // Before anything is written in vain.
  if (requiresReplicas(wanted) && replicas.size() + 1 < static_cast<std::size_t>(wanted.replicas))
    co_return replicasMissing(*block->info(), level, {}, places_.trouble());
  const auto kept = co_await keepHere(block, wanted, serial);
  if (!kept) {
    const bool released = entryOf(id, serial) == nullptr;
    if (released) co_return Placement{};
    undo(id);
    co_return fail(kept.error());
  }
  co_await waitForReplicas(std::move(replicas), deadline);
  co_return conclude(*block->info(), serial);
}

// Puts of one id go one after the other.
rt::Task<void> TieredBlockStore::otherPutOf(std::string id) {
  for (;;) {  // Each round waits for another put to end.
    const Entry* entry = entryOf(id);
    if (entry == nullptr || entry->placing == nullptr) co_return;
    const std::shared_ptr<Placing> placing = entry->placing;
    co_await placing->done.acquire(1);
    Entry* after = entryOf(id);
    if (after != nullptr && after->placing == placing) after->placing.reset();
  }
}

Result<void> TieredBlockStore::accepts(const Block& block, StorageLevel level) const {
  const StorageTraits wanted = traitsOf(level);
  if (wanted.disk && !places_.has(CopyPlaces::kLocal)) {
    return fail(Code::kInvalidConfig,
                storageLevelName(level) + " needs a folder for blocks, and there is none",
                "set tidemill.block.directory");
  }
  const auto replicas = static_cast<std::size_t>(wanted.replicas - 1);
  if (options_.replication == Replication::kRequire && places_.size() - 1 < replicas) {
    return fail(Code::kInvalidConfig,
                "block " + block.id() + ": " + storageLevelName(level) + " needs " +
                    std::to_string(replicas) + " replicas, and tidemill.block.replicas names " +
                    std::to_string(places_.size() - 1),
                "name more places, or set tidemill.block.replication=warn");
  }
  return {};
}

Result<Placement> TieredBlockStore::conclude(const BlockInfo& info, std::uint64_t serial) {
  const Entry* entry = entryOf(info.id, serial);
  if (entry == nullptr) return Placement{};  // Released meanwhile.
  const StorageTraits wanted = traitsOf(entry->level);
  const StorageLevel level = entry->level;
  const Placement placement = placementOf(*entry);
  const bool local = placement.memory || placement.disk;
  if (placement.reaches(level)) {
    health_.reached(info, level, env_.loop.now());
    return placement;
  }
  const std::string reason =
      local ? places_.trouble() : "the memory for blocks (spark.executor.memory) is used up";
  if (!local) ++counted_.notKept;
  health_.missed(info, level, placement, reason, env_.loop.now());
  if (requiresReplicas(wanted)) return replicasMissing(info, level, placement, reason);
  if (placement.copies == 0) undo(info.id);
  return placement;
}

tl::unexpected<Error> TieredBlockStore::replicasMissing(const BlockInfo& info, StorageLevel level,
                                                        const Placement& placement,
                                                        const std::string& reason) {
  undo(info.id);
  return fail(Code::kIo,
              "block " + info.id + " of stream " + streamOf(info) + ": " + storageLevelName(level) +
                  " was not reached (" + placement.text() + "): " + reason,
              "mend the replica, or set tidemill.block.replication=warn to go on with fewer copies");
}

// --- What is stored.

StoreTotals TieredBlockStore::totals() const {
  StoreTotals totals = counted_;
  totals.memoryBlocks = static_cast<std::int64_t>(memory_.size());
  totals.memoryBytes = memory_.bytes();
  totals.memoryBytesMost = memory_.bytesMost();
  totals.shortfalls = health_.shortfalls();
  for (const auto& [id, entry] : entries_) {
    for (const auto& [place, copy] : entry.copies) {
      const bool local = place == CopyPlaces::kLocal;
      ++(local ? totals.diskBlocks : totals.replicaBlocks);
      (local ? totals.diskBytes : totals.replicaBytes) += static_cast<std::int64_t>(copy->bytes());
    }
  }
  return totals;
}

rt::Task<bool> TieredBlockStore::drain(rt::Duration patience) {
  const rt::TimePoint deadline = rt::laterBy(env_.loop.now(), patience);
  bool all = true;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_.has(i)) continue;
    const rt::Duration left = std::max(rt::Duration::zero(), deadline - env_.loop.now());
    const bool drained = co_await places_.queue(i).drain(left);
    all = all && drained;
  }
  co_return all;
}

}  // namespace tidemill::block

#include "stream/checkpoint/ledger_state.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "stream/block_parts.h"

namespace tidemill::stream {
namespace {

// Lease checkpoints that follow the store may have passed it: it is delivered whatever they are.
bool isOwed(const block::BlockInfo& info) {
  return !info.owedTo.empty();
}

// `block` without what `gone` says yes to. False: nothing is left of it.
template <class Gone>
bool keepRest(LedgerBlock& block, const Gone& gone) {
  const auto& slices = block.info->slices;
  if (std::none_of(slices.begin(), slices.end(), gone)) return true;
  auto rest = std::make_shared<block::BlockInfo>(*block.info);
  std::erase_if(rest->slices, gone);
  block.info = std::move(rest);
  return !block.info->slices.empty();
}

template <class Gone>
void takeOut(std::vector<LedgerBlock>& blocks, const std::string& input, const Gone& gone) {
  std::erase_if(blocks, [&](LedgerBlock& block) {
    return block.input == input && !isOwed(*block.info) && !keepRest(block, gone);
  });
}

// Blocks of one stream come in the order of their numbers, which end their ids, also where its input had
// another place in an earlier program.
bool cameBefore(const LedgerBlock& a, const LedgerBlock& b) {
  const auto place = [](const std::string& id) {
    const std::string_view number = std::string_view(id).substr(id.rfind('-') + 1);
    return std::tuple(number.size(), number, std::string_view(id));
  };
  return place(a.info->id) < place(b.info->id);
}

// In front of the uid that an input had which no program reads any more.
constexpr char kGone = '~';

bool isGone(const std::string& uid) {
  return uid.starts_with(kGone);
}

// Which input of a new program has what an input of an earlier one has left.
class Successors {
 public:
  Successors(const std::map<std::string, LedgerInput>& before, const std::vector<LedgerInput>& now) {
    for (const auto& [uid, input] : before) {
      if (input.application.empty()) continue;  // Nothing came through it.
      const auto reads = [&](const LedgerInput& other) {
        return other.application == input.application && other.stream == input.stream;
      };
      auto found = std::find(now.begin(), now.end(), input);
      if (found == now.end()) found = std::find_if(now.begin(), now.end(), reads);
      if (found != now.end()) {
        uids_[uid] = found->uid;
        continue;
      }
      LedgerInput gone = input;
      if (!isGone(uid)) gone.uid = kGone + uid;
      uids_[uid] = gone.uid;
      gone_.push_back(std::move(gone));
    }
  }

  const std::vector<LedgerInput>& gone() const { return gone_; }
  std::string of(const std::string& uid) const {
    const auto found = uids_.find(uid);
    return found == uids_.end() ? kGone + uid : found->second;
  }

 private:
  std::map<std::string, std::string> uids_;
  std::vector<LedgerInput> gone_;
};

}  // namespace

struct LedgerState::Apply {
  LedgerState& state;

  void operator()(const OpenedEntry& entry) const { state.open(entry); }
  void operator()(const AddedEntry& entry) const {
    if (!state.unallocatedIds_.insert(entry.block->id).second) return;
    state.unallocated_.push_back({entry.input, entry.block});
    state.inOrder_ = false;
    state.addSpan(entry);
  }
  void operator()(const AllocatedEntry& entry) const { state.allocate(entry); }
  void operator()(const CompletedEntry& entry) const {
    const auto found = state.batches_.find(entry.time);
    if (found != state.batches_.end()) found->second.completed = true;
  }
  void operator()(const CleanedEntry& entry) const { state.batches_.erase(entry.time); }
  void operator()(const SpanEntry& entry) const { state.span(entry); }
  void operator()(const PostponedEntry& entry) const { state.postpone(entry); }
  void operator()(const SnapshotEntry& entry) const {
    state.snapshots_.erase(entry.uid);
    if (entry.partitions > 0) state.snapshots_[entry.uid] = entry;
  }
  void operator()(const AliveEntry&) const {}
  void operator()(const ClosedEntry&) const { state.writer_.closed = true; }
};

void LedgerState::apply(const LedgerEntry& entry) {
  std::visit(Apply{*this}, entry);
}

void LedgerState::dropBlocks() {
  unallocated_.clear();
  unallocatedIds_.clear();
  inOrder_ = false;
  batches_.clear();
}

// Nobody reads for an input that is gone, until one comes that does: what is owed waits for it among the
// blocks that lie in no batch, under a uid that no input has.
void LedgerState::open(const OpenedEntry& entry) {
  writer_ = {entry.epoch, entry.worker, entry.incarnation, entry.heartbeatMillis, false};
  const Successors successors(inputs_, entry.inputs);
  inputs_.clear();
  for (const LedgerInput& input : entry.inputs) inputs_[input.uid] = input;
  for (const LedgerInput& input : successors.gone()) inputs_[input.uid] = input;

  std::erase_if(unallocated_, [&](LedgerBlock& block) {
    block.input = successors.of(block.input);
    if (!isGone(block.input) || isOwed(*block.info)) return false;
    unallocatedIds_.erase(block.info->id);
    return true;
  });
  for (auto& [time, batch] : batches_) {
    std::erase_if(batch.blocks, [&](LedgerBlock& block) {
      block.input = successors.of(block.input);
      if (!isGone(block.input)) return false;
      if (!batch.completed && isOwed(*block.info) && unallocatedIds_.insert(block.info->id).second) {
        unallocated_.push_back(block);
        inOrder_ = false;
      }
      return true;
    });
  }
  std::map<ShardKey, ShardSpan> spans;
  for (const auto& [key, span] : spans_) {
    const std::string uid = successors.of(key.input);
    if (!isGone(uid)) spans.try_emplace({uid, key.shard}, span);
  }
  spans_ = std::move(spans);
  std::map<ShardKey, LoggedRange> logged;
  for (auto& [key, range] : logged_) {
    const std::string uid = successors.of(key.input);
    range.open = false;
    if (!isGone(uid)) logged.try_emplace({uid, key.shard}, range);
  }
  logged_ = std::move(logged);
}

void LedgerState::addSpan(const AddedEntry& entry) {
  for (const block::SliceInfo& slice : entry.block->slices) {
    const ShardKey key{entry.input, slice.range.shardId};
    const auto found = spans_.find(key);
    if (found == spans_.end()) continue;
    found->second.to = std::max(found->second.to, lastOf(slice));
    // What an earlier process has left, without this directory, may lie behind a gap.
    LoggedRange& logged = logged_[key];
    if (logged.open) logged.to = std::max(logged.to, lastOf(slice));
  }
}

// A batch of a time that has passed is there, or was there: nothing is moved. (Spark: ReceivedBlockTracker)
void LedgerState::allocate(const AllocatedEntry& entry) {
  if (lastAllocated_ && entry.time <= *lastAllocated_) return;
  lastAllocated_ = entry.time;
  const std::set<std::string> ids(entry.blocks.begin(), entry.blocks.end());
  LedgerBatch& batch = batches_[entry.time];
  std::vector<LedgerBlock> left;
  for (LedgerBlock& block : unallocated_) {
    const std::string& id = block.info->id;
    if (ids.contains(id)) {
      unallocatedIds_.erase(id);
      batch.blocks.push_back(std::move(block));
    } else {
      left.push_back(std::move(block));
    }
  }
  unallocated_ = std::move(left);
}

void LedgerState::span(const SpanEntry& entry) {
  const ShardKey key{entry.input, entry.shard};
  if (entry.kind == SpanEntry::Kind::kGoesOn) {
    forget(key, &entry.from);
    const auto found = spans_.find(key);
    if (found != spans_.end()) found->second.from = entry.from;
    noteLogged(entry);
    return;
  }
  noteLogged(entry);
  forget(key, nullptr);
  spans_.erase(key);
  if (entry.kind == SpanEntry::Kind::kAnew) spans_[key] = {entry.from, entry.from};
}

void LedgerState::noteLogged(const SpanEntry& entry) {
  const ShardKey key{entry.input, entry.shard};
  const auto span = spans_.find(key);
  const auto found = logged_.find(key);
  if (entry.kind == SpanEntry::Kind::kEnded) {
    if (found != logged_.end()) found->second.open = false;
    return;
  }
  const bool goesOn = entry.kind == SpanEntry::Kind::kGoesOn;
  if (goesOn && span == spans_.end()) return;
  const lease::Checkpoint at = goesOn ? span->second.to : entry.from;
  if (found == logged_.end() || at < found->second.since || at > found->second.to) {
    logged_[key] = {at, at, true};
  } else {
    found->second.open = true;
  }
}

void LedgerState::forget(const ShardKey& key, const lease::Checkpoint* upTo) {
  const auto gone = [&](const block::SliceInfo& slice) {
    return slice.range.shardId == key.shard && (upTo == nullptr || lastOf(slice) <= *upTo);
  };
  takeOut(unallocated_, key.input, gone);
  unallocatedIds_.clear();
  for (const LedgerBlock& block : unallocated_) unallocatedIds_.insert(block.info->id);
  for (auto& [time, batch] : batches_) {
    if (!batch.completed) takeOut(batch.blocks, key.input, gone);
  }
}

// A part of a block joins another shard's part of it that came before. They came before those that lie in no
// batch, and another shard's part may lie behind later blocks of this one: each shard is delivered in the
// order in which it was read.
void LedgerState::postpone(const PostponedEntry& entry) {
  const auto batch = batches_.find(entry.time);
  if (batch == batches_.end() || batch->second.completed) return;
  std::vector<LedgerBlock> parts;
  const auto ours = [&](const block::SliceInfo& slice) { return slice.range.shardId == entry.shard; };
  const auto others = [&](const block::SliceInfo& slice) { return !ours(slice); };
  for (const LedgerBlock& block : batch->second.blocks) {
    if (block.input != entry.input || isOwed(*block.info)) continue;
    LedgerBlock part = block;
    if (keepRest(part, others)) parts.push_back(std::move(part));
  }
  if (parts.empty()) return;
  takeOut(batch->second.blocks, entry.input, ours);
  // After a long outage there are thousands of batches, each with an entry for each shard.
  if (!std::exchange(inOrder_, true)) std::sort(unallocated_.begin(), unallocated_.end(), cameBefore);
  for (LedgerBlock& part : parts) {
    const auto place = std::lower_bound(unallocated_.begin(), unallocated_.end(), part, cameBefore);
    if (unallocatedIds_.insert(part.info->id).second) {
      unallocated_.insert(place, std::move(part));
    } else {
      place->info = joinParts(*place->info, *part.info);
    }
  }
}

std::set<ShardKey> LedgerState::pendingShards() const {
  std::set<ShardKey> shards;
  const auto add = [&](const std::vector<LedgerBlock>& blocks) {
    for (const LedgerBlock& block : blocks) {
      if (isOwed(*block.info)) continue;
      for (const block::SliceInfo& slice : block.info->slices)
        shards.insert({block.input, slice.range.shardId});
    }
  };
  add(unallocated_);
  for (const auto& [time, batch] : batches_) {
    if (!batch.completed) add(batch.blocks);
  }
  return shards;
}

lease::Checkpoint firstOf(const block::SliceInfo& slice) {
  return lease::Checkpoint::at(slice.range.fromSeqNumber, slice.range.fromSubSeqNumber.value_or(0));
}

lease::Checkpoint lastOf(const block::SliceInfo& slice) {
  return lease::Checkpoint::at(slice.range.toSeqNumber, slice.range.toSubSeqNumber.value_or(0));
}

bool LedgerState::isPending(const ShardKey& key, const lease::Checkpoint& after) const {
  const auto inBlock = [&](const LedgerBlock& block) {
    if (block.input != key.input || isOwed(*block.info)) return false;
    const auto& slices = block.info->slices;
    return std::any_of(slices.begin(), slices.end(), [&](const block::SliceInfo& slice) {
      return slice.range.shardId == key.shard && lastOf(slice) > after;
    });
  };
  if (std::any_of(unallocated_.begin(), unallocated_.end(), inBlock)) return true;
  return std::any_of(batches_.begin(), batches_.end(), [&](const auto& entry) {
    const LedgerBatch& batch = entry.second;
    return !batch.completed && std::any_of(batch.blocks.begin(), batch.blocks.end(), inBlock);
  });
}

bool LedgerState::isLogged(const std::string& input, const block::SliceInfo& slice) const {
  const auto found = logged_.find({input, slice.range.shardId});
  return found != logged_.end() && firstOf(slice) > found->second.since && lastOf(slice) <= found->second.to;
}

ShardResume resumeOf(const LedgerState& state, const ShardKey& key, const lease::Checkpoint& checkpoint,
                     bool afterStored) {
  ShardResume resume{{key.input, key.shard, SpanEntry::Kind::kAnew, checkpoint}, checkpoint, checkpoint};
  const auto found = state.spans().find(key);
  if (found == state.spans().end()) return resume;
  const ShardSpan& span = found->second;
  if (checkpoint < span.from || checkpoint > span.to) return resume;
  const bool pending = state.isPending(key, checkpoint);
  if (pending && afterStored) return resume;
  resume.entry.kind = SpanEntry::Kind::kGoesOn;
  resume.readAfter = span.to;
  if (!pending) resume.completed = span.to;
  return resume;
}

}  // namespace tidemill::stream

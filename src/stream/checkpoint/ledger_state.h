// stream/checkpoint/ledger_state.h: what a block log amounts to.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "stream/checkpoint/ledger_entry.h"
#include "tidemill/result.h"

namespace tidemill::stream {

struct LedgerBlock {
  std::string input;
  std::shared_ptr<const block::BlockInfo> info;
};

struct LedgerBatch {
  std::vector<LedgerBlock> blocks;
  bool completed = false;
};

struct ShardKey {
  std::string input;
  std::string shard;

  friend auto operator<=>(const ShardKey&, const ShardKey&) = default;
};

// All of a shard behind `from` and up to `to` was read under this directory and logged, without a gap: it is
// completed, or in a block that is not.
struct ShardSpan {
  lease::Checkpoint from;
  lease::Checkpoint to;

  friend bool operator==(const ShardSpan&, const ShardSpan&) = default;
};

// The same, whatever became of leases meanwhile and wherever reading began again inside of it.
struct LoggedRange {
  lease::Checkpoint since;
  lease::Checkpoint to;
  // The present writer reads on behind it.
  bool open = false;

  friend bool operator==(const LoggedRange&, const LoggedRange&) = default;
};

// The last claim of the directory.
struct LedgerWriter {
  std::uint64_t epoch = 0;
  std::string worker;
  std::string incarnation;
  std::int64_t heartbeatMillis = 0;
  bool closed = false;

  friend bool operator==(const LedgerWriter&, const LedgerWriter&) = default;
};

// A value without clocks; the same entries give the same state.
class LedgerState {
 public:
  // Entries that say what is known already change nothing.
  void apply(const LedgerEntry& entry);
  // Nobody asks for blocks and batches any more; spans stay.
  void dropBlocks();

  const LedgerWriter& writer() const { return writer_; }
  // By uid, as the last writer had them.
  const std::map<std::string, LedgerInput>& inputs() const { return inputs_; }
  // In the order in which they came.
  const std::vector<LedgerBlock>& unallocated() const { return unallocated_; }
  // Allocated and not cleaned. Completed ones are remembered for windows and state.
  const std::map<Time, LedgerBatch>& batches() const { return batches_; }
  std::optional<Time> lastAllocated() const { return lastAllocated_; }
  const std::map<ShardKey, ShardSpan>& spans() const { return spans_; }
  // By operator, the newest.
  const std::map<std::string, SnapshotEntry>& snapshots() const { return snapshots_; }
  // Shards that have records in blocks which are not completed; without those that are owed whatever their
  // lease checkpoint is (BlockInfo::owedTo).
  std::set<ShardKey> pendingShards() const;
  // Whether there are such records of the shard behind `after`.
  bool isPending(const ShardKey& key, const lease::Checkpoint& after) const;
  // Whether all records of the slice were logged, be it in another block: those that lease checkpoints may
  // have passed are completed, or in a block of this state.
  bool isLogged(const std::string& input, const block::SliceInfo& slice) const;

 private:
  friend class MetadataCodec;
  struct Apply;

  void open(const OpenedEntry& entry);
  void addSpan(const AddedEntry& entry);
  void allocate(const AllocatedEntry& entry);
  void span(const SpanEntry& entry);
  void noteLogged(const SpanEntry& entry);
  void postpone(const PostponedEntry& entry);
  // Takes the slices of a shard up to `upTo` (all, if there is none) out of what is not completed.
  void forget(const ShardKey& key, const lease::Checkpoint* upTo);

  LedgerWriter writer_;
  std::map<std::string, LedgerInput> inputs_;
  std::vector<LedgerBlock> unallocated_;
  std::set<std::string> unallocatedIds_;
  // unallocated_ is known to be in the order of ids.
  bool inOrder_ = false;
  std::map<Time, LedgerBatch> batches_;
  std::optional<Time> lastAllocated_;
  std::map<ShardKey, ShardSpan> spans_;
  std::map<ShardKey, LoggedRange> logged_;
  std::map<std::string, SnapshotEntry> snapshots_;
};

// The first and the last record of a slice.
lease::Checkpoint firstOf(const block::SliceInfo& slice);
lease::Checkpoint lastOf(const block::SliceInfo& slice);

// How a shard is read on whose lease checkpoint is given.
struct ShardResume {
  SpanEntry entry;
  // Where reading goes on.
  lease::Checkpoint readAfter;
  // Everything up to here is completed.
  lease::Checkpoint completed;
};
// `afterStored`: lease checkpoints will follow the store. They would pass what is pending, so that is
// forgotten and read again.
ShardResume resumeOf(const LedgerState& state, const ShardKey& key, const lease::Checkpoint& checkpoint,
                     bool afterStored);

}  // namespace tidemill::stream

// stream/batch_ledger.h: what a run of batches tells its checkpoint directory, and what it finds there.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consume/shard_start.h"
#include "rt/env.h"
#include "rt/task.h"
#include "stream/batch.h"
#include "stream/checkpoint/ledger.h"
#include "stream/checkpoint/ledger_state.h"

namespace tidemill::stream {

// Told on the control lane.
class BatchLedgerHost {
 public:
  virtual ~BatchLedgerHost() = default;
  // That the block was received has survived.
  virtual void onBlockLogged(std::size_t input, std::shared_ptr<const block::BlockInfo> block) = 0;
  // Nothing is logged any more: kFenced.
  virtual void onLedgerFailed(const Error& error) = 0;
};

// How the reading of a shard begins.
struct ShardBegin {
  // Behind here.
  lease::Checkpoint readAfter;
  // Up to here all is completed.
  lease::Checkpoint completed;
  // Blocks of an earlier process, with the token of this lease, for the next batch.
  BlockInfoList late;
};

// What an earlier process has left, for the leases that are held by now.
struct RestartWork {
  // Batches whose outputs may not have succeeded, oldest first, with what can be delivered of them.
  std::vector<Batch> pending;
  // Completed ones that streams may look back at, oldest first.
  std::vector<Batch> history;
  // Of the batches, allocated last.
  std::optional<Time> lastAllocated;
  // By input: for the next batch.
  std::vector<BlockInfoList> unallocated;
};

// What becomes of a block that an earlier process has stored.
enum class BlockFate { kUnknown, kNeeded, kDone };

// Lives on the control lane. Order: open(); then shardBegins() for each lease, takeRestart() once, and
// added(), allocated(), completed() in the order of a batch's life.
class BatchLedger final : private LedgerHost {
 public:
  // References outlive this object. `afterStored`: lease checkpoints follow the store. `looksBack`: batches
  // are needed after they are completed, so each is logged, the empty ones too.
  BatchLedger(const rt::Env& env, std::unique_ptr<CheckpointStore> store, LedgerOptions options,
              bool afterStored, bool looksBack, BatchLedgerHost& host);

  // Errors: those of Ledger::open().
  rt::Task<Result<void>> open();
  const LedgerFound& found() const { return found_; }
  Ledger& ledger() { return ledger_; }

  // Until takeRestart().
  BlockFate fateOf(const std::string& blockId) const;
  // Whether an earlier process has logged all records of the slice. In a block that is not needed they were
  // delivered, or are in another one that is: a power cut may bring back what the store had released.
  bool isLogged(std::size_t input, const block::SliceInfo& slice) const;
  // Larger than the number of any block that the directory knows.
  std::uint64_t firstBlock() const;

  ShardBegin shardBegins(std::size_t input, const consume::ShardStart& start);
  // The lease is lost: what was read under it is not delivered.
  void shardLost(std::size_t input, const std::string& shardId, std::int64_t token);

  // Shards without a lease so far that have records in what an earlier process has left.
  bool awaitsShards() const { return !awaited_.empty(); }
  RestartWork takeRestart();
  // Leases that have not come until now do not come: whoever has them reads on from their checkpoints.
  void giveUpAwaited();

  void added(std::size_t input, const std::shared_ptr<const block::BlockInfo>& block);
  void allocated(const Batch& batch);
  // Everything told so far has survived.
  rt::Task<Result<void>> committed();
  // The outputs have succeeded with what was `delivered` of the `whole` batch; returns when that has
  // survived.
  rt::Task<Result<void>> completed(std::shared_ptr<const Batch> whole,
                                   std::shared_ptr<const Batch> delivered);
  // Completed batches up to `time` are needed by nobody.
  void cleanUpTo(Time time);

  rt::Task<Result<void>> close() { return ledger_.close(); }

  // The uid under which an input is logged.
  static std::string uidOf(std::size_t input);

 private:
  void onCommitted(std::uint64_t ticket) override;
  void onLedgerFailed(const Error& error) override { host_.onLedgerFailed(error); }
  void append(LedgerEntry entry) { last_ = ledger_.append(std::move(entry)); }
  bool isLogged(const Batch& batch) const;
  void noteFates();
  // What of a block of the directory can be delivered now, with the tokens of the leases.
  std::shared_ptr<const block::BlockInfo> deliverable(const LedgerBlock& block) const;
  void postponeAwaited(Time time);

  const rt::Env& env_;
  const bool afterStored_;
  const bool looksBack_;
  BatchLedgerHost& host_;
  Ledger ledger_;

  LedgerFound found_;
  // Of its blocks, by id; a store may ask for a hundred thousand.
  std::map<std::string, BlockFate> fates_;
  // Of the leases that are held, as far as reading has begun.
  std::map<ShardKey, std::int64_t> tokens_;
  std::set<ShardKey> awaited_;
  bool restarted_ = false;
  // What awaits a lease: parts of blocks of found_, once that was taken.
  std::vector<LedgerBlock> late_;
  // Batches that the directory knows; true: completed.
  std::map<Time, bool> batches_;
  std::uint64_t last_ = 0;

  struct Logged {
    std::uint64_t ticket = 0;
    std::size_t input = 0;
    std::shared_ptr<const block::BlockInfo> block;
  };
  // Whose commit the host waits for.
  std::deque<Logged> logged_;
};

}  // namespace tidemill::stream

// consume/lease_book.h: the lease rows as this worker knows them, and the checkpoints that it owes them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "consume/checkpoint_state.h"
#include "lease/lease_store.h"
#include "lease/settled_write.h"
#include "rt/env.h"
#include "rt/task.h"

namespace tidemill::consume {

// Records of this run, over all shards.
struct CoordinatorTotals {
  std::int64_t processed = 0;
  std::int64_t checkpointed = 0;
};

struct LeaseBookOptions {
  std::string workerId;
  rt::Duration checkpointInterval{};
};

// Lives on the control lane. Two tasks may use it at a time: one that writes (writeDue, writeAll, release)
// and one that looks for shards (the rest). A row is held from the moment it was taken until its SHARD_END is
// written; only the first task changes what is held. Errors: those of the store, with kLeaseLost for a row
// that another worker wrote.
class LeaseBook {
 public:
  // References outlive this object. `onShardEnd` is called when SHARD_END of a shard has been written.
  LeaseBook(const rt::Env& env, lease::LeaseStore& store, LeaseBookOptions options,
            std::function<void(const std::string& shardId)> onShardEnd);

  // As last read or written, by shard id.
  const std::map<std::string, lease::Lease>& rows() const { return rows_; }
  const CheckpointState& held(const std::string& shardId) const { return states_.at(shardId); }

  // Notes when the stream was created; see LeaseStore::claimStream().
  rt::Task<Result<rt::WallTime>> claimStream(rt::WallTime created);
  // The only place where rows come in. Those that are held stay as they are.
  rt::Task<Result<void>> read();
  // Makes the rows that do not exist yet; does not read them.
  rt::Task<Result<void>> create(std::vector<lease::Lease> rows);
  // Takes every row that has not ended, whoever owns it.
  rt::Task<Result<void>> takeAll();
  // No more rows are taken: this worker is about to stop.
  void stopTaking() { taking_ = false; }
  rt::Task<Result<void>> noteChildren(std::string shardId, std::set<std::string> children);

  // The outputs of everything up to `to`, `records` more than before, have succeeded. SHARD_END is written
  // next time, whatever the interval.
  void processed(const std::string& shardId, const lease::Checkpoint& to, std::int64_t records);

  // Writes what is due. What may pass is logged and tried again next time.
  rt::Task<Result<void>> writeDue();
  // Writes everything that is outstanding; the first error ends it.
  rt::Task<Result<void>> writeAll();
  // Gives up what is owned and has not ended.
  rt::Task<Result<void>> release();

  CoordinatorTotals totals() const;

 private:
  lease::SettleContext settleContext() { return {env_.loop, store_, env_.random}; }
  std::vector<std::string> heldIds() const;
  rt::Task<Result<void>> write(std::string shardId, CheckpointWrite write);
  void ended(const std::string& shardId);
  Error lost(const std::string& shardId, const Error& cause) const;

  const rt::Env env_;
  lease::LeaseStore& store_;
  const LeaseBookOptions options_;
  const std::function<void(const std::string&)> onShardEnd_;
  const std::string incarnation_;

  std::map<std::string, lease::Lease> rows_;
  std::map<std::string, CheckpointState> states_;  // Of the rows that are held.
  bool taking_ = true;
  // Counts of shards that have ended.
  CoordinatorTotals ended_;
};

}  // namespace tidemill::consume

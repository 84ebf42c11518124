// consume/lease_book.h: the lease rows as this worker knows them, and the leases that it holds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consume/tenure.h"
#include "lease/lease_store.h"
#include "lease/row_health.h"
#include "lease/settled_write.h"
#include "lease/take_plan.h"
#include "rt/env.h"
#include "rt/task.h"
#include "rt/task_group.h"

namespace tidemill::consume {

// Records of this run, over all shards.
struct CoordinatorTotals {
  std::int64_t processed = 0;
  std::int64_t checkpointed = 0;
};

// How often the store is asked in a row before what it said last is believed.
struct LeaseRetries {
  // Calls in all. Nothing: what suits the call, two for a write that comes again anyway. Range: at least 1;
  // above 10 it counts as 10, for what is written grows old.
  std::optional<int> attemptsMax = std::nullopt;
  rt::BackoffOptions backoff = {};
};

struct LeaseBookOptions {
  lease::Worker worker;
  LeaseTimes times;
  rt::Duration checkpointInterval{};
  LeaseRetries retries = {};
};

// Why a lease is not held any more.
enum class LeaseLoss {
  kExpired,      // Not renewed in time, whatever the reason.
  kTaken,        // Another worker owns the row.
  kRowGone,      // Somebody deleted the row.
  kRowRestored,  // The row went back to an earlier state, as after the restore of a backup.
  kHandedOver,   // Given to the worker that asked for it.
  kUnreadable,   // Somebody wrote into the row what no lease holds.
};
// "expired", "taken", …: as the events have it.
std::string_view lossName(LeaseLoss loss);

// Told on the control lane, from tasks of the book.
class LeaseEvents {
 public:
  virtual ~LeaseEvents() = default;
  // The lease is another's, or may be: nothing of it is delivered or checkpointed any more.
  virtual void leaseLost(const std::string& shardId, std::int64_t token, LeaseLoss loss) = 0;
  // SHARD_END of a shard has been written.
  virtual void shardEndWritten(const std::string& shardId) = 0;
  // Another worker asked for this lease. Once; answered by handOver(), sooner or later.
  virtual void leaseWanted(const std::string& shardId, std::int64_t token) = 0;
};

// Renews what it holds, writes the checkpoints that are due, and notices what it loses. Lives on the control
// lane; at most kWritesMax writes are on their way at a time, one for each lease. Errors: those of the store;
// kWorkerIdInUse if another process works under this worker's id.
class LeaseBook {
 public:
  static constexpr std::size_t kWritesMax = 64;

  // References outlive this object.
  LeaseBook(const rt::Env& env, lease::LeaseStore& store, LeaseBookOptions options, LeaseEvents& events);

  // As last read or written, by lease key.
  const std::map<std::string, lease::Lease>& rows() const { return rows_; }
  std::vector<lease::Lease> allRows() const;
  const lease::Worker& worker() const { return options_.worker; }
  // Null: not held.
  const Tenure* find(const std::string& shardId) const;
  const lease::LeaseStore& store() const { return store_; }
  // In key order.
  std::vector<std::string> heldIds() const;
  std::size_t heldCount() const { return tenures_.size(); }
  // Whether the lease is held under this token, and is certain to be so at `now`.
  bool holds(const std::string& shardId, std::int64_t token, rt::TimePoint now) const;
  // Rows that this process does not take: those that went back to an earlier state, as after the restore of a
  // backup, unless another worker has written them since; and those that cannot be read.
  std::set<std::string> refused() const;

  // Notes when the stream was created; see LeaseStore::claimStream().
  rt::Task<Result<rt::WallTime>> claimStream(rt::WallTime created);
  // The only place where rows come in. Those that are held stay as they are. Rows that vanished although
  // their shards had not ended are made again as they were last known.
  rt::Task<Result<void>> read();
  // The same for these rows alone, by consistent reads.
  rt::Task<Result<void>> readRows(std::vector<std::string> leaseKeys);
  // Keys of rows that are there and cannot be read: nobody knows how far their shards were read.
  const std::set<std::string>& unreadable() const { return unreadable_; }
  // Makes the rows that do not exist yet; does not read them.
  rt::Task<Result<void>> create(std::vector<lease::Lease> rows);
  // Takes these leases, many at a time; those that others were quicker to take stay theirs. The first error
  // that does not concern one lease alone.
  rt::Task<Result<void>> take(std::vector<lease::LeaseTake> takes);
  // No more rows are taken: this worker is about to stop.
  void stopTaking() { taking_ = false; }
  bool taking() const { return taking_; }
  // Asks the owner of a row to hand it over.
  rt::Task<void> ask(std::string leaseKey);
  rt::Task<Result<void>> noteChildren(std::string shardId, std::set<std::string> children);
  rt::Task<Result<void>> noteHashRange(std::string shardId, std::string starting, std::string ending);
  // Deletes a finished row; kConflict if it has changed.
  rt::Task<Result<void>> remove(std::string shardId, std::string_view reason);

  // The outputs of everything up to `to`, `records` more than before, have succeeded. Without effect if the
  // lease is not held under `token`.
  void processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                 std::int64_t records);
  // A checkpoint to be committed later; see Tenure::prepare().
  void prepare(const std::string& shardId, std::int64_t token, const lease::Checkpoint& pending,
               std::optional<std::string> state);
  // Everything that was read under `token` is processed, and the lease was wanted.
  void handOver(const std::string& shardId, std::int64_t token);

  // Notices what has run out and starts the writes that are due; never waits. Called often.
  void pump();
  // Writes everything that is outstanding and gives the leases up. The first error that ended it.
  rt::Task<Result<void>> finish();
  // Waits until no write is on its way, and starts none meanwhile.
  rt::Task<void> settle();
  // What ends the work of this worker.
  const std::optional<Error>& failure() const { return failure_; }
  // Forgets it: whoever owns this begins again.
  void resume() {
    failure_.reset();
    lastError_.reset();
  }
  // Another process was seen at work under this worker's id.
  void foundTwin(const std::string& shardId);

  CoordinatorTotals totals() const;

 private:
  lease::SettleContext settleContext(int attemptsMax = 10) const;
  Tenure* held(const std::string& shardId, std::int64_t token);
  void noteRow(lease::Lease row);
  void noteUnreadable(const std::string& leaseKey, const std::string& reason);
  // Looks closely at rows that went back in a listing, which may be old.
  rt::Task<Result<void>> checkBackward(std::vector<std::string> leaseKeys);
  void refuse(const lease::Lease& row, const lease::RowAnomaly& anomaly);
  rt::Task<Result<void>> restoreVanished(const lease::LeaseListing& listing);
  rt::Task<void> createOne(lease::Lease row, std::optional<Error>& error);
  rt::Task<void> takeOne(lease::LeaseTake take, std::optional<Error>& error);
  void loseExpired();
  void startWrites(std::size_t most);
  void startWrite(const std::string& shardId, Tenure& tenure);
  void goOnAfter(const std::string& shardId);
  rt::Task<void> perform(std::string shardId, std::int64_t token, TenureWrite write);
  void wrote(const std::string& shardId, Tenure& tenure, const TenureWrite& write,
             const lease::SettledWrite& written);
  void notWritten(const std::string& shardId, Tenure& tenure, TenureWrite write, const Error& error);
  rt::Task<void> explainConflict(std::string shardId, std::int64_t token);
  void lose(const std::string& shardId, LeaseLoss loss, const std::string& owner);
  void forget(const std::string& shardId);

  const rt::Env env_;
  lease::LeaseStore& store_;
  const LeaseBookOptions options_;
  LeaseEvents& events_;

  std::map<std::string, lease::Lease> rows_;
  std::map<std::string, Tenure> tenures_;
  std::set<std::string> unreadable_;
  // With the counter that they had.
  std::map<std::string, std::int64_t> refused_;
  TenureStage stage_ = TenureStage::kWorking;
  bool taking_ = true;
  bool settling_ = false;
  // Where the next look for due writes goes on, if the last one found no room.
  std::optional<std::string> sweep_;
  std::uint64_t takesMade_ = 0;
  std::optional<Error> failure_;
  std::optional<Error> lastError_;
  // Counts of leases that are not held any more.
  CoordinatorTotals past_;
  // Last: its tasks use all of the above.
  rt::TaskGroup writes_;
};

}  // namespace tidemill::consume

// consume/tenure.h: one lease from its take to its loss: how long it is ours, and what to write next.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "consume/checkpoint_state.h"
#include "consume/lease_fence.h"
#include "lease/lease_write.h"
#include "rt/time.h"

namespace tidemill::consume {

struct LeaseTimes {
  // How long others watch an unchanged counter before they take the lease (KCL: failoverTimeMillis). The same
  // for all workers of a fleet. Range: 200 ms to 1 h. Larger outlives longer outages, and takes over later.
  rt::Duration failover = std::chrono::seconds(10);

  // KCL's period: a third, less 25 ms.
  rt::Duration renewEvery() const;
  // How long the holder relies on a renewal, from the moment when its request left: less than `failover` by
  // twice a clock drift of 1 %, and by a margin (reliability: rule 1 of leases).
  rt::Duration validFor() const;
};

// A write that a tenure calls for.
struct TenureWrite {
  lease::LeaseWrite write;
  // Set if it moves the checkpoint.
  std::optional<CheckpointWrite> checkpoint = std::nullopt;
  // When it was sent first, once it was: the lease runs from there if an earlier attempt was applied.
  std::optional<rt::TimePoint> firstSent = std::nullopt;
};

// What the worker as a whole is about.
enum class TenureStage {
  kWorking,
  kFinishing,  // Writes what is outstanding at once, then gives the lease up.
};

// Pure: all times are passed in. One write is on its way at a time. Invariant: while valid(), nobody else may
// take the lease.
class Tenure {
 public:
  // `row` as the take left it, `sent` when that request left.
  Tenure(lease::Lease row, rt::TimePoint sent, LeaseTimes times, rt::Duration checkpointInterval);

  // The fencing token: leaseCounter at the take.
  std::int64_t token() const { return token_; }
  // As last written.
  const lease::Lease& row() const { return row_; }
  bool valid(rt::TimePoint now) const { return now < validUntil_; }
  // Set for the fetch lane; never null.
  std::shared_ptr<LeaseFence> fence() const { return fence_; }

  // The outputs of everything up to `to`, `records` more than before, have succeeded.
  void processed(const lease::Checkpoint& to, std::int64_t records) { checkpoints_.processed(to, records); }
  // A checkpoint to be committed later, for whoever takes over: written soon, unless a checkpoint at or
  // behind it comes first.
  void prepare(const lease::Checkpoint& pending, std::optional<std::string> state);
  // Another worker asked for the lease.
  void askedBy(const std::string& worker);
  const std::string& wantedBy() const { return row_.wantedBy; }
  // Nothing more comes: once the rest is written, the lease goes to whoever asked for it.
  void handOver() { handingOver_ = true; }
  bool handingOver() const { return handingOver_; }

  // The next write; nothing if none is due or one is on its way. A write whose outcome is open comes first
  // and unchanged, since another one would find a row that it does not expect.
  std::optional<TenureWrite> next(rt::TimePoint now, TenureStage stage) const;
  // `write` leaves now.
  void begin() { writing_ = true; }
  // It was made; its request left at `sent`.
  void done(const TenureWrite& write, rt::TimePoint sent, rt::TimePoint now);
  // Nobody knows whether it was made; to be tried again not before `retryAt`.
  void unsettled(TenureWrite write, rt::TimePoint retryAt);
  // The meta attributes, which are written without moving the counter.
  void setChildren(std::set<std::string> children) { row_.childShardIds = std::move(children); }
  void setHashRange(std::string starting, std::string ending) {
    row_.startingHashKey = std::move(starting);
    row_.endingHashKey = std::move(ending);
  }

  const CheckpointState& checkpoints() const { return checkpoints_; }
  bool writing() const { return writing_; }

 private:
  struct Prepared {
    lease::Checkpoint pending;
    std::optional<std::string> state;
  };

  lease::Lease row_;
  const std::int64_t token_;
  const LeaseTimes times_;
  rt::TimePoint sent_;
  rt::TimePoint validUntil_;
  rt::TimePoint retryAt_{};
  std::shared_ptr<LeaseFence> fence_;
  CheckpointState checkpoints_;
  std::optional<Prepared> prepared_;
  std::optional<TenureWrite> unsettled_;
  bool handingOver_ = false;
  bool writing_ = false;
};

}  // namespace tidemill::consume

// sim/workloads/lease_checker.h: watches the lease table of a fleet in the fake DynamoDB, write by write.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fake/fake_dynamo.h"
#include "lease/checkpoint.h"
#include "sim/checker.h"
#include "tidemill/batch_info.h"

namespace tidemill::sim {

// Invariants: I2 no checkpoint goes back, I5 the unfinished rows own every hash key once they have done so,
// and a row goes only when its shard is finished, I6 every write of a row is made under its present counter,
// and no delivery begins once another worker has taken the lease unasked, or has begun to deliver, unless its
// worker stood still in between, I8 nobody takes a lease unasked from a worker that nothing has befallen.
class LeaseChecker final : public Checker {
 public:
  using OnCheckpoint = std::function<void(const std::string& shardId, const lease::Checkpoint& from,
                                          const lease::Checkpoint& to)>;
  // Whether a worker must still have what it had, since nothing has befallen it for long enough.
  using Calm = std::function<bool(const std::string& worker)>;

  LeaseChecker(World& world, std::string table, OnCheckpoint onCheckpoint, Calm calm)
      : Checker(world),
        table_(std::move(table)),
        onCheckpoint_(std::move(onCheckpoint)),
        calm_(std::move(calm)) {}

  void onWrite(const fake::AppliedWrite& write);
  // `worker` begins to deliver records that were read under `token`. `stoodStill`: it was stalled a moment
  // ago.
  void onDelivery(const std::string& worker, const FencingToken& token, bool stoodStill);

  // Unfinished leases by owner; those of nobody are under "".
  std::map<std::string, int> owned() const;
  // Shards that may be read, since their parents are finished, and whose rows nobody has written since then.
  std::vector<std::string> idleSince(rt::TimePoint since) const;
  // As the rows have it; nothing if there is no such row.
  std::optional<lease::Checkpoint> checkpointOf(const std::string& shardId) const;
  std::uint64_t ownerChanges() const { return ownerChanges_; }
  // Leases that were taken from another owner without its consent.
  std::uint64_t takeovers() const { return takeovers_; }
  std::uint64_t staleDeliveries() const { return staleDeliveries_; }

 private:
  struct Row {
    std::string owner;
    std::int64_t counter = 0;
    lease::Checkpoint checkpoint;
    std::string firstHashKey;
    std::string lastHashKey;
    std::string wantedBy;
    std::string incarnation;
    std::vector<std::string> parents;
    rt::TimePoint writtenAt{};
  };
  // By another worker than the owner before, which was not asked.
  struct Takeover {
    std::string by;
    std::int64_t counter = 0;
  };
  static std::optional<Row> rowOf(const fake::Item& item);
  void compare(const std::string& key, const Row& before, const Row& after);
  void compareOwners(const std::string& key, const Row& before, const Row& after);
  void checkCover();

  const std::string table_;
  const OnCheckpoint onCheckpoint_;
  const Calm calm_;
  std::map<std::string, Row> rows_;
  std::map<std::string, std::int64_t> delivered_;  // The highest token by shard.
  std::map<std::string, Takeover> takeoversOf_;    // The last one by shard.
  bool covered_ = false;
  std::uint64_t ownerChanges_ = 0;
  std::uint64_t takeovers_ = 0;
  std::uint64_t staleDeliveries_ = 0;
};

}  // namespace tidemill::sim

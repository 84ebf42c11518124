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
// and no delivery begins under a token that is older than one under which delivery has begun, unless its
// worker stood still in between.
class LeaseChecker final : public Checker {
 public:
  using OnCheckpoint = std::function<void(const std::string& shardId, const lease::Checkpoint& from,
                                          const lease::Checkpoint& to)>;

  LeaseChecker(World& world, std::string table, OnCheckpoint onCheckpoint)
      : Checker(world), table_(std::move(table)), onCheckpoint_(std::move(onCheckpoint)) {}

  void onWrite(const fake::AppliedWrite& write);
  // `worker` begins to deliver records that were read under `token`. `stoodStill`: it was stalled a moment
  // ago.
  void onDelivery(const std::string& worker, const FencingToken& token, bool stoodStill);

  // Unfinished leases by owner; those of nobody are under "".
  std::map<std::string, int> owned() const;
  std::uint64_t ownerChanges() const { return ownerChanges_; }
  std::uint64_t staleDeliveries() const { return staleDeliveries_; }

 private:
  struct Row {
    std::string owner;
    std::int64_t counter = 0;
    lease::Checkpoint checkpoint;
    std::string firstHashKey;
    std::string lastHashKey;
  };
  static std::optional<Row> rowOf(const fake::Item& item);
  void compare(const std::string& key, const Row& before, const Row& after);
  void checkCover();

  const std::string table_;
  const OnCheckpoint onCheckpoint_;
  std::map<std::string, Row> rows_;
  std::map<std::string, std::int64_t> delivered_;  // The highest token by shard.
  bool covered_ = false;
  std::uint64_t ownerChanges_ = 0;
  std::uint64_t staleDeliveries_ = 0;
};

}  // namespace tidemill::sim

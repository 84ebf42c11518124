// cli/lease_observation.h: which owners of leases are alive, as far as the counters of their rows tell.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "lease/lease_store.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// What several looks at a lease table have shown. Rows have no clock: an owner that lives moves the counter
// of its row, a third of its lease time apart.
class LeaseObservation {
 public:
  void look(lease::LeaseListing listing, rt::TimePoint now);

  // As the last look found it.
  const lease::LeaseListing& listing() const { return listing_; }
  // Whether the lease's counter has changed between two looks.
  bool moved(const std::string& leaseKey) const;
  // How long the counter has stood still before the last look. Of a lease that has not moved: the whole time
  // of looking, so it is at least this old.
  rt::Duration unchangedFor(const std::string& leaseKey) const;
  // Nothing more can be learned: every lease with an owner has moved.
  bool complete() const;

 private:
  struct Sighting {
    std::int64_t counter = 0;
    rt::TimePoint since{};
    bool moved = false;
  };

  lease::LeaseListing listing_;
  std::map<std::string, Sighting> sightings_;
  rt::TimePoint lastLook_{};
};

struct ObserveOptions {
  // The time between the first look and the last. 0: one look. Larger tells slower workers alive, and takes
  // as long where an owner is dead.
  rt::Duration patience{};
  // Between looks; each reads the whole table. Range: above 0.
  rt::Duration interval = std::chrono::seconds(1);
  // Set: only this lease is of interest.
  std::optional<std::string> only = std::nullopt;
  // True: ends with the first owner that is seen alive. False: looks until every owner has been.
  bool untilOneLives = false;
};

// Looks until the patience or the curiosity ends. Errors: those of LeaseStore::list(). References must stay
// valid until the task ends.
rt::Task<Result<LeaseObservation>> observeLeases(rt::Loop& loop, lease::LeaseStore& store,
                                                 const ObserveOptions& options);

// The first lease, in the order of keys, whose owner has been seen alive; null: none. `only` as above.
const lease::Lease* firstAlive(const LeaseObservation& observation, const std::optional<std::string>& only);

// kLeaseInUse for the first that is alive: what a command says which must not touch it. `action` is what it
// would have done: "released".
Result<void> refuseWhileAlive(const LeaseObservation& observation, const std::optional<std::string>& only,
                              const std::string& action);

}  // namespace tidemill::cli

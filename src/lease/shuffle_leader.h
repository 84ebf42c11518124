// lease/shuffle_leader.h: which worker of a fleet of KCL 1.14+ and 2.x looks after the table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lease/lease.h"
#include "lease/lease_watch.h"
#include "rt/time.h"

namespace tidemill::lease {

// java.util.Random, number for number (its documentation fixes the algorithm): Java workers draw from it too,
// and all must come to the same leader.
class JavaRandom {
 public:
  explicit JavaRandom(std::int64_t seed);
  // Random.nextInt(bound): uniform in [0, bound). `bound` must be positive.
  std::int32_t nextInt(std::int32_t bound);

 private:
  std::int32_t next31();

  std::uint64_t state_;
};

// `names` as Collections.shuffle leaves them.
std::vector<std::string> shuffledAsInJava(std::vector<std::string> names, JavaRandom random);

// True if `a` comes before `b` in the order of Java's strings: by UTF-16 code units, which is not the order
// of bytes in UTF-8 beyond U+FFFF. Both are UTF-8.
bool isBeforeInJava(const std::string& a, const std::string& b);

// The worker that leads: the first of all owners in the table when shuffled with KCL's seed (kcl.md 2.4).
// Empty if nobody owns a row.
std::string shuffleLeader(const std::vector<Lease>& leases);
// True if `self` leads, or nobody owns a row: then everybody may, since what a leader does can be repeated.
// A leader makes rows and deletes finished ones; nothing that is safe depends on there being one.
bool isLeader(const std::vector<Lease>& leases, const std::string& self);
// The same among rows whose counter has moved within six times `failover`. Java workers take finished rows of
// the dead within five; without them such rows would make a dead worker the leader for ever.
bool isLeader(const std::vector<Lease>& leases, const std::string& self, const LeaseWatch& watch,
              rt::TimePoint now, rt::Duration failover);

}  // namespace tidemill::lease

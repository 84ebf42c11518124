// Fleets that plan their takes in turn: they come to a balance, and nobody loses a lease that the rules do
// not give away. RapidCheck prints the seed of a failure and shrinks the fleet.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "lease/lease_write.h"
#include "lease/take_plan.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

// The same fleets in every run; RC_PARAMS in the environment explores others.
[[maybe_unused]] const int kSeedIsFixed =
    setenv("RC_PARAMS", "seed=20261126 max_success=50", /*overwrite=*/0);

constexpr rt::Duration kFailover = 10s;
constexpr rt::Duration kStep = 3s;  // Renewals and scans of everybody who lives.

struct Member {
  std::string id;
  LeaseWatch watch;
  bool alive = true;
};

// One table and its workers, in one loop; the true time of the last renewal is kept beside each row.
class Fleet {
 public:
  // `ours`: workers hand over when asked. Else they know neither requests nor us.
  Fleet(int rows, int finished, int workers, bool ours, std::uint64_t seed) : ours_(ours), random_(seed) {
    for (int i = 0; i < rows; ++i) {
      Lease row;
      row.leaseKey = "s" + std::to_string(100 + i);
      if (i < finished) row.checkpoint = Checkpoint::shardEnd();
      table_.push_back(row);
    }
    renewed_.resize(table_.size());
    for (int i = 0; i < workers; ++i) join();
  }

  void join() { members_.push_back({"w" + std::to_string(members_.size()), {}, true}); }
  void kill(std::size_t index) { members_[index % members_.size()].alive = false; }
  std::size_t living() const {
    return static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(), [](const Member& m) { return m.alive; }));
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      now_ += kStep;
      for (Member& member : members_) {
        if (member.alive) renew(member);
      }
      for (Member& member : members_) {
        if (member.alive) scan(member);
      }
    }
  }

  // Of unfinished rows; all of them must have a living owner.
  int imbalance() const {
    std::map<std::string, int> counts;
    for (const Member& member : members_) {
      if (member.alive) counts[member.id] = 0;
    }
    for (const Lease& row : table_) {
      if (row.checkpoint.isShardEnd()) continue;
      RC_ASSERT(counts.contains(row.leaseOwner));
      ++counts[row.leaseOwner];
    }
    int least = std::numeric_limits<int>::max(), most = 0;
    for (const auto& [id, count] : counts) {
      least = std::min(least, count);
      most = std::max(most, count);
    }
    return most - least;
  }
  int changes() const { return changes_; }

 private:
  // Rows of other programs have none; here it only tells who took the row.
  std::string incarnationOf(const Member& member) const {
    return ours_ ? member.id + "/1" : "other " + member.id;
  }
  bool isOwn(const Lease& row, const Member& member) const {
    return row.leaseOwner == member.id && row.incarnation == incarnationOf(member);
  }

  // Rows at their end are renewed by nobody.
  void renew(const Member& member) {
    for (std::size_t i = 0; i < table_.size(); ++i) {
      Lease& row = table_[i];
      if (!isOwn(row, member) || row.checkpoint.isShardEnd()) continue;
      const bool asked = ours_ && !row.wantedBy.empty();
      const LeaseWrite write = asked ? handingOver(row) : renewing(row);
      applyTo(row, write);
      renewed_[i] = now_;
    }
  }

  void scan(Member& member) {
    TakeOptions options{.self = member.id};
    for (const Lease& row : table_) {
      if (isOwn(row, member)) options.held.insert(row.leaseKey);
    }
    member.watch.observe(table_, now_);
    const TakePlan plan = planTakes(table_, member.watch, options, now_, random_);
    int steals = 0;
    std::set<std::string> victims;
    for (const LeaseTake& take : plan.takes) {
      const auto found = std::find_if(table_.begin(), table_.end(),
                                      [&](const Lease& row) { return row.leaseKey == take.leaseKey; });
      const auto index = static_cast<std::size_t>(found - table_.begin());
      Lease& row = *found;
      check(member, take, row, now_ - renewed_[index]);
      if (take.reason == TakeReason::kSteal) {
        ++steals;
        victims.insert(take.from);
      }
      if (take.reason == TakeReason::kAsk) {
        row.wantedBy = member.id;
      } else {
        applyTo(row, taking(row, {member.id, incarnationOf(member)}));
        renewed_[index] = now_;
      }
      ++changes_;
    }
    RC_ASSERT(steals <= options.maxLeasesToSteal);
    RC_ASSERT(victims.size() <= 1u);
  }

  void check(const Member& member, const LeaseTake& take, const Lease& row, rt::Duration sinceRenewal) {
    RC_ASSERT(!row.checkpoint.isShardEnd());
    switch (take.reason) {
      case TakeReason::kOwn:
        RC_ASSERT(row.leaseOwner == member.id);
        break;
      case TakeReason::kUnowned:
        RC_ASSERT(row.leaseOwner.empty());
        break;
      case TakeReason::kExpired:
      case TakeReason::kVeryOld:
        RC_ASSERT(sinceRenewal > kFailover);
        break;
      case TakeReason::kAsk:
      case TakeReason::kSteal:
        RC_ASSERT(countOf(take.from) > countOf(member.id) + 1);
        break;
    }
  }

  int countOf(const std::string& owner) const {
    return static_cast<int>(std::count_if(table_.begin(), table_.end(), [&](const Lease& row) {
      const bool wanted = ownerHandsOver(row) && !row.wantedBy.empty();
      return !row.checkpoint.isShardEnd() && (wanted ? row.wantedBy : row.leaseOwner) == owner;
    }));
  }

  const bool ours_;
  base::Random random_;
  rt::TimePoint now_{1h};
  std::vector<Lease> table_;
  std::vector<rt::TimePoint> renewed_;
  std::vector<Member> members_;
  int changes_ = 0;
};

RC_GTEST_PROP(TakePlanProperty, AFleetOfOurOwnComesToABalanceAndRests, ()) {
  const int rows = *rc::gen::inRange(1, 60);
  const int finished = *rc::gen::inRange(0, rows);
  Fleet fleet(rows, finished, *rc::gen::inRange(1, 9), true, *rc::gen::arbitrary<std::uint64_t>());
  fleet.run(60);
  RC_ASSERT(fleet.imbalance() <= 1);
  const int changes = fleet.changes();
  fleet.run(20);
  RC_ASSERT(fleet.changes() == changes);
}

RC_GTEST_PROP(TakePlanProperty, AFleetThatStealsComesToABalanceAndRests, ()) {
  Fleet fleet(*rc::gen::inRange(1, 40), 0, *rc::gen::inRange(1, 9), false,
              *rc::gen::arbitrary<std::uint64_t>());
  fleet.run(80);
  RC_ASSERT(fleet.imbalance() <= 1);
  const int changes = fleet.changes();
  fleet.run(20);
  RC_ASSERT(fleet.changes() == changes);
}

RC_GTEST_PROP(TakePlanProperty, NobodyLosesALeaseAgainstTheRulesWhateverDiesAndJoins, ()) {
  const bool ours = *rc::gen::arbitrary<bool>();
  const int rows = *rc::gen::inRange(1, 30);
  const int finished = ours ? *rc::gen::inRange(0, rows) : 0;
  Fleet fleet(rows, finished, *rc::gen::inRange(1, 5), ours, *rc::gen::arbitrary<std::uint64_t>());
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
  for (const int step : steps) {
    if (step < 2 && fleet.living() < 9) fleet.join();
    if (step > 9 && fleet.living() > 1) fleet.kill(static_cast<std::size_t>(step) * steps.size());
    fleet.run(step);  // Checks every take.
  }
  fleet.run(100);
  RC_ASSERT(fleet.imbalance() <= 1);
}

}  // namespace
}  // namespace tidemill::lease

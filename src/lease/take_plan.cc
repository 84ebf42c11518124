#include "lease/take_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"

namespace tidemill::lease {
namespace {

constexpr int kVeryOldFailovers = 3;

// Fisher-Yates; the standard's shuffle differs between libraries.
void shuffle(std::vector<const Lease*>& rows, base::Random& random) {
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
}

int intOf(std::size_t count) {
  return static_cast<int>(std::min<std::size_t>(count, std::numeric_limits<int>::max()));
}

int fairShare(int rows, int workers) {
  return workers >= rows ? 1 : rows / workers + (rows % workers != 0 ? 1 : 0);
}

// Who will have the row when what was asked for is done. Only tidemill workers hear a request.
const std::string& ownerToBe(const Lease& lease) {
  if (ownerHandsOver(lease) && !lease.wantedBy.empty()) return lease.wantedBy;
  return lease.leaseOwner.empty() ? lease.checkpointOwner : lease.leaseOwner;
}

class Planner {
 public:
  Planner(const std::vector<Lease>& leases, const LeaseWatch& watch, const TakeOptions& options,
          rt::TimePoint now, base::Random& random)
      : leases_(leases), watch_(watch), options_(options), now_(now), random_(random) {}

  TakePlan plan() {
    for (const Lease& lease : leases_) place(lease);
    setTargets();
    takeVeryOld();
    takeAvailable();
    // While rows are free, nobody is robbed of one.
    if (veryOld_.empty() && available_.empty() && !stealFromTheDeaf()) {
      if (allOurs_) {
        askOthers();
      } else {
        stealFromOne();
      }
    }
    return std::move(plan_);
  }

 private:
  struct Count {
    int all = 0;
    int unfinished = 0;
    std::vector<const Lease*> movable;  // In key order.
  };

  void place(const Lease& lease) {
    const bool held = options_.held.contains(lease.leaseKey);
    const bool finished = lease.checkpoint.isShardEnd();
    const bool takeable = !finished && !held && !options_.leftAlone.contains(lease.leaseKey);
    const bool available = watch_.isAvailable(lease, now_, options_.failover);
    const bool named = lease.leaseOwner == options_.self && (lease.checkpointOwner.empty() || available);
    if (takeable && named) {
      take(lease, TakeReason::kOwn);
      return;
    }
    if (available && !(held && named)) {
      if (takeable) (isVeryOld(lease) ? veryOld_ : available_).push_back(&lease);
      return;
    }
    countFor(ownerToBe(lease), lease, takeable);
  }

  void countFor(const std::string& owner, const Lease& lease, bool takeable) {
    Count& count = counts_[owner];
    ++count.all;
    if (!lease.checkpoint.isShardEnd()) ++count.unfinished;
    if (lease.leaseOwner != options_.self && !ownerHandsOver(lease)) allOurs_ = false;
    if (!takeable || !lease.checkpointOwner.empty()) return;
    if (owner == options_.self) {
      asked_.push_back(&lease);
    } else if (owner == lease.leaseOwner) {
      count.movable.push_back(&lease);
    }
  }

  bool isVeryOld(const Lease& lease) const {
    if (!options_.enablePriority) return false;
    const rt::Duration age = options_.greedyStart
                                 ? watch_.ageOf(lease.leaseKey, now_).value_or(rt::Duration::zero())
                                 : watch_.waited(lease.leaseKey, now_);
    return age / kVeryOldFailovers > options_.failover;
  }

  void setTargets() {
    int unfinished = 0;
    for (const Lease& lease : leases_) unfinished += lease.checkpoint.isShardEnd() ? 0 : 1;
    counts_.try_emplace(options_.self);
    int workers = 0;
    for (const auto& [owner, count] : counts_) {
      // In a fleet of our own, one that has finished rows alone is not at work (or it is this worker).
      if (!allOurs_ || count.unfinished > 0 || owner == options_.self) ++workers;
    }
    unfinishedTarget_ = fairShare(unfinished, workers);
    fleetTarget_ = allOurs_ ? unfinishedTarget_ : fairShare(intOf(leases_.size()), workers);
    plan_.target = std::min(fleetTarget_, options_.maxLeases);
    plan_.spillover = fleetTarget_ - plan_.target;
  }

  int load(const Count& count) const { return allOurs_ ? count.unfinished : count.all; }
  int mine() const { return load(counts_.at(options_.self)); }

  void take(const Lease& lease, TakeReason reason) {
    plan_.takes.push_back(
        {lease.leaseKey, reason, lease.leaseOwner, watch_.waited(lease.leaseKey, now_), lease.leaseCounter});
    Count& self = counts_[options_.self];
    ++self.all;
    ++self.unfinished;
  }

  void takeVeryOld() {
    shuffle(veryOld_, random_);
    for (const Lease* lease : veryOld_) {
      if (mine() >= options_.maxLeases) return;
      take(*lease, isUnowned(*lease) ? TakeReason::kUnowned : TakeReason::kVeryOld);
    }
  }

  void takeAvailable() {
    shuffle(available_, random_);
    for (const Lease* lease : available_) {
      if (mine() >= plan_.target) return;
      take(*lease, isUnowned(*lease) ? TakeReason::kUnowned : TakeReason::kExpired);
    }
  }

  // From owners that were asked for a lease long ago. Such leases count as mine already. True if there are
  // any.
  bool stealFromTheDeaf() {
    int left = options_.maxLeasesToSteal;
    for (const Lease* lease : asked_) {
      if (left == 0) break;
      if (watch_.askedFor(*lease, now_) <= options_.handOverTimeout) continue;
      --left;
      plan_.takes.push_back({lease->leaseKey, TakeReason::kSteal, lease->leaseOwner,
                             watch_.waited(lease->leaseKey, now_), lease->leaseCounter});
    }
    return left < options_.maxLeasesToSteal;
  }

  // How many more this worker may want from living owners.
  int need() const {
    const int ofUnfinished = unfinishedTarget_ - counts_.at(options_.self).unfinished;
    return std::min(plan_.target - mine(), ofUnfinished);
  }

  // The most loaded owner that has a row to give; by lot among equals. Null: nobody has too many.
  Count* victim() {
    std::vector<Count*> most;
    for (auto& [owner, count] : counts_) {
      if (owner == options_.self || count.movable.empty()) continue;
      if (!most.empty() && load(count) < load(*most.front())) continue;
      if (!most.empty() && load(count) > load(*most.front())) most.clear();
      most.push_back(&count);
    }
    if (most.empty()) return nullptr;
    return most[most.size() == 1 ? 0 : random_.below(most.size())];
  }

  // How many `from` can spare. With exactly its share it gives one only if that levels a difference of two.
  int spare(const Count& from, int needed) const {
    const int over = load(from) - fleetTarget_;
    if (over < 0 || needed <= 0) return 0;
    if (over == 0) return needed > 1 ? 1 : 0;
    return std::min(needed, over);
  }

  void moveOneFrom(Count& from) {
    const std::size_t index = random_.below(from.movable.size());
    const Lease& lease = *from.movable[index];
    from.movable.erase(from.movable.begin() + static_cast<std::ptrdiff_t>(index));
    --from.all;
    --from.unfinished;
    take(lease, ownerHandsOver(lease) ? TakeReason::kAsk : TakeReason::kSteal);
  }

  void stealFromOne() {
    Count* from = victim();
    if (from == nullptr) return;
    const int wanted =
        std::min({spare(*from, need()), options_.maxLeasesToSteal, intOf(from->movable.size())});
    for (int i = 0; i < wanted; ++i) moveOneFrom(*from);
  }

  void askOthers() {
    for (int left = options_.maxLeasesToAsk; left > 0; --left) {
      if (need() <= 0) return;
      Count* from = victim();
      if (from == nullptr || spare(*from, need()) == 0) return;
      moveOneFrom(*from);
    }
  }

  const std::vector<Lease>& leases_;
  const LeaseWatch& watch_;
  const TakeOptions& options_;
  const rt::TimePoint now_;
  base::Random& random_;

  TakePlan plan_;
  std::map<std::string, Count> counts_;  // By owner, of rows that are not free; with what is planned here.
  bool allOurs_ = true;
  int fleetTarget_ = 0;       // As the rest of the fleet reckons it.
  int unfinishedTarget_ = 0;  // Of rows that give work.
  std::vector<const Lease*> veryOld_;
  std::vector<const Lease*> available_;
  std::vector<const Lease*> asked_;  // This worker has asked their owners, which still have them.
};

}  // namespace

std::string_view takeReasonName(TakeReason reason) {
  switch (reason) {
    case TakeReason::kOwn:
      return "own";
    case TakeReason::kUnowned:
      return "unowned";
    case TakeReason::kExpired:
      return "expired";
    case TakeReason::kVeryOld:
      return "very_old";
    case TakeReason::kSteal:
      return "steal";
    case TakeReason::kAsk:
      return "ask";
  }
  return "";
}

TakePlan planTakes(const std::vector<Lease>& leases, const LeaseWatch& watch, const TakeOptions& options,
                   rt::TimePoint now, base::Random& random) {
  TIDEMILL_CHECK(!options.self.empty());
  return Planner(leases, watch, options, now, random).plan();
}

}  // namespace tidemill::lease

#include "lease/lease_watch.h"

#include <set>

namespace tidemill::lease {

bool isUnowned(const Lease& lease) {
  return lease.leaseOwner.empty() && lease.checkpointOwner.empty();
}

void LeaseWatch::observe(const std::vector<Lease>& leases, rt::TimePoint readCompleted) {
  std::set<std::string> present;
  for (const Lease& lease : leases) {
    present.insert(lease.leaseKey);
    observeRow(lease, readCompleted);
  }
  std::erase_if(rows_, [&](const auto& row) { return !present.contains(row.first); });
}

void LeaseWatch::observeRow(const Lease& lease, rt::TimePoint readCompleted) {
  const auto [found, isNew] = rows_.try_emplace(lease.leaseKey);
  Seen& seen = found->second;
  if (isNew || seen.counter != lease.leaseCounter) {
    seen.counter = lease.leaseCounter;
    seen.since = readCompleted;
    seen.neverOwned = isNew && isUnowned(lease);
  }
  // Somebody became the owner without moving the counter, which no take does: wait for it like for any owner.
  if (seen.neverOwned && !isUnowned(lease)) {
    seen.neverOwned = false;
    seen.since = readCompleted;
  }
  if (seen.wantedBy != lease.wantedBy) {
    seen.wantedBy = lease.wantedBy;
    seen.wantedSince = readCompleted;
  }
}

std::optional<rt::Duration> LeaseWatch::ageOf(const std::string& leaseKey, rt::TimePoint now) const {
  const auto row = rows_.find(leaseKey);
  if (row == rows_.end()) return std::nullopt;
  if (row->second.neverOwned) return rt::Duration::max();
  return now - row->second.since;
}

rt::Duration LeaseWatch::waited(const std::string& leaseKey, rt::TimePoint now) const {
  const auto row = rows_.find(leaseKey);
  return row == rows_.end() ? rt::Duration::zero() : now - row->second.since;
}

rt::Duration LeaseWatch::askedFor(const Lease& lease, rt::TimePoint now) const {
  const auto row = rows_.find(lease.leaseKey);
  if (row == rows_.end() || lease.wantedBy.empty() || row->second.wantedBy != lease.wantedBy) {
    return rt::Duration::zero();
  }
  return now - row->second.wantedSince;
}

bool LeaseWatch::isAvailable(const Lease& lease, rt::TimePoint now, rt::Duration failover) const {
  if (isUnowned(lease)) return true;
  const auto row = rows_.find(lease.leaseKey);
  if (row == rows_.end() || row->second.counter != lease.leaseCounter || row->second.neverOwned) return false;
  return now - row->second.since > failover;
}

}  // namespace tidemill::lease

#include "cli/lease_observation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tidemill::cli {

void LeaseObservation::look(lease::LeaseListing listing, rt::TimePoint now) {
  for (const lease::Lease& lease : listing.leases) {
    const auto [found, isNew] = sightings_.try_emplace(lease.leaseKey, Sighting{lease.leaseCounter, now});
    Sighting& sighting = found->second;
    if (isNew || sighting.counter == lease.leaseCounter) continue;
    sighting = {lease.leaseCounter, now, true};
  }
  listing_ = std::move(listing);
  lastLook_ = now;
}

bool LeaseObservation::moved(const std::string& leaseKey) const {
  const auto found = sightings_.find(leaseKey);
  return found != sightings_.end() && found->second.moved;
}

rt::Duration LeaseObservation::unchangedFor(const std::string& leaseKey) const {
  const auto found = sightings_.find(leaseKey);
  return found == sightings_.end() ? rt::Duration() : lastLook_ - found->second.since;
}

bool LeaseObservation::complete() const {
  return std::all_of(listing_.leases.begin(), listing_.leases.end(), [this](const lease::Lease& lease) {
    return lease.leaseOwner.empty() || moved(lease.leaseKey);
  });
}

rt::Task<Result<LeaseObservation>> observeLeases(rt::Loop& loop, lease::LeaseStore& store,
                                                 const ObserveOptions& options) {
  LeaseObservation observation;
  // From the end of the first look on, since what stands still is seen to do so from there.
  std::optional<rt::TimePoint> firstLook;
  for (;;) {  // Until the patience is over.
    auto listing = co_await store.list();
    if (!listing) co_return fail(listing.error());
    const rt::TimePoint now = loop.now();
    observation.look(std::move(*listing), now);
    if (!firstLook) firstLook = now;
    const rt::TimePoint until = rt::laterBy(*firstLook, options.patience);
    const bool known = options.untilOneLives ? firstAlive(observation, options.only) != nullptr : false;
    if (known || observation.complete() || now >= until) co_return observation;
    const rt::Duration pause = std::min(options.interval, until - now);
    co_await loop.sleepFor(pause);
  }
}

const lease::Lease* firstAlive(const LeaseObservation& observation, const std::optional<std::string>& only) {
  const auto& leases = observation.listing().leases;
  const auto found = std::find_if(leases.begin(), leases.end(), [&](const lease::Lease& lease) {
    return (!only || lease.leaseKey == *only) && !lease.leaseOwner.empty() &&
           observation.moved(lease.leaseKey);
  });
  return found == leases.end() ? nullptr : &*found;
}

Result<void> refuseWhileAlive(const LeaseObservation& observation, const std::optional<std::string>& only,
                              const std::string& action) {
  const lease::Lease* alive = firstAlive(observation, only);
  if (alive == nullptr) return {};
  return fail(Code::kLeaseInUse,
              fmt::format("lease {} is not {}: its owner {} is alive", base::quoteIfNeeded(alive->leaseKey),
                          action, base::quoteIfNeeded(alive->leaseOwner)),
              "stop the workers of the application first, then try again");
}

}  // namespace tidemill::cli

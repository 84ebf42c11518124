#include "block/copy_places.h"

#include <utility>

namespace tidemill::block {

CopyPlaces::CopyPlaces(const rt::Env& env, TieredFiles files, CopyPlacesOptions options, OnWritten onWritten)
    : env_(env), options_(options) {
  const auto queueOf = [&](std::shared_ptr<CopyPlace> to) {
    const std::size_t place = places_.size();
    return std::make_unique<CopyQueue>(
        env.loop, std::move(to), options.queue,
        [place, onWritten](const CopyWrite& write) { onWritten(place, write); });
  };
  const auto pooled = [&](rt::WorkerPool& pool, std::shared_ptr<BlockFiles> to) {
    return queueOf(std::make_shared<PooledFiles>(env.loop, pool, std::move(to)));
  };
  places_.push_back({"disk", files.local == nullptr ? nullptr : pooled(env.store, files.local), {}, {}});
  for (TieredFiles::Replica& replica : files.replicas) {
    auto queue = replica.far != nullptr ? queueOf(std::move(replica.far))
                                        : pooled(env.replicas, std::move(replica.files));
    places_.push_back({replica.name, std::move(queue), {}, {}});
  }
}

bool CopyPlaces::worthAsking(const Place& place) const {
  const rt::TimePoint now = env_.loop.now();
  const auto busySince = place.queue->busySince();
  if (busySince && now >= rt::laterBy(*busySince, options_.replicaTimeout)) return false;
  if (place.queue->waitingBytes() > options_.replicaWaitingBytesMax) return false;
  return place.trouble.empty() || now >= place.askAgain;
}

std::vector<std::size_t> CopyPlaces::replicasToAsk(std::size_t count) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = kLocal + 1; i < places_.size() && chosen.size() < count; ++i) {
    Place& place = places_[i];
    if (!worthAsking(place)) continue;
    // Only this put finds out whether it works again; others need not wait with it.
    place.askAgain = rt::laterBy(env_.loop.now(), options_.replicaRetry);
    chosen.push_back(i);
  }
  return chosen;
}

std::string CopyPlaces::trouble() const {
  for (std::size_t i = kLocal + 1; i < places_.size(); ++i)
    if (!places_[i].trouble.empty()) return places_[i].name + ": " + places_[i].trouble;
  for (std::size_t i = kLocal + 1; i < places_.size(); ++i)
    if (!worthAsking(places_[i])) return places_[i].name + ": it is slower than blocks arrive";
  return "tidemill.block.replicas names fewer places than the level asks for";
}

void CopyPlaces::failed(std::size_t index, const std::string& reason) {
  Place& place = places_[index];
  place.askAgain = rt::laterBy(env_.loop.now(), options_.replicaRetry);
  if (!place.trouble.empty()) return;
  place.trouble = reason;
  env_.log.warning("block_store_failed", {{"place", place.name}, {"reason", reason}});
}

void CopyPlaces::works(std::size_t index) {
  Place& place = places_[index];
  if (place.trouble.empty()) return;
  place.trouble.clear();
  env_.log.info("block_store_restored", {{"place", place.name}});
}

}  // namespace tidemill::block

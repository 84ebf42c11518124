// block/copy_places.h: the places outside of memory where a store keeps copies, and how they do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "block/copy_queue.h"
#include "rt/env.h"

namespace tidemill::block {

// The files of a store. `local` null: levels with disk are refused.
struct TieredFiles {
  struct Replica {
    std::string name;  // "dir:/mnt/other", "s3://bucket/copies"
    // One of both.
    std::shared_ptr<BlockFiles> files = nullptr;
    std::shared_ptr<CopyPlace> far = nullptr;
  };
  std::shared_ptr<BlockFiles> local;
  std::vector<Replica> replicas;
};

struct CopyPlacesOptions {
  // A replica that has not answered by then is done without. (Spark:
  // spark.streaming.receiver.blockStoreTimeout)
  rt::Duration replicaTimeout = std::chrono::seconds(30);
  // A replica that failed or was late is asked again after this; longer spares puts that wait in vain.
  rt::Duration replicaRetry = std::chrono::seconds(10);
  // Payload that may wait for a slow replica; beyond, it is done without.
  std::int64_t replicaWaitingBytesMax = 64 << 20;
  CopyQueueOptions queue;
};

// Lives on the control lane. Place 0 is the local one, whose calls run on the store thread; those of the
// others may hang, so they have threads of their own.
class CopyPlaces {
 public:
  static constexpr std::size_t kLocal = 0;
  using OnWritten = std::function<void(std::size_t place, const CopyWrite&)>;

  CopyPlaces(const rt::Env& env, TieredFiles files, CopyPlacesOptions options, OnWritten onWritten);

  std::size_t size() const { return places_.size(); }
  bool has(std::size_t place) const { return places_[place].queue != nullptr; }
  CopyQueue& queue(std::size_t place) { return *places_[place].queue; }
  const std::string& name(std::size_t place) const { return places_[place].name; }

  // Up to `count` replicas that are worth asking now, the first ones first. One that is in trouble is among
  // them once in a while.
  std::vector<std::size_t> replicasToAsk(std::size_t count);
  // Why fewer replicas than wanted were reached; for events.
  std::string trouble() const;

  // event=block_store_failed and block_store_restored, once for each change.
  void failed(std::size_t place, const std::string& reason);
  void works(std::size_t place);

 private:
  struct Place {
    std::string name;
    std::unique_ptr<CopyQueue> queue;
    std::string trouble;  // Empty: it is well.
    rt::TimePoint askAgain{};
  };
  bool worthAsking(const Place& place) const;

  const rt::Env env_;
  const CopyPlacesOptions options_;
  std::vector<Place> places_;
};

}  // namespace tidemill::block

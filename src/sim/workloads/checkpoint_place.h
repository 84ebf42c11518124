// sim/workloads/checkpoint_place.h: an object store for checkpoint directories, behind a network that fails.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "sim/world.h"
#include "stream/checkpoint/checkpoint_store.h"

namespace tidemill::sim {

// Chances in a million per call.
struct CheckpointPlaceFaults {
  unsigned requestLost = 0;
  // After it was carried out.
  unsigned answerLost = 0;
  // 503, and nothing was done.
  unsigned refused = 0;
  // It arrives seconds later, also when whoever sent it has given up, or is dead.
  unsigned late = 0;
};

// Lives beside the world, as a service does; whoever comes second to a name finds it taken. A call that was
// sent is carried out even if its sender has died.
class CheckpointPlace {
 public:
  // `life` wrote a name that was not there.
  using OnPut = std::function<void(std::uint64_t life, const std::string& name, const std::string& bytes)>;

  CheckpointPlace(World& world, std::uint64_t seed, CheckpointPlaceFaults faults, OnPut onPut);

  // For one process; `loop` is its node's.
  std::unique_ptr<stream::CheckpointStore> storeOf(rt::Loop& loop, std::uint64_t life);

  std::map<std::string, std::string>& values() { return values_; }
  // While true, every call that arrives is refused.
  void setDown(bool down) { down_ = down; }

 private:
  class Store;
  struct Call;
  rt::Task<void> carryOut(std::shared_ptr<Call> call);
  void send(const std::shared_ptr<Call>& call);

  World& world_;
  base::Random random_;
  const CheckpointPlaceFaults faults_;
  const OnPut onPut_;
  std::map<std::string, std::string> values_;
  bool down_ = false;
};

}  // namespace tidemill::sim

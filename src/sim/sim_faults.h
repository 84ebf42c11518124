// sim/sim_faults.h: fault points and planted bugs of a simulated node.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "rt/faults.h"

namespace tidemill::sim {

// One per world; all nodes share it, or hold it through a NodeFaults of their own.
struct FaultPlan {
  bool on = true;
  // Chances in a million by name of the point; points that are missing fire at `otherRate`.
  std::map<std::string, unsigned, std::less<>> rates;
  unsigned otherRate = 0;
  // Names of bugs, for the whole run.
  std::set<std::string, std::less<>> planted;
};

// Draws from a seed of its own, so that a fault point added to one node leaves the others' draws alone.
class SimFaults final : public rt::Faults {
 public:
  // `plan` may change during the run and must outlive this object.
  SimFaults(const FaultPlan& plan, std::uint64_t seed) : plan_(plan), random_(seed) {}

  bool fires(std::string_view point) override {
    const auto found = plan_.rates.find(point);
    const unsigned rate = found == plan_.rates.end() ? plan_.otherRate : found->second;
    return plan_.on && rate > 0 && random_.chance(rate, 1'000'000);
  }
  bool planted(std::string_view bug) const override { return plan_.planted.count(bug) > 0; }

 private:
  const FaultPlan& plan_;
  base::Random random_;
};

}  // namespace tidemill::sim

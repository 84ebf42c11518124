// sim/checker.h: the base of what watches an invariant during a run.
#pragma once

#include <string_view>

#include "sim/world.h"

namespace tidemill::sim {

// A checker sees events (from services, sinks, nodes) as they happen and reports the first one that must not
// be. It lives beside the World, knows the truth that no node knows, and never changes anything.
//
//   class NeverAhead final : public Checker {
//    public:
//     using Checker::Checker;
//     void onCheckpoint(int position) { expect(position <= processed_, "I3", "checkpoint passed the output");
//     }
class Checker {
 public:
  explicit Checker(World& world) : world_(world) {}
  virtual ~Checker() = default;
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

 protected:
  void violation(std::string_view invariant, std::string_view detail) { world_.violation(invariant, detail); }
  // Build an expensive `detail` only if `holds` is false, and call violation() then.
  void expect(bool holds, std::string_view invariant, std::string_view detail) {
    if (!holds) violation(invariant, detail);
  }
  World& world() { return world_; }

 private:
  World& world_;
};

}  // namespace tidemill::sim

// sim/world.h: everything of one simulated run: clock, network, nodes, history and the verdict.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rt/task_group.h"
#include "sim/history.h"
#include "sim/node.h"
#include "sim/sim_loop.h"
#include "sim/sim_net.h"

namespace tidemill::sim {

struct WorldOptions {
  NetFaults net;
  DiskFaults disk;
  FaultPlan faults;
  SimWorkersOptions workers{.threads = 2};
  std::size_t historyKept = 200;
};

// The first broken invariant of a run.
struct Violation {
  std::string invariant;  // "I3", "Bug", "Livelock", …
  std::string detail;
};

// One thread, one seed. The same seed and program give the same history hash with every compiler.
//
//   World world(seed);
//   world.net().serve("kinesis.local", {.handle = fakeKinesis});
//   Node& node = world.addNode("w1", taskProgram(runWorker));
//   node.crashBeforeStep(100, CrashKind::kPowerCut);
//   bool done = world.runUntil([&] { return checker.complete(); }, 120s);
class World {
 public:
  explicit World(std::uint64_t seed, WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::uint64_t seed() const { return seed_; }
  SimLoop& loop() { return loop_; }
  SimNet& net() { return net_; }
  const SimNet& net() const { return net_; }
  History& history() { return history_; }
  const History& history() const { return history_; }
  // For workloads and nemeses. Programs use their Env's.
  base::Random& random() { return random_; }
  const WorldOptions& options() const { return options_; }
  FaultPlan& faultPlan() { return options_.faults; }

  // Starts `program` on a new node at once. The name must be new.
  Node& addNode(const std::string& name, ProgramFactory program, HostClock clock = {});
  // Null if there is none.
  Node* node(const std::string& name);
  // Runs beside the nodes and belongs to none: nemeses, producers, checkers.
  void spawn(rt::Task<void> task) { tasks_.spawn(std::move(task)); }

  // Runs for that much virtual time. False if an invariant broke, which ends the run at once.
  bool runFor(rt::Duration duration);
  // Runs until `reached` holds, asked whenever the clock is about to move. False if an invariant broke or if
  // `patience` is over.
  bool runUntil(const std::function<bool()>& reached, rt::Duration patience);

  // Ends all faults for the liveness phase: network, disks, fault points, stalls to come; starts nodes that
  // are down. Nemeses ask faultsOn() and stop by themselves.
  void heal();
  bool faultsOn() const { return faultsOn_; }

  // Destroys all tasks and nodes, and with them what refers to services and checkers: call it (or
  // outcomeOf()) while those still exist. Nothing may run afterwards; history and verdict stay.
  void end();

  // For checkers. The first one counts and ends the run.
  void violation(std::string_view invariant, std::string_view detail);
  bool failed() const { return violation_.has_value(); }
  const std::optional<Violation>& firstViolation() const { return violation_; }
  // "FAILED seed=7 invariant=I3 at=12.345678 …" and the last events, a line each; empty if nothing failed.
  std::string failureText() const;

 private:
  bool runTo(rt::TimePoint until, const std::function<bool()>* reached);

  const std::uint64_t seed_;
  WorldOptions options_;
  base::Random random_;
  SimLoop loop_;
  History history_;
  SimNet net_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  rt::TaskGroup tasks_;
  std::optional<Violation> violation_;
  bool faultsOn_ = true;
};

}  // namespace tidemill::sim

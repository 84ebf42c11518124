// sim/node.h: one simulated host with a program on it, which can crash and come back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "rt/env.h"
#include "sim/sim_disk.h"
#include "sim/sim_faults.h"
#include "sim/sim_files.h"
#include "sim/sim_log.h"
#include "sim/sim_net.h"
#include "sim/sim_node_loop.h"
#include "sim/sim_workers.h"

namespace tidemill::sim {

class World;

// What runs on a node: everything that a process would hold. Made by the factory at each start; destroyed at
// a crash, when the seams are dead already.
class NodeProgram {
 public:
  virtual ~NodeProgram() = default;
};
using ProgramFactory = std::function<std::unique_ptr<NodeProgram>(rt::Env&)>;

// A program that is one task, and whatever the task owns.
ProgramFactory taskProgram(std::function<rt::Task<void>(rt::Env&)> main);

enum class CrashKind {
  // The program has ended by itself, and its supervisor ends the process: no fault of the world.
  kExit,
  // The process dies; what it wrote is in the kernel's hands and stays.
  kKill,
  // The host dies: unsynced data may vanish or tear.
  kPowerCut,
};

// Made by World::addNode. The disk and the host's clock outlive crashes; all else is made anew at each start.
class Node {
 public:
  Node(World& world, std::string name, ProgramFactory factory, std::uint64_t seed, HostClock clock);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const std::string& name() const { return name_; }
  bool up() const { return incarnation_ != nullptr && !incarnation_->loop.dead(); }
  // How often the node has been started.
  int starts() const { return starts_; }
  // The running program; null while the node is down.
  NodeProgram* program() { return up() ? program_.get() : nullptr; }
  // The seams of the running program. The node must be up.
  rt::Env& env();
  SimLog& log() { return log_; }
  const SimLog& log() const { return log_; }
  SimDisk& disk() { return disk_; }
  HostClock& clock() { return clock_; }

  // First the seams are dead, then the program is destroyed, so no destructor can act on the world. Called
  // from inside the node's own step, the destruction waits for the end of that step. No effect on a node that
  // is down.
  void crash(CrashKind kind);
  // Starts the program again. The node must be down. Never called from inside the node's own step.
  void restart();
  // Crashes instead of running the `step`-th next thing (1: the very next one): "a crash at any await".
  void crashBeforeStep(std::uint64_t step, CrashKind kind);
  // Takes an armed crash back.
  void disarm();
  // Sets the host's wall clock that far off the true time.
  void stepClock(std::chrono::milliseconds offset);
  // Suspends the host: nothing runs, and time goes on.
  void stall(rt::Duration duration);

 private:
  // The seams of one life of the node.
  struct Incarnation {
    Incarnation(Node& node, World& world);

    SimNodeLoop loop;
    SimTransport http;
    SimWorkers workers;
    SimWorkers jobs;
    SimWorkers store;
    SimWorkers replicas;
    SimFiles files;
    base::Random random;
    SimFaults faults;
    rt::Registry registry;
    rt::Env env;
  };
  void note(std::string_view kind, std::uint64_t number = 0);
  void bury();

  World& world_;
  const std::string name_;
  const ProgramFactory factory_;
  base::Random random_;
  HostClock clock_;
  SimDisk disk_;
  SimLog log_;
  std::unique_ptr<Incarnation> incarnation_;
  std::unique_ptr<NodeProgram> program_;
  CrashKind pendingCrash_ = CrashKind::kKill;
  int starts_ = 0;
};

}  // namespace tidemill::sim

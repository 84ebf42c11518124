// sim/nemesis.h: tasks that make trouble until the world heals; World::spawn() them.
#pragma once

#include <functional>
#include <string>

#include "rt/task.h"
#include "sim/world.h"

namespace tidemill::sim {

// Every time is drawn between the two ends.
struct DrawnTime {
  rt::Duration min;
  rt::Duration max;
};

struct CrashOptions {
  // How long the node runs between a restart and the next crash being armed.
  DrawnTime every{std::chrono::seconds(5), std::chrono::seconds(30)};
  // How long it stays down.
  DrawnTime down{std::chrono::milliseconds(50), std::chrono::seconds(5)};
  // An armed crash comes before a drawn one of that many steps: at any await.
  std::uint64_t stepsMax = 200;
  // In a million: the host loses power instead of the process being killed.
  unsigned powerCut = 500'000;
};

// Each of them ends when World::heal() has been called. `node` and `world` must outlive the task, as they do
// when the world runs it.
rt::Task<void> crashNemesis(World& world, Node& node, CrashOptions options);
rt::Task<void> stallNemesis(World& world, Node& node, DrawnTime every, DrawnTime length);
// Moves the host's wall clock by up to `most` in either direction.
rt::Task<void> clockNemesis(World& world, Node& node, DrawnTime every, std::chrono::milliseconds most);
// Flips a bit of a byte at rest in a file whose path `wanted` says yes to, as bad disks do.
rt::Task<void> flipNemesis(World& world, Node& node, DrawnTime every,
                           std::function<bool(const std::string&)> wanted);
// Cuts requests, responses or both between `node` and `host`.
rt::Task<void> cutNemesis(World& world, Node& node, std::string host, DrawnTime every, DrawnTime length);

}  // namespace tidemill::sim

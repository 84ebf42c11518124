#include "sim/nemesis.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace tidemill::sim {
namespace {

rt::Duration draw(World& world, DrawnTime time) {
  return rt::Duration(world.random().between(time.min.count(), time.max.count()));
}

}  // namespace

rt::Task<void> crashNemesis(World& world, Node& node, CrashOptions options) {
  while (world.faultsOn()) {
    const rt::Duration pause = draw(world, options.every);
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) break;
    const bool powerCut = world.random().chance(options.powerCut, 1'000'000);
    const std::uint64_t step = 1 + world.random().below(options.stepsMax);
    node.crashBeforeStep(step, powerCut ? CrashKind::kPowerCut : CrashKind::kKill);
    const rt::Duration down = draw(world, options.down);
    co_await world.loop().sleepFor(down);
    if (!world.faultsOn()) break;  // heal() has started the node.
    if (!node.up()) node.restart();
  }
}

rt::Task<void> stallNemesis(World& world, Node& node, DrawnTime every, DrawnTime length) {
  while (world.faultsOn()) {
    const rt::Duration pause = draw(world, every);
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) break;
    node.stall(draw(world, length));
  }
}

rt::Task<void> clockNemesis(World& world, Node& node, DrawnTime every, std::chrono::milliseconds most) {
  while (world.faultsOn()) {
    const rt::Duration pause = draw(world, every);
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) break;
    const std::int64_t moved = world.random().between(-most.count(), most.count());
    node.stepClock(std::chrono::milliseconds(moved));
  }
}

rt::Task<void> flipNemesis(World& world, Node& node, DrawnTime every,
                           std::function<bool(const std::string&)> wanted) {
  while (world.faultsOn()) {
    const rt::Duration pause = draw(world, every);
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) break;
    std::vector<std::string> paths;
    for (const auto& [path, inode] : node.disk().files()) {
      if (inode->synced > 0 && wanted(path)) paths.push_back(path);
    }
    if (paths.empty()) continue;
    const std::string& path = paths[static_cast<std::size_t>(world.random().below(paths.size()))];
    SimInode& inode = *node.disk().find(path);
    const std::uint64_t at = world.random().below(inode.synced);
    const auto bit = static_cast<unsigned>(world.random().below(8));
    node.disk().flipBit(inode, static_cast<std::size_t>(at), bit);
    world.history().add({.at = world.loop().now(),
                         .node = node.name(),
                         .kind = "disk.flip",
                         .detail = path,
                         .number = at * 8 + bit});
  }
}

rt::Task<void> cutNemesis(World& world, Node& node, std::string host, DrawnTime every, DrawnTime length) {
  while (world.faultsOn()) {
    const rt::Duration pause = draw(world, every);
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) break;
    const std::uint64_t kind = world.random().below(3);
    if (kind != 1) world.net().cutRequests(node.name(), host, true);
    if (kind != 0) world.net().cutResponses(node.name(), host, true);
    const rt::Duration healed = draw(world, length);
    co_await world.loop().sleepFor(healed);
    world.net().cutRequests(node.name(), host, false);
    world.net().cutResponses(node.name(), host, false);
  }
}

}  // namespace tidemill::sim

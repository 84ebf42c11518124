#include "sim/workloads/driver_troubles.h"

#include <set>
#include <string>
#include <vector>

#include "stream/checkpoint/ledger_names.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

rt::Duration drawDown(Drivers& drivers, std::size_t node) {
  if (node == 0 && drivers.outages == 0 && drivers.drawn.outage > rt::Duration(0) &&
      drivers.world.loop().now() > rt::TimePoint(40s)) {
    ++drivers.outages;
    return drivers.drawn.outage;
  }
  const bool longer = drivers.trouble.chance(1, 6);
  return std::chrono::milliseconds(longer ? drivers.trouble.between(3'000, 15'000)
                                          : drivers.trouble.between(50, 3'000));
}

}  // namespace

rt::Task<void> superviseDriver(Drivers& drivers, std::size_t index) {
  World& world = drivers.world;
  Node& node = *drivers.nodes[index];
  while (!drivers.ending) {
    co_await world.loop().sleepFor(100ms);
    auto* driver = static_cast<RestartingDriver*>(node.program());
    if (driver != nullptr) {
      driver->look();
      if (!driver->stopped() || drivers.ending) continue;
      node.crash(CrashKind::kExit);
      co_await world.loop().sleepFor(500ms);
    } else {
      const rt::Duration down = drawDown(drivers, index);
      co_await world.loop().sleepFor(down);
    }
    if (!node.up() && !drivers.ending) node.restart();
  }
}

rt::Task<void> stopNowAndThen(Drivers& drivers, std::size_t index, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  while (world.faultsOn()) {
    const rt::Duration pause = std::chrono::milliseconds(random.between(5'000, 40'000));
    co_await world.loop().sleepFor(pause);
    auto* driver = static_cast<RestartingDriver*>(drivers.nodes[index]->program());
    if (driver == nullptr || !world.faultsOn()) continue;
    driver->stopGracefully();
    ++drivers.stops;
  }
}

rt::Task<void> intrudeNowAndThen(Drivers& drivers, std::size_t index, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  while (world.faultsOn()) {
    const rt::Duration pause = std::chrono::milliseconds(random.between(10'000, 40'000));
    co_await world.loop().sleepFor(pause);
    auto* driver = static_cast<RestartingDriver*>(drivers.nodes[index]->program());
    if (driver != nullptr && world.faultsOn()) driver->intrude();
  }
}

rt::Task<void> placeOutages(Drivers& drivers, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  while (world.faultsOn()) {
    const rt::Duration good = std::chrono::milliseconds(random.between(8'000, 40'000));
    co_await world.loop().sleepFor(good);
    drivers.place->setDown(true);
    const rt::Duration bad = std::chrono::milliseconds(random.between(100, 15'000));
    co_await world.loop().sleepFor(bad);
    drivers.place->setDown(false);
  }
}

rt::Task<void> damageMetadata(Drivers& drivers, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  std::set<std::string> damaged;
  while (world.faultsOn()) {
    const rt::Duration pause = std::chrono::milliseconds(random.between(3'000, 15'000));
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) co_return;
    const std::string folder = std::string(stream::kMetadataFolder) + "/";
    std::vector<std::string> names;
    SimDisk& disk = drivers.nodes[0]->disk();
    if (drivers.place != nullptr) {
      for (const auto& [name, value] : drivers.place->values()) {
        if (name.starts_with(folder)) names.push_back(name);
      }
    } else {
      const std::string prefix = std::string(kCheckpointFolder) + "/" + folder;
      for (const auto& [path, inode] : disk.files()) {
        if (path.starts_with(prefix) && path.find("/.") == std::string::npos && inode->synced > 0)
          names.push_back(path);
      }
    }
    if (names.size() < 2 || damaged.contains(names.back()) || damaged.contains(names[names.size() - 2]))
      continue;
    const std::string& newest = names.back();
    damaged.insert(newest);
    ++drivers.damaged;
    std::uint64_t at = 0;
    if (drivers.place != nullptr) {
      std::string& value = drivers.place->values().at(newest);
      at = random.below(value.size());
      value[static_cast<std::size_t>(at)] = static_cast<char>(value[static_cast<std::size_t>(at)] ^ 0x10);
    } else {
      SimInode& inode = *disk.find(newest);
      at = random.below(inode.synced);
      disk.flipBit(inode, static_cast<std::size_t>(at), 4);
    }
    world.history().add(
        {.at = world.loop().now(), .node = {}, .kind = "metadata.damaged", .detail = newest, .number = at});
  }
}

}  // namespace tidemill::sim

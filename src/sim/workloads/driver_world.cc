#include "sim/workloads/driver_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "sim/workloads/driver_troubles.h"
#include "sim/workloads/stored_ranges.h"
#include "sim/workloads/usual_world.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"

namespace tidemill::sim {
namespace {

std::set<std::string> namesIn(const SimDisk& disk, const std::string& folder) {
  std::set<std::string> names;
  for (auto file = disk.files().lower_bound(folder + "/"); file != disk.files().end(); ++file) {
    if (!file->first.starts_with(folder + "/")) break;
    names.insert(file->first.substr(folder.size() + 1));
  }
  return names;
}

}  // namespace

DriverWorld::DriverWorld(std::uint64_t seed, const WorkloadOptions& options, const WorldOptions& worldOptions,
                         const DrawnDriver& drawn, StreamProducerOptions producing)
    : world(seed, worldOptions),
      service(usualService(seed, options)),
      drivers(world, seed, options.faults, drawn) {
  drivers.delivery = std::make_unique<DeliveryChecker>(world, service.kinesis(), kStream);
  if (drawn.afterStored) {
    drivers.delivery->setStored([this] {
      Conf conf = drivers.drawn.conf;
      return storedRanges(drivers.nodes[0]->disk(), conf.set("tidemill.worker.id", driverName(0)));
    });
  }
  if (drawn.directory == DrawnDriver::Directory::kPlace) {
    drivers.place =
        std::make_unique<CheckpointPlace>(world, seed, drawn.place,
                                          [this](std::uint64_t life, const std::string& name,
                                                 const std::string& bytes) { onPut(life, name, bytes); });
  }
  if (drawn.directory != DrawnDriver::Directory::kNone) {
    watchDirectory(0);
    if (drawn.nodes > 1 && !drawn.shared()) watchDirectory(1);
  }
  watchCheckpoints(*drivers.leases, *drivers.delivery);
  serve(world, kHost, service);
  addProducer(world, std::move(producing), produced);
}

Node& DriverWorld::addDriver(std::size_t index) {
  Node& node = world.addNode(driverName(index), [this, index](rt::Env& env) {
    return std::make_unique<RestartingDriver>(env, drivers, index);
  });
  drivers.nodes.push_back(&node);
  node.log().observe([this, &node](std::string_view event, const std::vector<base::LogField>& fields) {
    // Answers are small here, so none is larger than the room that was taken for it.
    if (event == "read_over_budget")
      world.violation("I13", "a read began while more was in flight than tidemill.memory.budget");
    if (event != "lease_lost") return;
    auto* driver = static_cast<RestartingDriver*>(node.program());
    for (const base::LogField& field : fields) {
      if (driver != nullptr && field.key == "shard") driver->onLeaseLost(std::string(field.value));
    }
  });
  world.spawn(superviseDriver(drivers, index));
  return node;
}

void DriverWorld::catchUp(rt::Duration patience) {
  sim::catchUp(world, service, produced, *drivers.delivery, patience,
               "not every record reached a committed batch");
}

void DriverWorld::watchDirectory(std::size_t node) {
  WatchedDirectory watched;
  if (drivers.place != nullptr) {
    CheckpointPlace& place = *drivers.place;
    watched.log = std::make_unique<LogView>(
        [&place](const std::string& name) -> std::optional<std::string> {
          const auto found = place.values().find(name);
          if (found == place.values().end()) return std::nullopt;
          return found->second;
        },
        [] { return std::set<std::string>(); });
  } else {
    // The node is not there yet.
    const auto disk = [this, node]() -> const SimDisk* {
      Node* found = drivers.world.node(driverName(node));
      return found == nullptr ? nullptr : &found->disk();
    };
    const std::string folder = std::string(kCheckpointFolder) + "/";
    watched.log = std::make_unique<LogView>(
        [disk, folder](const std::string& name) -> std::optional<std::string> {
          const SimDisk* there = disk();
          const auto inode = there == nullptr ? nullptr : there->find(folder + name);
          if (inode == nullptr) return std::nullopt;
          return inode->bytes;
        },
        [disk, folder] {
          const SimDisk* there = disk();
          return there == nullptr ? std::set<std::string>() : namesIn(*there, folder + stream::kLogFolder);
        });
  }
  watched.batches = std::make_unique<BatchChecker>(drivers.world, drivers.drawn.job, watched.log.get());
  if (drivers.drawn.nodes > 1 && !drivers.drawn.shared()) watched.batches->setMayRepeat();
  if (drivers.drawn.afterStored) watched.batches->setAfterStored();
  drivers.watched.push_back(std::move(watched));
}

// A claim of the object store: from now on that life has it.
void DriverWorld::onPut(std::uint64_t life, const std::string& name, const std::string& bytes) {
  const std::string folder = std::string(stream::kLogFolder) + "/";
  if (!name.starts_with(folder)) return;
  const auto number = stream::parseNumberName(name.substr(folder.size()));
  // A number that was removed and is free again is no claim.
  if (!number || *number <= drivers.newestChunk) return;
  drivers.newestChunk = *number;
  const auto chunk = stream::readChunk(*number, bytes);
  if (!chunk) return;
  for (const stream::LedgerEntry& entry : chunk->entries) {
    if (!std::holds_alternative<stream::OpenedEntry>(entry)) continue;
    ++drivers.claims;
    drivers.watched[0].batches->onClaimed(life);
  }
}

void DriverWorld::stopAll(rt::Duration patience) {
  drivers.ending = true;
  std::vector<RestartingDriver*> running;
  for (Node* node : drivers.nodes) {
    auto* driver = static_cast<RestartingDriver*>(node->program());
    if (driver == nullptr || driver->stopped()) continue;
    driver->stopGracefully();
    running.push_back(driver);
  }
  const auto allStopped = [&] {
    return std::all_of(running.begin(), running.end(),
                       [](const RestartingDriver* driver) { return driver->stopped(); });
  };
  if (!world.runUntil(allStopped, patience)) {
    if (!world.failed()) world.violation("I18", "a graceful stop did not end in a world without faults");
    return;
  }
  for (RestartingDriver* driver : running) {
    const Result<void> end = driver->end();
    // Another one has the directory.
    if (!end && end.error().code() == Code::kFenced) continue;
    const StreamingTotals totals = driver->totals();
    // Where lease checkpoints follow the store, those of blocks that an earlier process has left are its own.
    const bool checkpointed = drivers.drawn.afterStored ? totals.checkpointed <= totals.processed
                                                        : totals.checkpointed == totals.processed;
    const bool processed = (totals.received == totals.processed && checkpointed) || driver->lostShards();
    if (end && processed && totals.unallocated == 0 && totals.leasesHeld == 0) continue;
    world.violation(
        "I18",
        fmt::format(
            "a graceful stop left received={} processed={} checkpointed={} unallocated={} leases={}: {}",
            totals.received, totals.processed, totals.checkpointed, totals.unallocated, totals.leasesHeld,
            end ? "" : end.error().message()));
  }
}

}  // namespace tidemill::sim

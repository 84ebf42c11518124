#include "sim/workloads/driver_restart.h"

#include <map>
#include <string>
#include <utility>

#include "sim/nemesis.h"
#include "sim/workloads/driver_troubles.h"
#include "sim/workloads/driver_world.h"
#include "sim/workloads/happened.h"
#include "sim/workloads/usual_world.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

// Batches that were too slow are made up for.
constexpr rt::Duration kCatchUpPatience = 1200s;
// A graceful stop has a minute, where batches are slow half an hour, and some to end without grace.
constexpr rt::Duration kStopPatience = 90s;
constexpr rt::Duration kSlowStopPatience = 1830s;

WorldOptions worldFor(const WorkloadOptions& options, const DrawnDriver& drawn) {
  WorldOptions world = usualWorld(options);
  world.disk = drawn.disk;
  world.disk.on = options.faults;
  world.faults.rates = {{"lease.lost_request", 10'000}, {"lease.lost_response", 20'000},
                        {"output.before", 10'000},      {"output.after", 10'000},
                        {"output.window", 10'000},      {"output.state", 10'000}};
  return world;
}

void addDrivers(DriverWorld& all, std::uint64_t seed, bool faults) {
  World& world = all.world;
  Drivers& drivers = all.drivers;
  for (std::size_t i = 0; i < static_cast<std::size_t>(drivers.drawn.nodes); ++i) {
    Node& node = all.addDriver(i);
    if (!faults) continue;
    world.spawn(stallNemesis(world, node, {20s, 60s}, {100ms, 8s}));
    world.spawn(clockNemesis(world, node, {10s, 60s}, 600'000ms));
    if (drivers.drawn.stops) world.spawn(stopNowAndThen(drivers, i, seed * 100 + i));
    if (drivers.drawn.directory == DrawnDriver::Directory::kFiles)
      world.spawn(intrudeNowAndThen(drivers, i, seed * 1000 + i));
  }
  if (!faults) return;
  if (drivers.place != nullptr && drivers.drawn.place.refused > 0)
    world.spawn(placeOutages(drivers, seed * 10 + 1));
  if (drivers.drawn.damages && drivers.drawn.directory != DrawnDriver::Directory::kNone)
    world.spawn(damageMetadata(drivers, seed * 10 + 2));
}

void addHappened(const Drivers& drivers, Happened& happened) {
  happened["power_cuts"] = drivers.world.history().count("node.powercut");
  happened["sync_failures"] = drivers.world.history().count("file.syncfail");
  happened["clean_stops"] = static_cast<std::uint64_t>(drivers.stops);
  happened["outages"] = static_cast<std::uint64_t>(drivers.outages);
  happened["thousand_missed"] =
      drivers.drawn.outage < kThousandBatches ? 0 : static_cast<std::uint64_t>(drivers.outages);
  happened["metadata_damaged"] = static_cast<std::uint64_t>(drivers.damaged);
  happened["intruders"] = static_cast<std::uint64_t>(drivers.intruders);
  happened["slow_batches"] = drivers.slowBatches;
  happened["claims"] = drivers.claims;
  happened["repeats"] = drivers.delivery->repeats();
  const std::map<std::string, std::string> events = {{"directories_opened", "checkpoint_directory_opened"},
                                                     {"metadata_unreadable", "checkpoint_unreadable"},
                                                     {"states_restored", "state_restored"},
                                                     {"down_times", "down_time_batches"},
                                                     {"store_outages", "checkpoint_store_unavailable"},
                                                     {"writers_watched", "checkpoint_writer_watched"},
                                                     {"logged_before", "blocks_logged_before"},
                                                     {"leases_lost", "lease_lost"}};
  for (const auto& [name, event] : events) {
    std::uint64_t& count = happened[name];
    for (const Node* node : drivers.nodes) count += node->log().count(event);
  }
}

SeedOutcome runDriverRestart(std::uint64_t seed, const WorkloadOptions& options) {
  const DrawnDriver drawn = drawDriver(seed, options.faults);
  DriverWorld all(seed, options, worldFor(options, drawn), drawn,
                  {.endpoint = kEndpoint, .stream = kStream, .time = options.time});
  Drivers& drivers = all.drivers;
  addDrivers(all, seed, options.faults);

  all.world.runFor(options.time + drawn.outage);
  all.catchUp(kCatchUpPatience);
  if (!all.world.failed()) all.stopAll(drawn.slow ? kSlowStopPatience : kStopPatience);
  Happened happened = happenedIn(all.world, all.service.kinesis());
  addHappened(drivers, happened);
  for (const WatchedDirectory& watched : drivers.watched) drivers.addCompared(*watched.batches);
  // Drivers without a directory add theirs when they end.
  SeedOutcome outcome = outcomeOf(all.world);
  happened["windows"] = drivers.windows;
  happened["states"] = drivers.states;
  happened["across_restarts"] = drivers.across;
  outcome.happened = std::move(happened);
  return outcome;
}

}  // namespace

Workload driverRestartWorkload() {
  Workload workload;
  workload.name = "driver_restart";
  workload.summary =
      "drivers that crash at any await: batches, windows and state go on from the checkpoint directory";
  workload.bugs = {"completed-before-output", "span-not-kept",  "log-after-job",   "epoch-ignored",
                   "stored-not-compared",     "budget-ignored", "lock-per-process"};
  workload.run = runDriverRestart;
  return workload;
}

}  // namespace tidemill::sim

// sim/runner.h: runs a workload over many seeds and adds up what came out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rt/time.h"
#include "sim/world.h"

namespace tidemill::sim {

struct WorkloadOptions {
  // Virtual time with faults; the liveness phase comes after it.
  rt::Duration time = std::chrono::seconds(120);
  // Names of planted bugs (rt::Faults::planted).
  std::set<std::string, std::less<>> planted;
  // False: a world in which nothing fails.
  bool faults = true;
  // Settings of one workload, by name, for those that have any.
  std::map<std::string, std::string, std::less<>> settings;
};

// What befell a run, by name: "crashes", "splits", … A name stays with a count of zero, so that whoever
// demands that something happened sees that it did not.
using Happened = std::map<std::string, std::uint64_t>;

struct SeedOutcome {
  std::uint64_t seed = 0;
  bool failed = false;
  std::string invariant;
  std::string detail;
  // World::failureText(): the verdict and the last events.
  std::string report;
  std::uint64_t hash = 0;
  std::uint64_t calls = 0;
  Happened happened{};
  // Real time, measured by runSeeds(); not part of any hash.
  double wallSeconds = 0;
};

// What a workload returns in the end. Ends the world, see World::end().
SeedOutcome outcomeOf(World& world);

struct Workload {
  std::string name;
  // One line for lists.
  std::string summary;
  // Bugs that can be planted in it, and that it must find.
  std::vector<std::string> bugs;
  std::function<SeedOutcome(std::uint64_t seed, const WorkloadOptions& options)> run;
};

struct RunSummary {
  std::uint64_t seeds = 0;
  std::uint64_t calls = 0;
  double wallSeconds = 0;
  // Over the hashes of all seeds, in order of the seeds.
  std::uint64_t hash = 0;
  // Failed seeds in order, at most `failuresKept` of them with their reports.
  std::vector<SeedOutcome> failures;
  std::uint64_t failed = 0;
  // Added up over all seeds.
  Happened happened{};

  double callsPerSecond() const { return wallSeconds > 0 ? static_cast<double>(calls) / wallSeconds : 0; }
};

// Runs seeds `first` to `last`, both inclusive. `onSeed` (may be empty) hears of each outcome; false stops.
RunSummary runSeeds(const Workload& workload, std::uint64_t first, std::uint64_t last,
                    const WorkloadOptions& options,
                    const std::function<bool(const SeedOutcome&)>& onSeed = {},
                    std::size_t failuresKept = 10);

// Runs one seed twice and compares: kWrongResult if the second run differs from the first.
Result<SeedOutcome> runTwice(const Workload& workload, std::uint64_t seed, const WorkloadOptions& options);

// A list of workloads, made by whoever knows them (tests, the command line): nothing registers itself.
class WorkloadList {
 public:
  // The name must be new.
  void add(Workload workload);
  // Null if there is none of that name.
  const Workload* find(std::string_view name) const;
  const std::vector<Workload>& all() const { return workloads_; }

 private:
  std::vector<Workload> workloads_;
};

}  // namespace tidemill::sim

#include "sim/runner.h"

#include <fmt/format.h>

#include <chrono>

#include "base/check.h"

namespace tidemill::sim {
namespace {

SeedOutcome timed(const Workload& workload, std::uint64_t seed, const WorkloadOptions& options) {
  const auto before = std::chrono::steady_clock::now();
  SeedOutcome outcome = workload.run(seed, options);
  outcome.wallSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  return outcome;
}

}  // namespace

SeedOutcome outcomeOf(World& world) {
  SeedOutcome outcome;
  outcome.seed = world.seed();
  outcome.failed = world.failed();
  if (world.failed()) {
    outcome.invariant = world.firstViolation()->invariant;
    outcome.detail = world.firstViolation()->detail;
    outcome.report = world.failureText();
  }
  outcome.hash = world.history().hash();
  outcome.calls = world.net().calls();
  world.end();
  return outcome;
}

RunSummary runSeeds(const Workload& workload, std::uint64_t first, std::uint64_t last,
                    const WorkloadOptions& options, const std::function<bool(const SeedOutcome&)>& onSeed,
                    std::size_t failuresKept) {
  RunSummary summary;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const SeedOutcome outcome = timed(workload, seed, options);
    ++summary.seeds;
    summary.calls += outcome.calls;
    for (const auto& [name, count] : outcome.happened) summary.happened[name] += count;
    summary.wallSeconds += outcome.wallSeconds;
    summary.hash = mixNumber(summary.hash, outcome.hash);
    if (outcome.failed) {
      ++summary.failed;
      if (summary.failures.size() < failuresKept) summary.failures.push_back(outcome);
    }
    if (onSeed && !onSeed(outcome)) break;
    if (seed == UINT64_MAX) break;
  }
  return summary;
}

Result<SeedOutcome> runTwice(const Workload& workload, std::uint64_t seed, const WorkloadOptions& options) {
  SeedOutcome once = timed(workload, seed, options);
  const SeedOutcome again = timed(workload, seed, options);
  if (once.hash == again.hash && once.invariant == again.invariant) return once;
  return fail(Code::kWrongResult,
              fmt::format("workload {} seed {}: hash {:016x} in the first run, {:016x} in the second",
                          workload.name, seed, once.hash, again.hash),
              "something outside the seed decides: a pointer, an unordered container, real time, two draws "
              "in one call");
}

void WorkloadList::add(Workload workload) {
  TIDEMILL_CHECK(find(workload.name) == nullptr, "a workload's name is used once");
  workloads_.push_back(std::move(workload));
}

const Workload* WorkloadList::find(std::string_view name) const {
  for (const Workload& workload : workloads_) {
    if (workload.name == name) return &workload;
  }
  return nullptr;
}

}  // namespace tidemill::sim

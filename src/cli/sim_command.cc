#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "sim/runner.h"
#include "sim/workloads/block_recovery.h"
#include "sim/workloads/consumer_fleet.h"
#include "sim/workloads/driver_restart.h"
#include "sim/workloads/lease_fleet.h"
#include "sim/workloads/word_count.h"

namespace tidemill::cli {
namespace {

struct SimFlags {
  std::string program;
  std::string workload;
  std::string seeds = "1..200";
  std::vector<std::string> plants;
  std::int64_t seconds = 120;
  bool json = false;
};

struct SeedRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

Result<SeedRange> parseSeeds(const std::string& text) {
  const auto dots = text.find("..");
  const auto first = base::parseInteger(text.substr(0, dots));
  const auto last = dots == std::string::npos ? first : base::parseInteger(text.substr(dots + 2));
  if (!first || !last || *first < 0 || *last < *first) {
    return fail(Code::kUsage, "--seeds " + base::quoteIfNeeded(text) + " is no range",
                "for example --seeds 1..200");
  }
  return SeedRange{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
}

// In single quotes if a shell would not read it as one word.
std::string forShell(const std::string& word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '_' || c == '-';
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string repeatCommand(const SimFlags& flags, std::uint64_t seed) {
  std::string command =
      fmt::format("{} sim {} --seeds {}..{}", forShell(flags.program), flags.workload, seed, seed);
  for (const std::string& plant : flags.plants) command += " --plant " + plant;
  if (flags.seconds != 120) command += fmt::format(" --seconds {}", flags.seconds);
  return command;
}

void printFailure(const Output& output, const SimFlags& flags, const sim::SeedOutcome& outcome) {
  const auto seed = static_cast<std::int64_t>(outcome.seed);
  const std::string repeat = repeatCommand(flags, outcome.seed);
  if (output.json()) {
    output.report({{"event", "failed"},
                   {"seed", seed},
                   {"invariant", outcome.invariant},
                   {"detail", outcome.detail},
                   {"repeat", repeat}});
    return;
  }
  output.line(fmt::format("FAILED seed={} invariant={} {}", outcome.seed, outcome.invariant, outcome.detail),
              {});
  output.line("repeat: " + repeat, {});
  printProgress(outcome.report);
}

// "faults: crashes=3 splits=1": one line, names in alphabetical order.
void printHappened(const sim::Happened& happened) {
  if (happened.empty()) return;
  std::string line = "faults:";
  for (const auto& [name, count] : happened) line += fmt::format(" {}={}", name, count);
  printProgress(line);
}

int runSim(const SimFlags& flags) {
  sim::WorkloadList workloads;
  workloads.add(sim::wordCountWorkload());
  workloads.add(sim::consumerFleetWorkload());
  workloads.add(sim::leaseFleetWorkload());
  workloads.add(sim::blockRecoveryWorkload());
  workloads.add(sim::driverRestartWorkload());
  const sim::Workload* workload = workloads.find(flags.workload);
  if (workload == nullptr) {
    std::string names;
    for (const sim::Workload& known : workloads.all()) names += " " + known.name;
    return printError(
        Error(Code::kUsage, "no workload " + base::quoteIfNeeded(flags.workload), "known:" + names));
  }
  auto seeds = parseSeeds(flags.seeds);
  if (!seeds) return printError(seeds.error());
  sim::WorkloadOptions options;
  options.time = std::chrono::seconds(flags.seconds);
  for (const std::string& plant : flags.plants) {
    if (std::find(workload->bugs.begin(), workload->bugs.end(), plant) == workload->bugs.end()) {
      std::string names;
      for (const std::string& bug : workload->bugs) names += " " + bug;
      return printError(
          Error(Code::kUsage, "no bug " + base::quoteIfNeeded(plant) + " to plant", "known:" + names));
    }
    options.planted.insert(plant);
  }
  const Output output(flags.json);
  const sim::RunSummary summary = sim::runSeeds(*workload, seeds->first, seeds->last, options);
  for (const sim::SeedOutcome& outcome : summary.failures) printFailure(output, flags, outcome);
  const std::string hash = fmt::format("{:016x}", summary.hash);
  output.line(fmt::format("seeds: {} failed: {} hash: {}", summary.seeds, summary.failed, hash),
              {{"event", "done"},
               {"seeds", static_cast<std::int64_t>(summary.seeds)},
               {"failed", static_cast<std::int64_t>(summary.failed)},
               {"hash", hash}});
  printHappened(summary.happened);
  printProgress(fmt::format("calls: {} in {:.1f} s of real time, {:.0f} calls/s", summary.calls,
                            summary.wallSeconds, summary.callsPerSecond()));
  return summary.failed == 0 ? 0 : 1;
}

}  // namespace

void addSimCommand(CLI::App& app, Chosen& chosen, const std::string& program) {
  CLI::App* command = app.add_subcommand("sim", "Runs a workload in simulated worlds, one for each seed");
  auto flags = std::make_shared<SimFlags>();
  flags->program = program;
  command->add_option("workload", flags->workload, "Which one: word_count")->required();
  command->add_option("--seeds", flags->seeds, "A seed, or first..last")->capture_default_str();
  command->add_option("--plant", flags->plants, "Plants a bug that the checkers must find");
  command->add_option("--seconds", flags->seconds, "Virtual seconds with faults")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object per line");
  command->callback([&chosen, flags] { chosen = [flags] { return runSim(*flags); }; });
}

}  // namespace tidemill::cli

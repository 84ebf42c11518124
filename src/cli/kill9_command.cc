#include <CLI/CLI.hpp>

#include "base/random.h"
#include "cli/commands.h"
#include "cli/kill9.h"
#include "cli/output.h"

namespace tidemill::cli {

void addKill9Command(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "kill9", "Kills a counting process at random moments, again and again, and compares the counts");
  auto options = std::make_shared<Kill9Options>();
  options->seed = base::randomSeed() % 1'000'000;
  auto json = std::make_shared<bool>(false);
  command->add_option("--runs", options->runs, "How many runs, each with one to three kills")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of the moments; else one is drawn, and printed")
      ->check(CLI::NonNegativeNumber);
  command->add_option(
      "--checkpoint-dir", options->checkpointDirectory,
      "Url under which each run has a checkpoint directory; file:, s3: or hdfs: alone is temporary");
  command
      ->add_option("--set", options->settings,
                   "A setting of the consumer as key=value; may be given several times")
      ->allow_extra_args(false);
  command->add_flag("--json", *json, "One JSON object");
  command->callback([&chosen, options, json] {
    chosen = [options, json] {
      printProgress("seed " + std::to_string(options->seed));
      auto result = runKill9(*options);
      if (!result) return printError(result.error());
      if (result->interruptedBy != 0) return 128 + result->interruptedBy;
      Output(*json).report(result->fields());
      return result->exact == options->runs ? 0 : 1;
    };
  });
}

}  // namespace tidemill::cli

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/output.h"
#include "cli/storage_flags.h"

namespace tidemill::cli {

void addDemoCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "demo",
      "Counts the words of a text through a resharding, a kill -9 and lost blocks, against the fake AWS");
  auto options = std::make_shared<DemoOptions>();
  auto json = std::make_shared<bool>(false);
  command->add_option("--text", options->text, "The text; else the licences that Debian ships, repeated");
  command->add_option("--seed", options->seed, "Seed of the fake AWS")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--plant", options->plant, "A mistake on purpose: drop-record loses one record")
      ->check(CLI::IsMember({"drop-record"}));
  addLeaseStoreFlags(*command, options->leases);
  command->add_option(
      "--checkpoint-dir", options->checkpointDirectory,
      "Url of a checkpoint directory for the consumer, or file:, s3: or hdfs: alone; else it has none");
  addStorageFlags(*command, options->storageLevel, options->loseBlocks);
  command
      ->add_option("--set", options->settings,
                   "A setting of the consumer as key=value; may be given several times")
      ->allow_extra_args(false);
  command->add_flag("--json", *json, "One JSON object");
  command->callback([&chosen, options, json] {
    chosen = [options, json] {
      auto result = runDemo(*options);
      if (!result) return printError(result.error());
      if (result->interruptedBy != 0) return 128 + result->interruptedBy;
      Output(*json).report(result->fields());
      return result->exact ? 0 : 1;
    };
  });
}

}  // namespace tidemill::cli

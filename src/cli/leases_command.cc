#include <CLI/CLI.hpp>

#include <memory>

#include "cli/commands.h"
#include "cli/leases.h"

namespace tidemill::cli {
namespace {

constexpr std::int64_t kObserveMillisecondsMax = 600'000;

struct Flags {
  LeasesFlags leases;
  RewindFlags rewind;
  std::string releasedKey;
  std::string exportFile;
  std::string importFile;
};

void addTableFlags(CLI::App& command, LeasesFlags& flags) {
  command
      .add_option("app", flags.table.application, "The application's name, which is its table's in DynamoDB")
      ->required();
  addLeaseStoreFlags(command, flags.table.where);
  command.add_option("--state", flags.table.state, "Folder of the leases, if they are kept in SQLite")
      ->capture_default_str();
  command.add_option("--stream", flags.table.stream,
                     "The stream: to ask it for lags and repeats, and where an application reads several");
  addKinesisFlags(command, flags.table.kinesis);
  command
      .add_option("--observe-ms", flags.observeMilliseconds,
                  "How long owners are watched for signs of life, in milliseconds")
      ->check(CLI::Range(std::int64_t{0}, kObserveMillisecondsMax));
  command.add_flag("--json", flags.json, "One JSON object");
}

}  // namespace

void addLeasesCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("leases", "Shows an application's leases, or changes them");
  auto flags = std::make_shared<Flags>();
  addTableFlags(*command, flags->leases);
  command->require_subcommand(0, 1);
  command->callback(
      [&chosen, flags] { chosen = chosen ? chosen : [flags] { return listLeases(flags->leases); }; });

  const auto add = [command](const char* name, const char* what) {
    CLI::App* sub = command->add_subcommand(name, what);
    sub->fallthrough();
    return sub;
  };
  CLI::App* release = add("release", "Takes a lease from an owner that is dead");
  release->add_option("shard", flags->releasedKey, "The lease, by its key")->required();
  release->callback(
      [&chosen, flags] { chosen = [flags] { return releaseLease(flags->leases, flags->releasedKey); }; });
  CLI::App* rewind = add("rewind", "Shows what moving checkpoints back means; does it with --yes");
  rewind
      ->add_option("--to", flags->rewind.to,
                   "TRIM_HORIZON, a time like 2026-11-24T03:20:00Z, or a sequence number")
      ->required();
  rewind->add_option("--shard", flags->rewind.shard, "This lease alone, by its key");
  rewind->add_flag("--yes", flags->rewind.yes, "Write it; else nothing is written");
  rewind->callback(
      [&chosen, flags] { chosen = [flags] { return rewindLeases(flags->leases, flags->rewind); }; });
  CLI::App* exported = add("export", "Writes all leases, whole, as lines of JSON");
  exported->add_option("--output", flags->exportFile, "A file to make; else standard output");
  exported->callback(
      [&chosen, flags] { chosen = [flags] { return exportLeases(flags->leases, flags->exportFile); }; });
  CLI::App* imported = add("import", "Makes the leases of an export that do not exist");
  imported->add_option("file", flags->importFile, "The export; - for standard input")->required();
  imported->callback(
      [&chosen, flags] { chosen = [flags] { return importLeases(flags->leases, flags->importFile); }; });
}

}  // namespace tidemill::cli

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <span>

#include "block/content_hash.h"
#include "cli/commands.h"
#include "cli/kinesis_access.h"
#include "cli/output.h"
#include "cli/range_text.h"
#include "cli/settings.h"
#include "consume/range_reader.h"
#include "stream/kinesis_options.h"

namespace tidemill::cli {
namespace {

struct RecoverFlags {
  std::vector<std::string> ranges;
  KinesisFlags kinesis;
  std::int64_t timeoutMs = 10'000;
  int attempts = 10;
  std::vector<std::string> settings;
  bool json = false;
};

// Of one range: its content hash. Of several: the hash of their hashes, in the order in which they were
// named.
std::string hashText(const std::vector<consume::ReadRange>& read) {
  if (read.size() == 1) return read.front().range.contentHash->text();
  std::string hashes;
  for (const consume::ReadRange& range : read) hashes += range.range.contentHash->text();
  return block::hashOfBytes(std::as_bytes(std::span(hashes))).text();
}

int report(const Output& output, const std::vector<consume::ReadRange>& read) {
  std::int64_t records = 0;
  for (const consume::ReadRange& range : read) records += range.range.recordCount;
  const std::string hash = hashText(read);
  output.line(fmt::format("records: {} hash: {}", records, hash), {{"records", records}, {"hash", hash}});
  return 0;
}

int runRecover(const RecoverFlags& flags) {
  std::vector<SequenceNumberRange> ranges;
  for (const std::string& text : flags.ranges) {
    auto range = parseRange(text);
    if (!range) return printError(range.error());
    ranges.push_back(std::move(*range));
  }
  auto conf = loadSettings("", flags.settings);
  if (!conf) return printError(conf.error());
  base::StderrLog log(base::Severity::kWarning);
  http::ProductionEnv production(log, productionOptions());
  base::Random random(base::randomSeed());
  auto client = openKinesis(production, random, flags.kinesis);
  if (!client) return printError(client.error());
  consume::RangeReadOptions options;
  options.retry.timeout = std::chrono::milliseconds(flags.timeoutMs);
  options.retry.attemptsMax = flags.attempts;
  options.keepRecords = false;
  options.kpl = stream::kplRulesOf(*conf);
  const rt::Env& env = production.env();
  auto paces = std::make_shared<consume::ShardPaces>(stream::paceOptionsOf(*conf));
  consume::RangeReader reader({env.loop, **client, std::move(paces), random, log, env.faults}, options);
  auto read = production.block(reader.read(std::move(ranges)));
  if (!read) return printError(read.error());
  return report(Output(flags.json), *read);
}

}  // namespace

void addRecoverCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "recover", "Reads ranges of records again, as a lost block is rebuilt, and prints count and hash");
  auto flags = std::make_shared<RecoverFlags>();
  command
      ->add_option("--range", flags->ranges,
                   "STREAM/SHARD:FROM:TO, both ends inclusive; may be given several times")
      ->required()
      ->allow_extra_args(false);
  command
      ->add_option("--timeout-ms", flags->timeoutMs,
                   "How long one call is tried, its repetitions included; a range may take many calls")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{3'600'000}))
      ->capture_default_str();
  command->add_option("--attempts", flags->attempts, "How often one call is tried")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option(
      "--set", flags->settings,
      "A setting as key=value, as of the program that read the records; may be given several times");
  addKinesisFlags(*command, flags->kinesis);
  command->add_flag("--json", flags->json, "One JSON object");
  command->callback([&chosen, flags] { chosen = [flags] { return runRecover(*flags); }; });
}

}  // namespace tidemill::cli

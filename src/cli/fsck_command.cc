#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "block/block_fsck.h"
#include "block/disk_blocks.h"
#include "cli/commands.h"
#include "cli/fsck_repair.h"
#include "cli/kinesis_access.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "codec/json_writer.h"
#include "rt/posix_file_system.h"
#include "stream/kinesis_options.h"

namespace tidemill::cli {
namespace {

using block::FsckFinding;
using block::FsckReport;

struct Flags {
  std::string directory;
  bool repair = false;
  KinesisFlags kinesis;
  std::vector<std::string> settings;
  bool json = false;
};

// Without a repair: null.
std::vector<std::string> reportLines(const FsckReport& report, const RepairReport* repair) {
  std::vector<std::string> lines;
  if (repair != nullptr) {
    for (const Error& error : repair->notRebuilt) lines.push_back(oneLine("not rebuilt: " + error.message()));
    lines.push_back("rebuilt: " + std::to_string(repair->rebuilt) +
                    " not rebuilt: " + std::to_string(repair->notRebuilt.size()));
  }
  for (const FsckFinding& finding : report.findings) lines.push_back(oneLine(finding.text()));
  lines.push_back("blocks: " + std::to_string(report.blocks));
  lines.push_back("unindexed: " + std::to_string(report.unindexed));
  lines.push_back("lost: " + std::to_string(report.lost));
  lines.push_back("damaged: " + std::to_string(report.damaged) +
                  " rebuildable: " + std::to_string(report.rebuildable));
  lines.push_back("torn: " + std::to_string(report.torn));
  return lines;
}

void writeCount(codec::JsonWriter& to, std::string_view key, std::uint64_t count) {
  to.key(key);
  to.integer(static_cast<std::int64_t>(count));
}

void writeFinding(codec::JsonWriter& to, const FsckFinding& finding) {
  to.beginObject();
  to.key("kind");
  to.text(block::findingName(finding.kind));
  to.key("file");
  to.text(finding.file);
  writeCount(to, "offset", finding.offset);
  writeCount(to, "bytes", finding.bytes);
  to.key("what");
  to.text(finding.what);
  to.key("rebuildable");
  to.boolean(finding.rebuildable);
  if (finding.block != nullptr) {
    to.key("block");
    to.text(finding.block->id);
    to.key("ranges");
    to.beginArray();
    for (const SequenceNumberRange& range : finding.block->ranges()) to.text(range.toString());
    to.endArray();
  }
  to.endObject();
}

std::string reportDocument(const FsckReport& report, const RepairReport* repair) {
  codec::JsonWriter to;
  to.beginObject();
  if (repair != nullptr) {
    writeCount(to, "rebuilt", repair->rebuilt);
    to.key("notRebuilt");
    to.beginArray();
    for (const Error& error : repair->notRebuilt) to.text(error.message());
    to.endArray();
  }
  writeCount(to, "blocks", report.blocks);
  writeCount(to, "unindexed", report.unindexed);
  writeCount(to, "lost", report.lost);
  writeCount(to, "damaged", report.damaged);
  writeCount(to, "rebuildable", report.rebuildable);
  writeCount(to, "torn", report.torn);
  to.key("findings");
  to.beginArray();
  for (const FsckFinding& finding : report.findings) writeFinding(to, finding);
  to.endArray();
  to.endObject();
  return to.take();
}

std::string countOf(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// What is wrong with the store as it is now, on standard error. Returns the exit code.
int sayDamage(const Flags& flags, const FsckReport& report) {
  const std::string again = flags.repair
                                ? "look at the disk; tidemill fsck again tells what is left"
                                : "tidemill fsck " + flags.directory +
                                      " --repair reads blocks from Kinesis again and mends the index";
  if (report.damaged > 0) {
    return printError(Error(Code::kDamagedBlock,
                            countOf(report.damaged, "damaged place") + " in " + flags.directory +
                                (report.lost > 0 ? ", and " + countOf(report.lost, "block") + " lost" : ""),
                            again));
  }
  if (report.lost > 0)
    printWarning("DamagedBlock", countOf(report.lost, "stored block") + " lay in torn tails; " + again);
  return 0;
}

int runFsck(const Flags& flags) {
  rt::PosixFileSystem files;
  const auto report = block::checkStore(files, flags.directory);
  if (!report) return printError(report.error());
  Output(flags.json).document(reportLines(*report, nullptr), reportDocument(*report, nullptr));
  return sayDamage(flags, *report);
}

rt::Task<Result<RepairReport>> readAgain(const rt::Env& env, base::Random& random,
                                         kinesis::KinesisClient& client, const Conf& conf,
                                         block::DiskBlocks& store,
                                         std::vector<std::shared_ptr<const block::BlockInfo>> blocks) {
  consume::RangeReadOptions options;
  options.retry.attemptsMax = 10;
  options.onLoss = consume::LossPolicy::kRecord;
  options.kpl = stream::kplRulesOf(conf);
  auto paces = std::make_shared<consume::ShardPaces>(stream::paceOptionsOf(conf));
  consume::RangeReader reader({env.loop, client, std::move(paces), random, env.log, env.faults}, options);
  co_return co_await rebuildBlocks(reader, store, std::move(blocks));
}

// Kinesis is needed only where blocks are to be read; whether it can be reached at all is settled before
// anything is changed. An index that is damaged or torn is written anew when the store is opened. The store
// is locked meanwhile, and closed afterwards.
Result<RepairReport> repair(const Flags& flags, const FsckReport& found) {
  auto conf = loadSettings("", flags.settings);
  if (!conf) return fail(conf.error());
  base::StderrLog log(base::Severity::kWarning);
  http::ProductionEnv production(log, productionOptions());
  base::Random random(base::randomSeed());
  auto blocks = found.toRebuild();
  std::unique_ptr<kinesis::KinesisClient> client;
  if (!blocks.empty()) {
    auto opened = openKinesis(production, random, flags.kinesis);
    if (!opened) return fail(opened.error());
    client = std::move(*opened);
  }
  const rt::Env& env = production.env();
  auto store = block::DiskBlocks::open(env.files, env.faults, flags.directory,
                                       {.holder = "tidemill fsck --repair", .salt = random.next()});
  if (!store) return fail(store.error());
  if (client == nullptr) return RepairReport{};
  return production.block(readAgain(env, random, *client, *conf, **store, std::move(blocks)));
}

int runRepair(const Flags& flags) {
  rt::PosixFileSystem files;
  const auto before = block::checkStore(files, flags.directory);
  if (!before) return printError(before.error());
  RepairReport done;
  if (!before->findings.empty()) {
    auto unknown = unknownDamage(*before);
    auto repaired = repair(flags, *before);
    if (!repaired) {
      // The index may have been mended, and then nothing else tells of it any more.
      for (const Error& error : unknown) printWarning("DataLoss", error.message());
      return printError(repaired.error());
    }
    done = std::move(*repaired);
    std::move(unknown.begin(), unknown.end(), std::back_inserter(done.notRebuilt));
  }
  // Torn tails are cut now that what was in them is elsewhere; then the report is of what is there.
  auto after = block::checkStore(files, flags.directory, {.repair = true});
  if (after && after->torn > 0) after = block::checkStore(files, flags.directory);
  if (!after) return printError(after.error());
  Output(flags.json).document(reportLines(*after, &done), reportDocument(*after, &done));
  if (const auto failure = done.failure()) return printError(*failure);
  return sayDamage(flags, *after);
}

}  // namespace

void addFsckCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("fsck", "Checks stored blocks, byte by byte");
  auto flags = std::make_shared<Flags>();
  command->add_option("dir", flags->directory, "Folder of the blocks")->required();
  command->add_flag("--repair", flags->repair,
                    "Reads damaged and lost blocks from Kinesis again, and cuts torn tails");
  command->add_option(
      "--set", flags->settings,
      "A setting as key=value, as of the program that stored them; may be given several times");
  addKinesisFlags(*command, flags->kinesis);
  command->add_flag("--json", flags->json, "One JSON object");
  command->callback([&chosen, flags] {
    // Files are named below it.
    while (flags->directory.size() > 1 && flags->directory.back() == '/') flags->directory.pop_back();
    chosen = [flags] { return flags->repair ? runRepair(*flags) : runFsck(*flags); };
  });
}

}  // namespace tidemill::cli

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "cli/commands.h"
#include "cli/initial_position_text.h"
#include "cli/lease_access.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/shown_records.h"
#include "cli/storage_flags.h"
#include "cli/termination.h"
#include "cli/word_count_job.h"
#include "tidemill/conf.h"
#include "tidemill/streaming_context.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kCheckpointMillisecondsMax = 86'400'000;  // Also a day of records to read again.

struct CountFlags {
  WordCountOptions job;
  LeaseStoreFlags leases;
  std::string state;
  std::string workerId;
  std::string position = "TRIM_HORIZON";
  std::string confFile;
  std::vector<std::string> settings;
  std::int64_t batchMilliseconds = 1000;
  std::int64_t checkpointMilliseconds = 1000;
  std::string storageLevel = "MEMORY_AND_DISK";
  std::string loseBlocks;
  std::string checkpointDirectory;
  std::string plant;
  std::int64_t slowMilliseconds = 0;
  bool json = false;
  bool records = false;
};

// Prints what happens as results.
class CountListener final : public StreamingListener {
 public:
  CountListener(const Output& output, RecordPrinter& printer) : output_(output), printer_(printer) {}

  void onStreamingStarted() override { output_.line("ready", {{"event", "ready"}}); }
  void onShardStarted(const std::string& streamName, const std::string& shardId, const std::string& from,
                      const std::string& afterSequenceNumber) override {
    if (!afterSequenceNumber.empty()) {
      output_.line(
          fmt::format("resumed: {} after {}", shardId, afterSequenceNumber),
          {{"event", "resumed"}, {"stream", streamName}, {"shard", shardId}, {"after", afterSequenceNumber}});
    } else {
      output_.line(fmt::format("started: {} at {}", shardId, from),
                   {{"event", "started"}, {"stream", streamName}, {"shard", shardId}, {"from", from}});
    }
  }
  void onCheckpointUnreadable(const std::string& what) override {
    printWarning("CheckpointUnreadable", what);
  }
  void onBlockLost(const std::string&, const SequenceNumberRanges&, const std::string&) override { ++lost_; }
  void onBlockRecovered(const std::string&, const SequenceNumberRanges&) override { ++rebuilt_; }
  void onBatchCompleted(const BatchInfo& batch) override {
    if (lost_ > 0 || rebuilt_ > 0) {
      output_.line(fmt::format("blocks: lost={} rebuilt={}", lost_, rebuilt_),
                   {{"event", "blocks"}, {"lost", lost_}, {"rebuilt", rebuilt_}});
      lost_ = 0;
      rebuilt_ = 0;
    }
    printer_.batch(batch);
  }

 private:
  const Output& output_;
  RecordPrinter& printer_;
  // Since the last batch that was completed.
  std::int64_t lost_ = 0;
  std::int64_t rebuilt_ = 0;
};

Result<Conf> confOf(const CountFlags& flags) {
  auto loaded = loadSettings(flags.confFile, flags.settings);
  if (!loaded) return loaded;
  Conf& conf = *loaded;
  try {
    conf.set("tidemill.state.directory", flags.state, "--state");
    if (!flags.workerId.empty()) conf.set("tidemill.worker.id", flags.workerId, "--worker-id");
    if (!flags.checkpointDirectory.empty())
      conf.set("spark.streaming.checkpoint.directory", flags.checkpointDirectory, "--checkpoint-dir");
    if (!flags.loseBlocks.empty()) conf.set("tidemill.test.loseBlocks", flags.loseBlocks, "--lose-blocks");
    applyLeaseStoreFlags(conf, flags.leases, flags.job.endpoint, flags.job.region);
  } catch (const Error& error) {
    return fail(error);
  }
  warnOfKeys(conf);
  return loaded;
}

Result<void> makeStateDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return fail(Code::kIo, fmt::format("state directory {}: {}", path, error.message()),
                "choose a folder that may be written, with --state");
  }
  return {};
}

// Runs until the stream fails, a signal asks for the end, or nobody can read the results any more; a second
// signal ends the process at once.
Result<void> runUntilAskedToStop(StreamingContext& context, TerminationSignals& signals) {
  StopRequests requests;
  bool outputLost = false;
  while (!context.awaitTerminationOrTimeout(Milliseconds(0))) {
    const int signal = signals.waitFor(50ms);
    if (!outputLost && !outputState()) {
      outputLost = true;
      context.requestStop(true);
    }
    if (signal == 0) continue;
    switch (requests.signal(std::chrono::steady_clock::now())) {
      case StopRequests::Wish::kStop:
        context.requestStop(true);
        break;
      case StopRequests::Wish::kAbort:
        printError(Error(Code::kCancelled,
                         "a second signal: ended at once; unprocessed records are read again",
                         "start again to go on"));
        std::_Exit(1);
      case StopRequests::Wish::kNone:
        break;
    }
  }
  return context.awaitTermination();
}

int report(const Output& output, const StreamingContext& context, const Result<void>& ended) {
  if (!ended) return printError(ended.error());
  const StreamingTotals totals = context.totals();
  const std::string leases = totals.leasesHeld == 0 ? "released" : fmt::format("held:{}", totals.leasesHeld);
  output.line(fmt::format("stopped: received={} processed={} checkpointed={} unallocated={} leases={}",
                          totals.received, totals.processed, totals.checkpointed, totals.unallocated, leases),
              {{"event", "stopped"},
               {"received", totals.received},
               {"processed", totals.processed},
               {"checkpointed", totals.checkpointed},
               {"unallocated", totals.unallocated},
               {"leases", leases}});
  return 0;
}

// A program that reads the results sees what came out of aggregated records without asking for it.
ShownRecords shownBy(const CountFlags& flags) {
  if (flags.records) return ShownRecords::kAll;
  return flags.json ? ShownRecords::kAggregated : ShownRecords::kNone;
}

int runCount(CountFlags flags) {
  auto position = parseInitialPosition(flags.position);
  if (!position) return printError(position.error());
  flags.job.initialPosition = *position;
  flags.job.checkpointInterval = Milliseconds(flags.checkpointMilliseconds);
  const auto level = parseStorageLevel(flags.storageLevel);
  if (!level) return printError(unknownLevel(flags.storageLevel));
  flags.job.storageLevel = *level;
  flags.job.slowness = std::chrono::milliseconds(flags.slowMilliseconds);
  flags.job.dropRecord = flags.plant == "drop-record";
  auto conf = confOf(flags);
  if (!conf) return printError(conf.error());
  auto made = makeStateDirectory(flags.state);
  if (!made) return printError(made.error());

  auto signals = std::make_unique<TerminationSignals>();  // Before any thread.
  const Output output(flags.json);
  const auto printer = std::make_shared<RecordPrinter>(output);
  CountListener listener(output, *printer);
  flags.job.shown = shownBy(flags);
  flags.job.show = [printer](const BatchInfo& batch, const std::vector<ShownLine>& lines) {
    printer->records(batch, lines);
  };
  auto sink = WordCountSink::open(flags.state + "/counts.db", flags.job.application, flags.job.stream);
  if (!sink) return printError(sink.error());
  const std::shared_ptr<WordCountSink> counts = std::move(*sink);
  const auto program = [&] {
    auto context = std::make_unique<StreamingContext>(*conf, Milliseconds(flags.batchMilliseconds));
    defineWordCount(*context, counts, flags.job);
    context->addStreamingListener(listener);
    return context;
  };
  const std::string directory = conf->getText("spark.streaming.checkpoint.directory");
  auto context = directory.empty() ? program() : StreamingContext::getOrCreate(directory, program);
  context->start();
  auto ended = runUntilAskedToStop(*context, *signals);
  const int code = report(output, *context, ended);
  signals.reset();  // Should an output hang in what follows, a signal ends the process.
  return code;
}

}  // namespace

void addCountCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("count", "Counts the words of a stream, each record exactly once");
  auto flags = std::make_shared<CountFlags>();
  command->add_option("--app", flags->job.application, "Application name: names the lease rows")->required();
  command->add_option("--stream", flags->job.stream, "Name of the stream")->required();
  command->add_option("--state", flags->state, "Folder of leases and counts")->required();
  command->add_option("--endpoint", flags->job.endpoint,
                      "Url of Kinesis; else AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL or the region's own");
  command->add_option("--region", flags->job.region, "Region; else AWS_REGION or AWS_DEFAULT_REGION");
  addLeaseStoreFlags(*command, flags->leases);
  addStorageFlags(*command, flags->storageLevel, flags->loseBlocks);
  command->add_option(
      "--checkpoint-dir", flags->checkpointDirectory,
      "Url of a checkpoint directory, such as file:/var/lib/orders: the next run goes on with the "
      "batches of this one");
  command->add_option("--worker-id", flags->workerId, "Stable across restarts, unique among workers");
  command
      ->add_option("--initial-position", flags->position,
                   "Where unknown shards start: TRIM_HORIZON, LATEST or AT_TIMESTAMP=T, with T like "
                   "2026-11-24T03:20:00Z or milliseconds since 1970")
      ->capture_default_str();
  command->add_option("--batch-ms", flags->batchMilliseconds, "Batch interval in milliseconds")
      ->capture_default_str();
  command
      ->add_option("--checkpoint-ms", flags->checkpointMilliseconds,
                   "Least time between two lease checkpoints of a shard, in milliseconds")
      ->check(CLI::Range(std::int64_t{0}, kCheckpointMillisecondsMax))
      ->capture_default_str();
  command->add_option("--conf", flags->confFile, "A file of settings, in TOML");
  command->add_option("--set", flags->settings, "A setting as key=value; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--plant", flags->plant, "A mistake on purpose: drop-record loses one record")
      ->check(CLI::IsMember({"drop-record"}));
  command
      ->add_option("--slow-ms", flags->slowMilliseconds,
                   "For tests: each batch with records takes so many milliseconds longer")
      ->check(CLI::Range(0, 600'000))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object per line");
  command->add_flag(
      "--records", flags->records,
      "A line for each record: shard, numbers and size; with --json parts of aggregated records "
      "have one anyway");
  command->callback([&chosen, flags] { chosen = [flags] { return runCount(*flags); }; });
}

}  // namespace tidemill::cli

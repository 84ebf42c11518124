#include "cli/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/random.h"
#include "cli/demo_stage.h"
#include "cli/fake_process.h"
#include "cli/settings.h"
#include "cli/storage_flags.h"
#include "cli/temporary_folder.h"
#include "kinesis/shard_graph.h"
#include "tidemill/storage_level.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr char kStream[] = "demo";
constexpr int kDemoShards = 4;
constexpr std::size_t kShardsInAll = kDemoShards + 2 + 1;  // Two of the split, one of the merge.
constexpr std::int64_t kDemoBytesMin = 2'000'000;
constexpr std::size_t kDemoPortion = 2000;  // Lines.
constexpr std::size_t kTopWords = 5;

// A DynamoDB that outlives the run may hold the tables of others.
std::string applicationOf(const DemoOptions& options) {
  if (options.leases.dynamodbEndpoint.empty()) return "demo";
  return "tidemill-demo-" + base::Random(base::randomSeed()).uuid();
}

// One run; each step is a function, in the order of their calls.
class Demo {
 public:
  Demo(const DemoOptions& options, TemporaryFolder folder)
      : options_(options),
        stage_({options.seed, options.checkpointDirectory, /*manyRuns=*/false, options.settings},
               std::move(folder)) {
    stage_.onProgress = [this] { progress(); };
  }

  Result<DemoResult> run() {
    auto result = steps();
    // A child that fails because it was asked to end as well is no failure of the run.
    if (!stage_.goOn()) return interrupted();
    const bool something = stage_.hasConsumer();  // Before, there is only the text.
    if (something && (!result || !result->exact)) {
      stage_.folder().keep();
      printProgress("kept for a look: " + stage_.folder().path());
    }
    return result;
  }

 private:
  Result<DemoResult> steps() {
    auto done = stage_.prepare(options_.text, kDemoBytesMin);
    if (done) done = stage_.goOn();
    if (done) done = stage_.startFake();
    if (done) done = startConsumer();
    if (done) done = produceAndDisturb();
    if (done) done = stage_.awaitAllCounted(0);
    // A short text is counted before the merge has been noticed.
    if (done) {
      done = stage_.hearUntil([](const ConsumerNews& news) { return news.shards.size() >= kShardsInAll; },
                              "read every shard");
    }
    if (done) done = stage_.stopConsumer();
    if (!done) return fail(done.error());
    return compare();
  }

  DemoResult interrupted() {
    printProgress("a signal asks for the end: ending the consumer and the fake AWS");
    stage_.end();
    DemoResult result;
    result.interruptedBy = stage_.interruptedBy();
    return result;
  }

  Result<void> startConsumer() {
    const TemporaryFolder& folder = stage_.folder();
    DemoRun run{applicationOf(options_), kStream, kDemoShards, folder.file("state"), {}};
    std::vector<std::string>& more = run.options;
    more = {"--storage-level", options_.storageLevel, "--lose-blocks", options_.loseBlocks};
    // The second copies; another folder stands in for another disk.
    more.insert(more.end(), {"--set", "tidemill.block.replicas=dir:" + folder.file("replica") +
                                          ",dir:" + folder.file("replica-2")});
    // Lease checkpoints far behind the counts, so that the kill leaves records to be delivered again.
    more.insert(more.end(), {"--checkpoint-ms", "10000"});
    if (!options_.leases.store.empty()) more.insert(more.end(), {"--leases", options_.leases.store});
    if (!options_.leases.dynamodbEndpoint.empty()) {
      more.insert(more.end(), {"--dynamodb-endpoint", options_.leases.dynamodbEndpoint});
      printProgress("the leases are in the table " + run.application + ", which stays");
    }
    if (!options_.plant.empty()) more.insert(more.end(), {"--plant", options_.plant});
    auto begun = stage_.begin(std::move(run));
    return begun ? liveAgain() : begun;
  }

  // A life of the consumer begins.
  Result<void> liveAgain() {
    auto started = stage_.startConsumer();
    return started ? stage_.awaitReady() : started;
  }

  // A third of the text, a split; half of it, the kill; then a merge and the rest.
  Result<void> produceAndDisturb() {
    auto done = produceUntil(stage_.lines() / 3);
    if (done) done = splitOne();
    if (done) done = produceUntil(stage_.lines() / 2);
    if (done) done = killAndRestart();
    if (done) done = mergeTwo();
    if (done) done = produceUntil(stage_.lines());
    return done;
  }

  Result<void> produceUntil(std::size_t end) {
    while (stage_.produced() < end) {
      auto done = stage_.goOn();
      if (done) done = stage_.put(std::min(end - stage_.produced(), kDemoPortion));
      if (!done) return done;
      stage_.hearAll();
    }
    return {};
  }

  Result<std::vector<kinesis::Shard>> openShards() {
    auto shards = stage_.production().block(kinesis::listAllShards(stage_.client(), kStream));
    if (!shards) return shards;
    std::erase_if(*shards, [](const kinesis::Shard& shard) { return !shard.open(); });
    return shards;
  }

  Result<void> splitOne() {
    auto shards = openShards();
    if (!shards) return fail(shards.error());
    // The first of the four: its middle is an eighth of 2^128.
    printProgress("splitting " + shards->front().shardId);
    auto split = stage_.production().block(stage_.client().splitShard(
        kStream, shards->front().shardId, "42535295865117307932921825928971026432"));
    if (!split) return split;
    return awaitActive(stage_.production(), stage_.client(), kStream);
  }

  Result<void> mergeTwo() {
    auto shards = openShards();
    if (!shards) return fail(shards.error());
    // The last two of the first four are neighbours and were left alone so far.
    const std::string left = fmt::format("shardId-{:012d}", kDemoShards - 2);
    const std::string right = fmt::format("shardId-{:012d}", kDemoShards - 1);
    printProgress("merging " + left + " and " + right);
    auto merged = stage_.production().block(stage_.client().mergeShards(kStream, left, right));
    if (!merged) return merged;
    return awaitActive(stage_.production(), stage_.client(), kStream);
  }

  // At a moment at which the counts are ahead of the lease checkpoints: two batches are in, and the second is
  // too young for a checkpoint.
  Result<void> killAndRestart() {
    auto done = produceUntil(std::max<std::size_t>(stage_.produced(), 1));  // Half of one line is none.
    if (done) {
      done = stage_.hearUntil([](const ConsumerNews& news) { return news.batches > 0; }, "count anything");
    }
    const std::int64_t before = stage_.news().batches;
    if (done) done = produceUntil(std::min(stage_.lines(), stage_.produced() + kDemoPortion));
    if (!done) return done;
    if (stage_.news().delivered < static_cast<std::int64_t>(stage_.produced())) {
      done = stage_.hearUntil([before](const ConsumerNews& news) { return news.batches > before; }, "go on");
      if (!done) return done;
    }
    stage_.killConsumer();
    ++kills_;
    return liveAgain();
  }

  Result<DemoResult> compare() {
    auto comparison = stage_.compare();
    if (!comparison) return fail(comparison.error());
    DemoResult result;
    result.totals = comparison->totals;
    result.shards = static_cast<std::int64_t>(stage_.news().shards.size());
    result.kills = kills_;
    result.blocksLost = stage_.news().blocksLost;
    result.blocksRebuilt = stage_.news().blocksRebuilt;
    const std::vector<WordCount>& words = comparison->words;
    result.top.assign(words.begin(),
                      words.begin() + static_cast<std::ptrdiff_t>(std::min(kTopWords, words.size())));
    result.exact = comparison->difference.empty();
    if (!result.exact) printProgress("the counts differ: " + comparison->difference);
    return result;
  }

  void progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - lastProgress_ < 1s) return;
    lastProgress_ = now;
    const ConsumerNews& news = stage_.news();
    printProgress(fmt::format("put {} of {} lines, {} delivered in batches, {} shards seen",
                              stage_.produced(), stage_.lines(), news.delivered, news.shards.size()));
  }

  const DemoOptions options_;
  DemoStage stage_;
  std::int64_t kills_ = 0;
  std::chrono::steady_clock::time_point lastProgress_{};
};

}  // namespace

Fields DemoResult::fields() const {
  Value::Members words;
  for (const WordCount& one : top) words.emplace_back(one.word, one.count);
  return {{"records", totals.records},
          {"batches", totals.batches},
          {"shards seen", shards},
          {"kills", kills},
          {"duplicates dropped", totals.duplicates},
          {"blocks lost", blocksLost},
          {"rebuilt", blocksRebuilt},
          {"word", std::move(words)},
          {"exact", exact ? "yes" : "no"}};
}

Result<DemoResult> runDemo(const DemoOptions& options) {
  Conf conf;  // Only to refuse what the consumer would refuse later, and less readably.
  auto settings = applySettings(conf, options.settings);
  if (settings) settings = applySettings(conf, {"tidemill.test.loseBlocks=" + options.loseBlocks});
  if (!settings) return fail(settings.error());
  if (!parseStorageLevel(options.storageLevel)) return fail(unknownLevel(options.storageLevel));
  auto folder = TemporaryFolder::make("demo");
  if (!folder) return fail(folder.error());
  return Demo(options, std::move(*folder)).run();
}

}  // namespace tidemill::cli

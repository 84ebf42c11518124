#include "cli/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "cli/child_process.h"
#include "cli/demo_consumer.h"
#include "cli/demo_text.h"
#include "cli/fake_process.h"
#include "cli/line_producer.h"
#include "cli/settings.h"
#include "cli/storage_flags.h"
#include "cli/temporary_folder.h"
#include "cli/termination.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "kinesis/shard_graph.h"
#include "tidemill/storage_level.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr char kStream[] = "demo";
constexpr int kShards = 4;
constexpr std::size_t kShardsInAll = kShards + 2 + 1;  // Two of the split, one of the merge.
constexpr std::int64_t kTextBytesMin = 2'000'000;
constexpr std::size_t kPortionLines = 2000;
constexpr auto kPatience = 60s;
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
        application_(applicationOf(options)),
        folder_(std::move(folder)),
        production_(log_),
        random_(options.seed) {}

  Result<DemoResult> run() {
    auto result = steps();
    // A child that fails because it was asked to end as well is no failure of the run.
    if (!goOn()) return interrupted();
    const bool something = consumer_.has_value();  // Before, there is only the text.
    if (something && (!result || !result->exact)) {
      folder_.keep();
      printProgress("kept for a look: " + folder_.path());
    }
    return result;
  }

 private:
  Result<DemoResult> steps() {
    for (const auto step : {&Demo::prepare, &Demo::startFake, &Demo::createStream, &Demo::startConsumer,
                            &Demo::produceAndDisturb, &Demo::awaitAllCounted, &Demo::stopConsumer}) {
      auto done = goOn();
      if (done) done = (this->*step)();
      if (!done) return fail(done.error());
    }
    return compare();
  }

  // kCancelled once a signal asks for the end.
  Result<void> goOn() {
    if (interruptedBy_ == 0) interruptedBy_ = signals_.waitFor(0ms);
    if (interruptedBy_ == 0) return {};
    return fail(Code::kCancelled, "a signal asked for the end");
  }

  // The consumer first, so that it can still reach the fake.
  DemoResult interrupted() {
    printProgress("a signal asks for the end: ending the consumer and the fake AWS");
    if (consumer_) consumer_->stop(10s);
    if (fake_) fake_->stop();
    DemoResult result;
    result.interruptedBy = interruptedBy_;
    return result;
  }

  Result<void> prepare() {
    auto lines = prepareText(options_.text, kTextBytesMin, folder_.file("text"));
    if (!lines) return fail(lines.error());
    lines_ = std::move(*lines);
    return {};
  }

  Result<void> startFake() {
    auto fake = FakeProcess::start(ownProgram(), {"--seed", std::to_string(options_.seed)});
    if (!fake) return fail(fake.error());
    fake_.emplace(std::move(*fake));
    const rt::Env& env = production_.env();
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log,
                                                       fake_->clientOptions());
    producer_ = std::make_unique<LineProducer>(env.loop, *client_, random_, kStream);
    return {};
  }

  Result<void> createStream() {
    auto created = production_.block(client_->createStream(kStream, kShards));
    if (!created) return created;
    return awaitActive(production_, *client_, kStream);
  }

  Result<void> startConsumer() {
    std::vector<std::string> command = {ownProgram(), "count",     "--app",      application_,
                                        "--stream",   kStream,     "--endpoint", fake_->endpoint(),
                                        "--region",   "us-east-1", "--state",    folder_.file("state")};
    command.insert(command.end(), {"--storage-level", options_.storageLevel});
    command.insert(command.end(), {"--lose-blocks", options_.loseBlocks});
    // The second copies; another folder stands in for another disk.
    command.insert(command.end(), {"--set", "tidemill.block.replicas=dir:" + folder_.file("replica") +
                                                ",dir:" + folder_.file("replica-2")});
    // Lease checkpoints far behind the counts, so that the kill leaves records to be delivered again.
    command.insert(command.end(), {"--checkpoint-ms", "10000"});
    if (!options_.leases.store.empty()) {
      command.insert(command.end(), {"--leases", options_.leases.store});
    }
    if (!options_.leases.dynamodbEndpoint.empty()) {
      command.insert(command.end(), {"--dynamodb-endpoint", options_.leases.dynamodbEndpoint});
      printProgress("the leases are in the table " + application_ + ", which stays");
    }
    if (!options_.checkpointDirectory.empty())
      command.insert(command.end(), {"--checkpoint-dir", options_.checkpointDirectory});
    if (!options_.plant.empty()) command.insert(command.end(), {"--plant", options_.plant});
    for (const std::string& setting : options_.settings) command.insert(command.end(), {"--set", setting});
    consumer_.emplace(std::move(command));
    return liveAgain();
  }

  // A life of the consumer begins.
  Result<void> liveAgain() {
    auto started = consumer_->start();
    if (!started) return started;
    return hearUntil([](const ConsumerNews& news) { return news.ready; }, "become ready");
  }

  // Listens to the consumer until it has said enough.
  template <class Enough>
  Result<void> hearUntil(Enough enough, const char* what) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!enough(consumer_->news())) {
      auto done = goOn();
      if (!done) return done;
      if (consumer_->ended() || std::chrono::steady_clock::now() > until) {
        return fail(Code::kWrongResult, fmt::format("the consumer did not {}", what),
                    "its errors, if any, are above");
      }
      consumer_->hear(50ms);
      progress();
    }
    return {};
  }

  // A third of the text, a split; half of it, the kill; then a merge and the rest.
  Result<void> produceAndDisturb() {
    auto done = produceUntil(lines_.size() / 3);
    if (done) done = splitOne();
    if (done) done = produceUntil(lines_.size() / 2);
    if (done) done = killAndRestart();
    if (done) done = mergeTwo();
    if (done) done = produceUntil(lines_.size());
    return done;
  }

  Result<void> produceUntil(std::size_t end) {
    while (produced_ < end) {
      auto done = goOn();
      if (!done) return done;
      const std::size_t until = std::min(end, produced_ + kPortionLines);
      std::vector<std::string> portion(lines_.begin() + static_cast<std::ptrdiff_t>(produced_),
                                       lines_.begin() + static_cast<std::ptrdiff_t>(until));
      done = production_.block(producer_->put(std::move(portion)));
      if (!done) return done;
      produced_ = until;
      while (consumer_->hear(0ms)) {  // All that was said meanwhile.
      }
      progress();
    }
    return {};
  }

  Result<std::vector<kinesis::Shard>> openShards() {
    auto shards = production_.block(kinesis::listAllShards(*client_, kStream));
    if (!shards) return shards;
    std::erase_if(*shards, [](const kinesis::Shard& shard) { return !shard.open(); });
    return shards;
  }

  Result<void> splitOne() {
    auto shards = openShards();
    if (!shards) return fail(shards.error());
    // The first of the four: its middle is an eighth of 2^128.
    printProgress("splitting " + shards->front().shardId);
    auto split = production_.block(
        client_->splitShard(kStream, shards->front().shardId, "42535295865117307932921825928971026432"));
    if (!split) return split;
    return awaitActive(production_, *client_, kStream);
  }

  Result<void> mergeTwo() {
    auto shards = openShards();
    if (!shards) return fail(shards.error());
    // The last two of the first four are neighbours and were left alone so far.
    const std::string left = fmt::format("shardId-{:012d}", kShards - 2);
    const std::string right = fmt::format("shardId-{:012d}", kShards - 1);
    printProgress("merging " + left + " and " + right);
    auto merged = production_.block(client_->mergeShards(kStream, left, right));
    if (!merged) return merged;
    return awaitActive(production_, *client_, kStream);
  }

  // At a moment at which the counts are ahead of the lease checkpoints: two batches are in, and the second is
  // too young for a checkpoint.
  Result<void> killAndRestart() {
    auto done = produceUntil(std::max<std::size_t>(produced_, 1));  // Half of one line is none.
    if (done) done = hearUntil([](const ConsumerNews& news) { return news.batches > 0; }, "count anything");
    const std::int64_t before = consumer_->news().batches;
    if (done) done = produceUntil(std::min(lines_.size(), produced_ + kPortionLines));
    if (!done) return done;
    if (consumer_->news().delivered < static_cast<std::int64_t>(produced_)) {
      done = hearUntil([before](const ConsumerNews& news) { return news.batches > before; }, "go on");
      if (!done) return done;
    }
    consumer_->kill();
    ++kills_;
    return liveAgain();
  }

  Result<void> awaitAllCounted() {
    auto sink = openSink();
    if (!sink) return fail(sink.error());
    auto changed = std::chrono::steady_clock::now();
    std::int64_t before = -1;
    for (;;) {  // Until all is counted, or nothing was for a minute.
      auto done = goOn();
      if (!done) return done;
      auto totals = (*sink)->totals();
      if (!totals) return fail(totals.error());
      if (totals->records >= static_cast<std::int64_t>(lines_.size())) {
        // A short text is counted before the merge has been noticed.
        return hearUntil([](const ConsumerNews& news) { return news.shards.size() >= kShardsInAll; },
                         "read every shard");
      }
      if (totals->records != before) changed = std::chrono::steady_clock::now();
      before = totals->records;
      if (consumer_->ended())
        return fail(Code::kWrongResult, "the consumer ended by itself", "its error is above");
      if (std::chrono::steady_clock::now() - changed > kPatience) {
        return fail(
            Code::kWrongResult,
            fmt::format("{} of {} records were counted, and no more for a minute", before, lines_.size()),
            "see what the consumer said above");
      }
      consumer_->hear(100ms);
      progress();
    }
  }

  Result<void> stopConsumer() {
    const int code = consumer_->stop(kPatience);
    if (code == 0) return {};
    return fail(Code::kWrongResult, fmt::format("the consumer ended with {} on SIGTERM", code),
                "its error is above");
  }

  Result<std::unique_ptr<WordCountSink>> openSink() const {
    return WordCountSink::open(folder_.file("state/counts.db"), application_, kStream);
  }

  Result<DemoResult> compare() {
    auto sink = openSink();
    if (!sink) return fail(sink.error());
    auto ours = (*sink)->words();
    auto totals = (*sink)->totals();
    auto theirs = countByShell(folder_.file("text"));
    if (!ours) return fail(ours.error());
    if (!totals) return fail(totals.error());
    if (!theirs) return fail(theirs.error());
    DemoResult result;
    result.totals = *totals;
    result.shards = static_cast<std::int64_t>(consumer_->news().shards.size());
    result.kills = kills_;
    result.blocksLost = consumer_->news().blocksLost;
    result.blocksRebuilt = consumer_->news().blocksRebuilt;
    result.top.assign(ours->begin(),
                      ours->begin() + static_cast<std::ptrdiff_t>(std::min(kTopWords, ours->size())));
    const std::string difference = firstDifference(*ours, *theirs);
    result.exact = difference.empty() && totals->records == static_cast<std::int64_t>(lines_.size());
    if (!result.exact) printProgress("the counts differ: " + difference);
    return result;
  }

  void progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - lastProgress_ < 1s) return;
    lastProgress_ = now;
    const ConsumerNews& news = consumer_->news();
    printProgress(fmt::format("put {} of {} lines, {} delivered in batches, {} shards seen", produced_,
                              lines_.size(), news.delivered, news.shards.size()));
  }

  const DemoOptions options_;
  const std::string application_;
  TerminationSignals signals_;  // Before any thread.
  TemporaryFolder folder_;
  base::StderrLog log_;
  http::ProductionEnv production_;
  base::Random random_;
  std::vector<std::string> lines_;
  std::optional<FakeProcess> fake_;
  std::optional<DemoConsumer> consumer_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::unique_ptr<LineProducer> producer_;
  std::size_t produced_ = 0;
  std::int64_t kills_ = 0;
  int interruptedBy_ = 0;
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

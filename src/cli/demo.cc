#include "cli/demo.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "aws/endpoint.h"
#include "base/text.h"
#include "cli/child_process.h"
#include "cli/demo_text.h"
#include "cli/line_producer.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "kinesis/shard_graph.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr char kApplication[] = "demo";
constexpr char kStream[] = "demo";
constexpr int kShards = 4;
constexpr std::int64_t kTextBytesMin = 2'000'000;
constexpr auto kPatience = 60s;
constexpr std::size_t kTopWords = 5;

// A folder of this run alone; kept when something failed, so that one can look.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw Error(Code::kIo, "cannot make " + pattern, "set TMPDIR");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  void keep() { kept_ = true; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool kept_ = false;
};

// One run; each step is a function, in the order of their calls.
class Demo {
 public:
  explicit Demo(const DemoOptions& options) : options_(options), production_(log_), random_(options.seed) {}

  Result<DemoResult> run() {
    auto result = steps();
    if (!result || !result->exact) {
      folder_.keep();
      printProgress("kept for a look: " + folder_.path());
    }
    return result;
  }

 private:
  Result<DemoResult> steps() {
    for (const auto step : {&Demo::prepare, &Demo::startFake, &Demo::createStream, &Demo::startConsumer,
                            &Demo::produceAndDisturb, &Demo::awaitAllCounted, &Demo::stopConsumer}) {
      auto done = (this->*step)();
      if (!done) return fail(done.error());
    }
    return compare();
  }

  Result<void> prepare() {
    auto made = prepareText(options_.text, kTextBytesMin, folder_.file("text"));
    if (!made) return made;
    auto lines = linesOf(folder_.file("text"));
    if (!lines) return fail(lines.error());
    lines_ = std::move(*lines);
    return {};
  }

  Result<void> startFake() {
    auto fake =
        ChildProcess::start({ownProgram(), "fake", "--port", "0", "--seed", std::to_string(options_.seed)});
    if (!fake) return fail(fake.error());
    fake_.emplace(std::move(*fake));
    const auto line = fake_->readLine(30s);
    constexpr std::string_view kListening = "listening ";
    if (!line || !line->starts_with(kListening)) return fail(Code::kIo, "the fake AWS did not start");
    endpoint_ = line->substr(kListening.size());
    kinesis::KinesisClientOptions client;
    client.aws.endpoint = aws::Endpoint{endpoint_, "us-east-1"};
    client.aws.credentials = AwsCredentials("test", "test");
    const rt::Env& env = production_.env();
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log, client);
    producer_ = std::make_unique<LineProducer>(env.loop, *client_, random_, kStream);
    return {};
  }

  Result<void> createStream() {
    auto created = production_.block(client_->createStream(kStream, kShards));
    if (!created) return created;
    return awaitActive();
  }

  Result<void> awaitActive() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
      auto summary = production_.block(client_->describeStreamSummary(kStream));
      if (!summary) return fail(summary.error());
      if (summary->status == "ACTIVE") return {};
      std::this_thread::sleep_for(100ms);
    }
    return fail(Code::kTimeout, "the stream did not become ACTIVE");
  }

  Result<void> startConsumer() {
    std::vector<std::string> command = {ownProgram(), "count",     "--app",      kApplication,
                                        "--stream",   kStream,     "--endpoint", endpoint_,
                                        "--region",   "us-east-1", "--state",    folder_.file("state")};
    if (!options_.plant.empty()) command.insert(command.end(), {"--plant", options_.plant});
    for (const std::string& setting : options_.settings) command.insert(command.end(), {"--set", setting});
    auto consumer =
        ChildProcess::start(command, {{"AWS_ACCESS_KEY_ID", "test"}, {"AWS_SECRET_ACCESS_KEY", "test"}});
    if (!consumer) return fail(consumer.error());
    consumer_.emplace(std::move(*consumer));
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until && !consumer_->outputEnded()) {
      const auto line = consumer_->readLine(100ms);
      if (line) heard(*line);
      if (line == "ready") return {};
    }
    return fail(Code::kIo, "the consumer did not become ready; its errors are above");
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
    constexpr std::size_t kPortion = 2000;
    while (produced_ < end) {
      const std::size_t until = std::min(end, produced_ + kPortion);
      std::vector<std::string> portion(lines_.begin() + static_cast<std::ptrdiff_t>(produced_),
                                       lines_.begin() + static_cast<std::ptrdiff_t>(until));
      auto put = production_.block(producer_->put(std::move(portion)));
      if (!put) return put;
      produced_ = until;
      hearAll();
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
    return awaitActive();
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
    return awaitActive();
  }

  Result<void> killAndRestart() {
    // With something counted and something not, or the kill would prove little.
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (counted_ == 0 && std::chrono::steady_clock::now() < until) hear(100ms);
    printProgress(fmt::format("killing the consumer (pid {}) with SIGKILL", consumer_->pid()));
    consumer_->signal(SIGKILL);
    consumer_->wait();
    ++kills_;
    return startConsumer();
  }

  Result<void> awaitAllCounted() {
    auto sink = WordCountSink::open(folder_.file("state/counts.db"));
    if (!sink) return fail(sink.error());
    auto changed = std::chrono::steady_clock::now();
    std::int64_t before = -1;
    for (;;) {  // Until all is counted, or nothing was for a minute.
      auto totals = (*sink)->totals();
      if (!totals) return fail(totals.error());
      if (totals->records >= static_cast<std::int64_t>(lines_.size())) return {};
      if (totals->records != before) changed = std::chrono::steady_clock::now();
      before = totals->records;
      if (consumer_->outputEnded()) return fail(Code::kWrongResult, "the consumer ended by itself");
      if (std::chrono::steady_clock::now() - changed > kPatience) {
        return fail(Code::kWrongResult, fmt::format("{} of {} records were counted, and no more for a minute",
                                                    before, lines_.size()));
      }
      hear(200ms);
      progress();
    }
  }

  Result<void> stopConsumer() {
    consumer_->signal(SIGTERM);
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!consumer_->outputEnded() && std::chrono::steady_clock::now() < until) {
      const auto line = consumer_->readLine(100ms);
      if (line) heard(*line);
    }
    const int code = consumer_->wait();
    if (code != 0)
      return fail(Code::kWrongResult, fmt::format("the consumer ended with {} on SIGTERM", code));
    return {};
  }

  Result<DemoResult> compare() {
    auto sink = WordCountSink::open(folder_.file("state/counts.db"));
    if (!sink) return fail(sink.error());
    auto ours = (*sink)->words();
    auto totals = (*sink)->totals();
    auto theirs = countByShell(folder_.file("text"));
    if (!ours) return fail(ours.error());
    if (!totals) return fail(totals.error());
    if (!theirs) return fail(theirs.error());
    DemoResult result;
    result.totals = *totals;
    result.shards = static_cast<std::int64_t>(shardsSeen_.size());
    result.kills = kills_;
    result.top.assign(ours->begin(),
                      ours->begin() + static_cast<std::ptrdiff_t>(std::min(kTopWords, ours->size())));
    result.difference = firstDifference(*ours, *theirs);
    result.exact = result.difference.empty() && totals->records == static_cast<std::int64_t>(lines_.size());
    if (!result.exact) printProgress("the counts differ: " + result.difference);
    return result;
  }

  static std::string firstDifference(const std::vector<WordCount>& ours,
                                     const std::vector<WordCount>& theirs) {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;
    for (const WordCount& one : ours) counts[one.word].first = one.count;
    for (const WordCount& one : theirs) counts[one.word].second = one.count;
    for (const auto& [word, count] : counts) {
      if (count.first != count.second)
        return fmt::format("{}: counted {}, is {}", word, count.first, count.second);
    }
    return {};
  }

  void hearAll() {
    while (const auto line = consumer_->readLine(0ms)) heard(*line);
  }
  void hear(std::chrono::milliseconds patience) {
    const auto line = consumer_->readLine(patience);
    if (line) heard(*line);
  }
  // Lines of the consumer: "started: SHARD at …", "resumed: SHARD after …", "batch: T records: N".
  void heard(const std::string& line) {
    const auto parts = base::split(line, ' ');
    if (parts.size() >= 4 && (parts[0] == "started:" || parts[0] == "resumed:"))
      shardsSeen_.emplace(parts[1]);
    if (parts.size() == 4 && parts[0] == "batch:") counted_ += base::parseInteger(parts[3]).value_or(0);
    if (parts[0] == "resumed:" || parts[0] == "stopped:") printProgress("consumer: " + line);
  }

  void progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - lastProgress_ < 1s) return;
    lastProgress_ = now;
    printProgress(fmt::format("put {} of {} lines, {} delivered in batches, {} shards seen", produced_,
                              lines_.size(), counted_, shardsSeen_.size()));
  }

  const DemoOptions options_;
  base::StderrLog log_;
  http::ProductionEnv production_;
  base::Random random_;
  TemporaryFolder folder_;
  std::vector<std::string> lines_;
  std::string endpoint_;
  std::optional<ChildProcess> fake_;
  std::optional<ChildProcess> consumer_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::unique_ptr<LineProducer> producer_;
  std::size_t produced_ = 0;
  std::int64_t counted_ = 0;
  std::int64_t kills_ = 0;
  std::set<std::string> shardsSeen_;
  std::chrono::steady_clock::time_point lastProgress_{};
};

}  // namespace

Fields DemoResult::fields() const {
  Fields fields = {{"records", totals.records},
                   {"batches", totals.batches},
                   {"shards seen", shards},
                   {"kills", kills},
                   {"duplicates dropped", totals.duplicates}};
  for (const WordCount& one : top) fields.emplace_back("word " + one.word, one.count);
  fields.emplace_back("exact", exact ? "yes" : "no");
  return fields;
}

Result<DemoResult> runDemo(const DemoOptions& options) {
  return Demo(options).run();
}

}  // namespace tidemill::cli

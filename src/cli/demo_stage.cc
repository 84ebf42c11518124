#include "cli/demo_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/child_process.h"
#include "cli/output.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 60s;
constexpr char kBucket[] = "checkpoints";

Error wrongConsumer(std::string what) {
  return Error(Code::kWrongResult, std::move(what), "see what the consumer said above");
}

}  // namespace

DemoStage::DemoStage(DemoStageOptions options, TemporaryFolder folder)
    : options_(std::move(options)), folder_(std::move(folder)), production_(log_), random_(options_.seed) {}

Result<void> DemoStage::prepare(const std::string& text, std::int64_t bytesMin) {
  auto lines = prepareText(text, bytesMin, folder_.file("text"));
  if (!lines) return fail(lines.error());
  lines_ = std::move(*lines);
  auto words = countByShell(folder_.file("text"));
  if (!words) return fail(words.error());
  words_ = std::move(*words);
  return {};
}

Result<void> DemoStage::startFake() {
  std::vector<std::string> arguments = {"--seed", std::to_string(options_.seed)};
  if (options_.checkpointDirectory == "s3:") arguments.insert(arguments.end(), {"--bucket", kBucket});
  if (options_.checkpointDirectory == "hdfs:") arguments.emplace_back("--hdfs");
  auto fake = FakeProcess::start(ownProgram(), arguments);
  if (!fake) return fail(fake.error());
  fake_.emplace(std::move(*fake));
  const rt::Env& env = production_.env();
  client_ =
      std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log, fake_->clientOptions());
  return {};
}

Result<void> DemoStage::begin(DemoRun run) {
  run_ = std::move(run);
  produced_ = 0;
  auto created = production_.block(client_->createStream(run_.stream, run_.shards));
  if (created) created = awaitActive(production_, *client_, run_.stream);
  if (!created) return created;
  producer_ = std::make_unique<LineProducer>(production_.env().loop, *client_, random_, run_.stream);
  std::vector<std::string> command = {ownProgram(), "count",     "--app",      run_.application,
                                      "--stream",   run_.stream, "--endpoint", fake_->endpoint(),
                                      "--region",   "us-east-1", "--state",    run_.state};
  command.insert(command.end(), run_.options.begin(), run_.options.end());
  const std::vector<std::string> checkpoint = checkpointOptions();
  command.insert(command.end(), checkpoint.begin(), checkpoint.end());
  for (const std::string& setting : options_.settings) command.insert(command.end(), {"--set", setting});
  consumer_.emplace(std::move(command));
  return {};
}

std::vector<std::string> DemoStage::checkpointOptions() const {
  std::string url = options_.checkpointDirectory;
  if (url.empty()) return {};
  std::vector<std::string> more;
  if (url == "file:") url = "file:" + folder_.file("checkpoints");
  if (url == "s3:") {
    url = fmt::format("s3://{}", kBucket);
    more = {"--set", "tidemill.s3.endpoint=" + fake_->endpoint(), "--set", "tidemill.s3.region=us-east-1"};
  }
  // The fake's HDFS has its root at the port of its AWS.
  if (url == "hdfs:") url = fmt::format("hdfs:{}", fake_->endpoint().substr(fake_->endpoint().find("//")));
  const bool own = options_.manyRuns || url != options_.checkpointDirectory;
  more.insert(more.end(), {"--checkpoint-dir", own ? url + "/" + run_.stream : url});
  return more;
}

Result<void> DemoStage::startConsumer() {
  return consumer_->start();
}

Result<void> DemoStage::awaitReady() {
  return hearUntil([](const ConsumerNews& news) { return news.ready; }, "become ready");
}

Result<void> DemoStage::hearUntil(const std::function<bool(const ConsumerNews&)>& enough, const char* what) {
  const auto until = Clock::now() + kPatience;
  while (!enough(consumer_->news())) {
    auto done = goOn();
    if (!done) return done;
    if (consumer_->ended() || Clock::now() > until) {
      return fail(wrongConsumer(fmt::format("the consumer did not {}", what)));
    }
    consumer_->hear(50ms);
    onProgress();
  }
  return {};
}

Result<void> DemoStage::hearFor(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  for (;;) {  // Until the time is over.
    auto done = goOn();
    if (!done) return done;
    if (consumer_->ended()) return fail(wrongConsumer("the consumer ended by itself"));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left <= 0ms) return {};
    consumer_->hear(left);
    onProgress();
  }
}

void DemoStage::hearAll() {
  while (consumer_->hear(0ms)) {
  }
  onProgress();
}

Result<void> DemoStage::put(std::size_t linesMax) {
  const std::size_t until = std::min(lines_.size(), produced_ + linesMax);
  if (until == produced_) return {};
  std::vector<std::string> portion(lines_.begin() + static_cast<std::ptrdiff_t>(produced_),
                                   lines_.begin() + static_cast<std::ptrdiff_t>(until));
  produced_ = until;
  return production_.block(producer_->put(std::move(portion)));
}

Result<void> DemoStage::awaitAllCounted(std::size_t portion) {
  std::int64_t before = -1;
  auto changed = Clock::now();
  for (;;) {  // Until all is counted, or nothing was for a minute.
    auto done = put(portion);
    if (done) done = hearFor(20ms);
    if (!done) return done;
    auto counted = totals();
    if (!counted) return fail(counted.error());
    if (counted->records != before) changed = Clock::now();
    before = counted->records;
    // One that has only begun does not listen to signals yet.
    const bool all = produced_ == lines_.size() && before >= static_cast<std::int64_t>(lines_.size());
    if (all && consumer_->news().ready) return {};
    if (Clock::now() - changed > kPatience) {
      return fail(wrongConsumer(
          fmt::format("{} of {} records were counted, and no more for a minute", before, lines_.size())));
    }
  }
}

Result<void> DemoStage::stopConsumer() {
  const int code = consumer_->stop(kPatience);
  if (code == 0) return {};
  return fail(wrongConsumer(fmt::format("the consumer ended with {} on SIGTERM", code)));
}

Result<std::unique_ptr<WordCountSink>> DemoStage::openSink() const {
  return WordCountSink::open(run_.state + "/counts.db", run_.application, run_.stream);
}

// A consumer that has just begun may not have made the file.
Result<CountTotals> DemoStage::totals() const {
  if (!std::filesystem::exists(run_.state + "/counts.db")) return CountTotals{};
  auto sink = openSink();
  if (!sink) return fail(sink.error());
  return (*sink)->totals();
}

Result<DemoComparison> DemoStage::compare() {
  auto sink = openSink();
  if (!sink) return fail(sink.error());
  auto words = (*sink)->words();
  auto totals = (*sink)->totals();
  if (!words) return fail(words.error());
  if (!totals) return fail(totals.error());
  DemoComparison comparison{std::move(*words), *totals, {}};
  comparison.difference = firstDifference(comparison.words, words_);
  if (comparison.difference.empty() && totals->records != static_cast<std::int64_t>(lines_.size())) {
    comparison.difference = fmt::format("{} records instead of {}", totals->records, lines_.size());
  }
  return comparison;
}

Result<void> DemoStage::goOn() {
  if (interruptedBy_ == 0) interruptedBy_ = signals_.waitFor(0ms);
  if (interruptedBy_ == 0) return {};
  return fail(Code::kCancelled, "a signal asked for the end");
}

void DemoStage::end() {
  if (consumer_) consumer_->stop(10s);
  if (fake_) fake_->stop();
}

}  // namespace tidemill::cli

#include "cli/kill9.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/random.h"
#include "cli/child_process.h"
#include "cli/demo_consumer.h"
#include "cli/demo_text.h"
#include "cli/fake_process.h"
#include "cli/line_producer.h"
#include "cli/settings.h"
#include "cli/temporary_folder.h"
#include "cli/termination.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kTextBytesMin = 300'000;
constexpr std::size_t kPortionLines = 200;
constexpr auto kPatience = 60s;
// Of one life of the consumer before it is killed: from its start to well into its batches.
constexpr std::int64_t kLifeMsMax = 2'500;
constexpr std::uint64_t kKillsMax = 3;
constexpr int kShards = 3;

Error wrong(std::string what) {
  return Error(Code::kWrongResult, std::move(what), "see what the consumer said above");
}

class Kill9 {
 public:
  Kill9(const Kill9Options& options, TemporaryFolder folder)
      : options_(options), folder_(std::move(folder)), production_(log_), random_(options.seed) {}

  Result<Kill9Result> run() {
    auto lines = prepareText({}, kTextBytesMin, folder_.file("text"));
    if (!lines) return fail(lines.error());
    lines_ = std::move(*lines);
    auto words = countByShell(folder_.file("text"));
    if (!words) return fail(words.error());
    words_ = std::move(*words);
    auto fake = FakeProcess::start(ownProgram(), {"--seed", std::to_string(options_.seed)});
    if (!fake) return fail(fake.error());
    fake_.emplace(std::move(*fake));
    client_ =
        std::make_unique<kinesis::KinesisClient>(production_.env().loop, production_.env().http, random_,
                                                 production_.env().log, fake_->clientOptions());
    for (int number = 1; number <= options_.runs; ++number) {
      auto done = one(number);
      if (interruptedBy_ != 0) break;
      ++result_.runs;
      if (done) ++result_.exact;
      if (!done) {
        folder_.keep();
        printProgress(fmt::format("run {} of seed {}: {}; kept for a look: {}", number, options_.seed,
                                  done.error().message(), folder_.path()));
      }
    }
    result_.interruptedBy = interruptedBy_;
    fake_->stop();
    return result_;
  }

 private:
  Result<void> one(int number) {
    name_ = fmt::format("run-{}", number);
    state_ = folder_.file(name_);
    produced_ = 0;
    auto done = production_.block(client_->createStream(name_, kShards));
    if (done) done = awaitActive(production_, *client_, name_);
    if (!done) return done;
    producer_ = std::make_unique<LineProducer>(production_.env().loop, *client_, random_, name_);
    consumer_.emplace(command());
    const std::uint64_t kills = 1 + random_.below(kKillsMax);
    std::string moments;
    for (std::uint64_t kill = 0; kill < kills; ++kill) {
      done = consumer_->start();
      if (!done) return done;
      const std::chrono::milliseconds life(random_.between(1, kLifeMsMax));
      moments += fmt::format(" {}", life.count());
      done = live(life);
      if (!done) return done;
      consumer_->kill();
      ++result_.kills;
    }
    done = consumer_->start();
    if (done) done = awaitAllCounted();
    if (done) done = compare();
    printProgress(fmt::format("{}: killed after{} ms, {}", name_, moments, done ? "exact" : "NOT EXACT"));
    return done;
  }

  std::vector<std::string> command() const {
    std::vector<std::string> command = {ownProgram(), "count",     "--app",           name_,
                                        "--stream",   name_,       "--endpoint",      fake_->endpoint(),
                                        "--region",   "us-east-1", "--state",         state_,
                                        "--batch-ms", "300",       "--checkpoint-ms", "2000"};
    if (!options_.checkpointDirectory.empty()) {
      const std::string& url = options_.checkpointDirectory;
      const std::string own =
          url == "file:" ? "file:" + folder_.file("checkpoints-" + name_) : url + "/" + name_;
      command.insert(command.end(), {"--checkpoint-dir", own});
    }
    for (const std::string& setting : options_.settings) command.insert(command.end(), {"--set", setting});
    return command;
  }

  Result<void> goOn() {
    if (interruptedBy_ == 0) interruptedBy_ = signals_.waitFor(0ms);
    if (interruptedBy_ == 0) return {};
    return fail(Code::kCancelled, "a signal asked for the end");
  }

  // Text goes in while the consumer lives.
  Result<void> live(std::chrono::milliseconds life) {
    const Clock::time_point until = Clock::now() + life;
    while (Clock::now() < until) {
      auto done = goOn();
      if (done) done = producePortion();
      if (!done) return done;
      if (consumer_->ended()) return fail(wrong("the consumer ended by itself"));
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
      consumer_->hear(std::clamp<std::chrono::milliseconds>(left, 0ms, 20ms));
    }
    return {};
  }

  Result<void> producePortion() {
    const std::size_t until = std::min(lines_.size(), produced_ + kPortionLines);
    if (until == produced_) return {};
    std::vector<std::string> portion(lines_.begin() + static_cast<std::ptrdiff_t>(produced_),
                                     lines_.begin() + static_cast<std::ptrdiff_t>(until));
    produced_ = until;
    return production_.block(producer_->put(std::move(portion)));
  }

  Result<void> awaitAllCounted() {
    std::int64_t before = -1;
    Clock::time_point changed = Clock::now();
    for (;;) {  // Until all is counted, or nothing was for a minute.
      auto done = goOn();
      if (done) done = producePortion();
      if (!done) return done;
      consumer_->hear(20ms);
      if (consumer_->ended()) return fail(wrong("the consumer ended by itself"));
      auto totals = countsNow();
      if (!totals) return fail(totals.error());
      if (totals->records != before) changed = Clock::now();
      before = totals->records;
      // One that has only begun does not listen to signals yet.
      const bool counted = produced_ == lines_.size() && before >= static_cast<std::int64_t>(lines_.size());
      if (counted && consumer_->news().ready) break;
      if (Clock::now() - changed > kPatience)
        return fail(wrong(
            fmt::format("{} of {} records were counted, and no more for a minute", before, lines_.size())));
    }
    const int code = consumer_->stop(kPatience);
    if (code == 0) return {};
    return fail(wrong(fmt::format("the consumer ended with {} on SIGTERM", code)));
  }

  Result<std::unique_ptr<WordCountSink>> openSink() const {
    return WordCountSink::open(state_ + "/counts.db", name_, name_);
  }

  // A consumer that has just begun may not have made the file.
  Result<CountTotals> countsNow() {
    if (!std::filesystem::exists(state_ + "/counts.db")) return CountTotals{};
    auto sink = openSink();
    if (!sink) return fail(sink.error());
    return (*sink)->totals();
  }

  Result<void> compare() {
    auto sink = openSink();
    if (!sink) return fail(sink.error());
    auto ours = (*sink)->words();
    auto totals = (*sink)->totals();
    if (!ours) return fail(ours.error());
    if (!totals) return fail(totals.error());
    result_.records += totals->records;
    result_.duplicates += totals->duplicates;
    const std::string difference = firstDifference(*ours, words_);
    if (!difference.empty()) return fail(wrong("the counts differ: " + difference));
    if (totals->records != static_cast<std::int64_t>(lines_.size()))
      return fail(wrong(fmt::format("{} records instead of {}", totals->records, lines_.size())));
    return {};
  }

  const Kill9Options options_;
  TerminationSignals signals_;  // Before any thread.
  TemporaryFolder folder_;
  base::StderrLog log_;
  http::ProductionEnv production_;
  base::Random random_;
  std::vector<std::string> lines_;
  std::vector<WordCount> words_;
  std::optional<FakeProcess> fake_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::unique_ptr<LineProducer> producer_;
  std::optional<DemoConsumer> consumer_;
  std::string name_;
  std::string state_;
  std::size_t produced_ = 0;
  int interruptedBy_ = 0;
  Kill9Result result_;
};

}  // namespace

Fields Kill9Result::fields() const {
  return {{"kills", kills},
          {"records", records},
          {"duplicates dropped", duplicates},
          {"exact", fmt::format("{}/{}", exact, runs)}};
}

Result<Kill9Result> runKill9(const Kill9Options& options) {
  Conf conf;  // Only to refuse what the consumer would refuse later, and less readably.
  auto settings = applySettings(conf, options.settings);
  if (!settings) return fail(settings.error());
  auto folder = TemporaryFolder::make("kill9");
  if (!folder) return fail(folder.error());
  return Kill9(options, std::move(*folder)).run();
}

}  // namespace tidemill::cli

#include "cli/kill9.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/demo_stage.h"
#include "cli/settings.h"
#include "cli/temporary_folder.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kTextBytesMin = 300'000;
constexpr std::size_t kPortionLines = 200;
// Of one life of the consumer before it is killed: from its start to well into its batches.
constexpr std::int64_t kLifeMsMax = 2'500;
constexpr std::uint64_t kKillsMax = 3;
constexpr int kShards = 3;

class Kill9 {
 public:
  Kill9(const Kill9Options& options, TemporaryFolder folder)
      : options_(options),
        stage_({options.seed, options.checkpointDirectory, /*manyRuns=*/true, options.settings},
               std::move(folder)) {}

  Result<Kill9Result> run() {
    auto prepared = stage_.prepare({}, kTextBytesMin);
    if (prepared) prepared = stage_.startFake();
    if (!prepared) return fail(prepared.error());
    for (int number = 1; number <= options_.runs; ++number) {
      auto done = one(fmt::format("run-{}", number));
      if (stage_.interruptedBy() != 0) break;
      ++result_.runs;
      if (done) ++result_.exact;
      if (!done) {
        stage_.folder().keep();
        printProgress(fmt::format("run {} of seed {}: {}; kept for a look: {}", number, options_.seed,
                                  done.error().message(), stage_.folder().path()));
      }
    }
    result_.interruptedBy = stage_.interruptedBy();
    stage_.end();
    return result_;
  }

 private:
  Result<void> one(const std::string& name) {
    auto done = stage_.begin(
        {name, name, kShards, stage_.folder().file(name), {"--batch-ms", "300", "--checkpoint-ms", "2000"}});
    if (!done) return done;
    const std::uint64_t kills = 1 + stage_.random().below(kKillsMax);
    std::string moments;
    for (std::uint64_t kill = 0; kill < kills; ++kill) {
      done = stage_.startConsumer();
      if (!done) return done;
      const std::chrono::milliseconds life(stage_.random().between(1, kLifeMsMax));
      moments += fmt::format(" {}", life.count());
      done = live(life);
      if (!done) return done;
      stage_.killConsumer();
      ++result_.kills;
    }
    done = stage_.startConsumer();
    if (done) done = stage_.awaitAllCounted(kPortionLines);
    if (done) done = stage_.stopConsumer();
    if (done) done = compare();
    printProgress(fmt::format("{}: killed after{} ms, {}", name, moments, done ? "exact" : "NOT EXACT"));
    return done;
  }

  // Text goes in while the consumer lives.
  Result<void> live(std::chrono::milliseconds life) {
    const auto until = std::chrono::steady_clock::now() + life;
    for (;;) {  // Until the time is over.
      auto done = stage_.put(kPortionLines);
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (done) done = stage_.hearFor(std::clamp<std::chrono::milliseconds>(left, 0ms, 20ms));
      if (!done || left <= 0ms) return done;
    }
  }

  Result<void> compare() {
    auto comparison = stage_.compare();
    if (!comparison) return fail(comparison.error());
    result_.records += comparison->totals.records;
    result_.duplicates += comparison->totals.duplicates;
    if (comparison->difference.empty()) return {};
    return fail(Code::kWrongResult, "the counts differ: " + comparison->difference,
                "see what the consumer said above");
  }

  const Kill9Options options_;
  DemoStage stage_;
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

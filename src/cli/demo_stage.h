// cli/demo_stage.h: what the demo and kill9 play on: a text, a fake AWS, and a consumer that can be killed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "cli/demo_consumer.h"
#include "cli/demo_text.h"
#include "cli/fake_process.h"
#include "cli/line_producer.h"
#include "cli/temporary_folder.h"
#include "cli/termination.h"
#include "cli/word_count_sink.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "tidemill/result.h"

namespace tidemill::cli {

struct DemoStageOptions {
  // Of the fake AWS, and of what is drawn here.
  std::uint64_t seed = 1;
  // Url of a checkpoint directory; "file:" alone: in the folder; "s3:" or "hdfs:" alone: in a store that the
  // fake serves. Empty: none.
  std::string checkpointDirectory;
  // Each run has a directory of its own below that url.
  bool manyRuns = false;
  // Settings of the consumer, "key=value".
  std::vector<std::string> settings;
};

// One run of the consumer: the text goes into a stream of its own.
struct DemoRun {
  std::string application;
  std::string stream;
  int shards = 1;
  // Folder of the consumer's leases and counts.
  std::string state;
  // Further options of `tidemill count`.
  std::vector<std::string> options;
};

// What was counted, beside what there was to count.
struct DemoComparison {
  std::vector<WordCount> words;
  CountTotals totals;
  // In words for a person; empty: the counts are exact.
  std::string difference;
};

// Each step fails with kCancelled once a signal asks for the end, and with kWrongResult when the consumer
// does what it should not. Progress goes to standard error. On the main thread, which is the one that the
// child processes live with.
class DemoStage {
 public:
  DemoStage(DemoStageOptions options, TemporaryFolder folder);

  // The text as `prepareText` makes it; its words are counted by the shell.
  Result<void> prepare(const std::string& text, std::int64_t bytesMin);
  Result<void> startFake();
  // A stream with nothing in it, and a consumer that does not run yet.
  Result<void> begin(DemoRun run);

  // A life of the consumer begins, and is ready for signals where that is waited for.
  Result<void> startConsumer();
  Result<void> awaitReady();
  // SIGKILL.
  void killConsumer() { consumer_->kill(); }
  // Listens until it has said enough, for a minute at most.
  Result<void> hearUntil(const std::function<bool(const ConsumerNews&)>& enough, const char* what);
  // Listens for so long.
  Result<void> hearFor(std::chrono::milliseconds time);
  // Takes in all that was said meanwhile.
  void hearAll();
  // Puts further lines, so many at most.
  Result<void> put(std::size_t linesMax);
  // Puts what is left, `portion` lines at a time, until all is counted. kWrongResult if nothing was for a
  // minute.
  Result<void> awaitAllCounted(std::size_t portion);
  // By SIGTERM; it must end well.
  Result<void> stopConsumer();
  Result<DemoComparison> compare();

  Result<void> goOn();
  // SIGTERM or SIGINT, or 0.
  int interruptedBy() const { return interruptedBy_; }
  // Ends the processes that are left, the consumer first, so that it can still reach the fake.
  void end();

  TemporaryFolder& folder() { return folder_; }
  http::ProductionEnv& production() { return production_; }
  base::Random& random() { return random_; }
  kinesis::KinesisClient& client() { return *client_; }
  bool hasConsumer() const { return consumer_.has_value(); }
  const ConsumerNews& news() const { return consumer_->news(); }
  std::size_t lines() const { return lines_.size(); }
  std::size_t produced() const { return produced_; }
  // Called when something was heard or put.
  std::function<void()> onProgress = [] {};

 private:
  std::vector<std::string> checkpointOptions() const;
  Result<std::unique_ptr<WordCountSink>> openSink() const;
  Result<CountTotals> totals() const;

  const DemoStageOptions options_;
  TerminationSignals signals_;  // Before any thread.
  TemporaryFolder folder_;
  base::StderrLog log_;
  http::ProductionEnv production_;
  base::Random random_;
  std::vector<std::string> lines_;
  std::vector<WordCount> words_;
  std::optional<FakeProcess> fake_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  DemoRun run_;
  std::unique_ptr<LineProducer> producer_;
  std::optional<DemoConsumer> consumer_;
  std::size_t produced_ = 0;
  int interruptedBy_ = 0;
};

}  // namespace tidemill::cli

#include "our_consumer.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>

#include "cli/settings.h"
#include "cli/temporary_folder.h"
#include "served_data.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

Result<Conf> makeConf(const std::string& state, const std::vector<std::string>& settings) {
  Conf conf;
  // Memory that was never used is dear, the more so in a virtual machine; what is drained here fits into
  // less.
  conf.set("tidemill.memory.budget", "64m");
  conf.set("tidemill.kinesis.readBytesPerSecond", "0");
  conf.set("tidemill.kinesis.readCallsPerSecond", "0");
  conf.set("tidemill.kinesis.idleTimeBetweenReads", "200ms");
  conf.set("tidemill.state.directory", state);
  auto applied = cli::applySettings(conf, settings);
  if (!applied) return fail(applied.error());
  return conf;
}

// Waits until all is counted; fails when nothing was for a minute, or when the context ended by itself.
Result<void> awaitCounted(StreamingContext& context, const std::atomic<std::int64_t>& counted,
                          std::int64_t records) {
  std::int64_t before = -1;
  auto changed = std::chrono::steady_clock::now();
  while (counted < records) {
    if (context.awaitTerminationOrTimeout(50ms)) {
      auto end = context.awaitTermination();
      return end ? fail(Code::kWrongResult, "the context ended by itself") : end;
    }
    const auto now = std::chrono::steady_clock::now();
    if (counted != before) changed = now;
    before = counted;
    if (now - changed > kPatience) {
      return fail(Code::kTimeout, fmt::format("{} of {} records, and no more for a minute", before, records));
    }
  }
  return {};
}

}  // namespace

Result<Measured> consumeOurs(const std::string& endpoint, std::int64_t records,
                             const std::vector<std::string>& settings) {
  const auto state = cli::TemporaryFolder::make("bench");  // Lease rows of this run alone.
  if (!state) return fail(state.error());
  auto conf = makeConf(state->path(), settings);
  if (!conf) return fail(conf.error());
  std::atomic<std::int64_t> counted = 0;
  const Meter meter;
  StreamingContext context(*conf, Milliseconds(200));
  auto lines = KinesisUtils::createStream(context, "bench", kStream, endpoint, kRegion,
                                          InitialPositionInStream::TRIM_HORIZON, Seconds(10),
                                          StorageLevel::MEMORY_ONLY, kKey, kKey);
  lines.count().foreachRDD([&counted](const RDD<std::int64_t>& rdd) {
    for (const std::int64_t count : rdd.collect()) counted += count;
  });
  context.start();
  auto done = awaitCounted(context, counted, records);
  auto stopped = context.stop(true, true);
  if (!done) return fail(done.error());
  if (!stopped) return fail(stopped.error());
  Measured measured = meter.read();
  measured.records = counted;
  return measured;
}

}  // namespace tidemill::bench

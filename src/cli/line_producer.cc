#include "cli/line_producer.h"

#include <fmt/format.h>

#include <utility>

#include "rt/backoff.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEntriesMax = 500;
constexpr std::size_t kBytesMax = 4u << 20;
constexpr std::size_t kRecordMax = 10u << 20;
constexpr rt::Duration kPatience = 60s;

}  // namespace

rt::Task<Result<void>> LineProducer::put(std::vector<std::string> lines) {
  std::vector<kinesis::PutEntry> batch;
  std::size_t bytes = 0;
  for (std::string& line : lines) {
    if (line.size() > kRecordMax) {
      co_return fail(Code::kUsage,
                     fmt::format("a line of {} bytes; a record holds at most 10 MiB", line.size()),
                     "split it");
    }
    if (batch.size() == kEntriesMax || bytes + line.size() > kBytesMax) {
      if (!batch.empty()) {
        std::vector<kinesis::PutEntry> full = std::exchange(batch, {});
        auto done = co_await putBatch(std::move(full));
        if (!done) co_return fail(done.error());
      }
      bytes = 0;
    }
    bytes += line.size();
    batch.push_back({std::move(line), random_.uuid(), std::nullopt});
  }
  if (!batch.empty()) {
    auto done = co_await putBatch(std::move(batch));
    if (!done) co_return fail(done.error());
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LineProducer::putBatch(std::vector<kinesis::PutEntry> entries) {
  rt::Backoff backoff({.base = 50ms, .cap = 2s}, random_);
  rt::TimePoint progress = loop_.now();
  while (!entries.empty()) {  // Bounded by kPatience without progress.
    auto outcomes = co_await api_.putRecords(stream_, entries);
    if (!outcomes && !outcomes.error().retryable()) co_return fail(outcomes.error());
    std::vector<kinesis::PutEntry> refused;
    std::string reason = outcomes ? std::string() : outcomes.error().message();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (outcomes && (*outcomes)[i].errorCode.empty()) {
        ++totals_.records;
        totals_.bytes += static_cast<std::int64_t>(entries[i].data.size());
        continue;
      }
      if (outcomes) reason = (*outcomes)[i].errorMessage;
      refused.push_back(std::move(entries[i]));
    }
    if (refused.size() < entries.size()) {
      progress = loop_.now();
      backoff.reset();
    }
    entries = std::move(refused);
    if (entries.empty()) break;
    totals_.retried += static_cast<std::int64_t>(entries.size());
    if (loop_.now() - progress > kPatience) {
      co_return fail(
          Code::kThrottled,
          fmt::format("stream {}: {} records refused for a minute: {}", stream_, entries.size(), reason),
          "put more slowly, or give the stream more shards");
    }
    const rt::Duration delay = backoff.next();
    co_await loop_.sleepFor(delay);
  }
  co_return Result<void>();
}

}  // namespace tidemill::cli

// What it costs to take aggregated records apart, as a ratio to the MD5 of their messages by OpenSSL, one
// after the other: both run over the same bytes, in turn, so that the machine's moods hit both.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/random.h"
#include "codec/digest.h"
#include "codec/kpl_page.h"
#include "codec/test_kpl.h"

namespace tidemill::codec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPartsEach = 450;  // About 50 KB, which is what the producer library aims at.
constexpr std::size_t kRecords = 100;    // Of a page.

enum class Keys { kFew, kOwn, kHashed };

std::vector<PartPlan> partsOf(base::Random& random, Keys keys) {
  std::vector<PartPlan> parts(kPartsEach);
  for (PartPlan& part : parts) {
    part.data.resize(100);
    for (char& c : part.data) c = static_cast<char>(random.below(256));
    part.partitionKey = std::to_string(keys == Keys::kOwn ? random.below(1'000'000'000) : random.below(10));
    if (keys == Keys::kHashed) part.explicitHashKey = std::to_string(random.below(1'000'000'000));
  }
  return parts;
}

double secondsOf(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

void deaggregate(benchmark::State& state, Keys keys, const KplRules& rules, std::size_t records) {
  base::Random random(1);
  std::vector<OuterRecord> outer;
  for (std::size_t i = 0; i < records; ++i)
    outer.push_back({std::to_string(100 + i), aggregateOf(partsOf(random, keys))});
  const RecordsPage whole = kplPageOf(outer);
  Clock::duration hashing{};
  Clock::duration splitting{};
  for (auto _ : state) {
    const auto start = Clock::now();
    for (const Record& record : whole.records) {
      const std::string_view message = record.text().substr(4, record.data.size() - 20);
      benchmark::DoNotOptimize(md5(message));
    }
    const auto hashed = Clock::now();
    RecordsPage page = whole;
    const auto copied = Clock::now();
    splitAggregates(page, rules);
    benchmark::DoNotOptimize(page.records.data());
    const auto split = Clock::now();
    if (page.records.size() != records * kPartsEach) state.SkipWithError("parts are missing");
    hashing += hashed - start;
    splitting += split - copied;
    state.SetIterationTime(secondsOf(split - copied));
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.SetBytesProcessed(whole.payloadBytes * state.iterations());
  state.SetItemsProcessed(static_cast<std::int64_t>(records * kPartsEach) * state.iterations());
  state.counters["md5_bytes_per_second"] =
      static_cast<double>(whole.payloadBytes) * rounds / secondsOf(hashing);
  state.counters["ratio_to_md5"] = secondsOf(hashing) / secondsOf(splitting);
}

void measure(const char* name, Keys keys, const KplRules& rules, std::size_t records = kRecords) {
  benchmark::RegisterBenchmark(name, [keys, rules, records](benchmark::State& state) {
    deaggregate(state, keys, rules, records);
  })->UseManualTime();
}

[[maybe_unused]] const bool kRegistered = [] {
  measure("deaggregate/few_keys", Keys::kFew, {});
  measure("deaggregate/own_keys", Keys::kOwn, {});
  measure("deaggregate/few_keys/range", Keys::kFew, {.shard = HashRange{}});
  measure("deaggregate/own_keys/range", Keys::kOwn, {.shard = HashRange{}});
  measure("deaggregate/hash_keys/range", Keys::kHashed, {.shard = HashRange{}});
  // Alone in its page: nothing can be hashed beside its message.
  measure("deaggregate/few_keys/range/alone", Keys::kFew, {.shard = HashRange{}}, 1);
  measure("deaggregate/own_keys/range/alone", Keys::kOwn, {.shard = HashRange{}}, 1);
  return true;
}();

}  // namespace
}  // namespace tidemill::codec

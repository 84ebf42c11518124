// What reading records costs: the scan of an answer, base64, digests.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/test_pages.h"

namespace tidemill::codec {
namespace {

std::string payload(base::Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.below(256));
  return bytes;
}

PagePlan pageOf(std::size_t records, std::size_t recordBytes) {
  base::Random random(1);
  PagePlan plan;
  plan.nextShardIterator = "next";
  for (std::size_t i = 0; i < records; ++i) {
    std::string sequenceNumber = "49590338271490256608559692538361571095921575989136";
    sequenceNumber += std::to_string(588898 + i);
    plan.records.push_back({.sequenceNumber = std::move(sequenceNumber),
                            .milliseconds = 1'700'000'000'000,
                            .data = payload(random, recordBytes),
                            .partitionKey = std::to_string(i)});
  }
  return plan;
}

void countBytes(benchmark::State& state, std::size_t bytes, std::size_t records) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.SetItemsProcessed(static_cast<std::int64_t>(records) * state.iterations());
}

using Reader = Result<RecordsPage> (*)(std::shared_ptr<const Body>, const RecordsReadOptions&);

void readPages(benchmark::State& state, Reader reader, const std::string& answer) {
  const auto body = Body::copyOf(answer);
  const RecordsReadOptions options;
  std::size_t records = 0;
  for (auto _ : state) {
    auto page = reader(body, options);
    if (!page) {
      state.SkipWithError(page.error().what());
      return;
    }
    records = page->records.size();
    benchmark::DoNotOptimize(page->records.data());
  }
  countBytes(state, answer.size(), records);
}

void readCbor(benchmark::State& state) {
  readPages(state, readRecordsCbor, writeCbor(pageOf(static_cast<std::size_t>(state.range(0)), 1000)));
}
BENCHMARK(readCbor)->Name("readRecordsCbor")->Arg(1)->Arg(1000);

// Answers that lie in memory, not in the cache, as those do that have just come from a network.
void readColdCbor(benchmark::State& state) {
  constexpr std::size_t kBodies = 12;
  const std::string answer = writeCbor(pageOf(10'000, 1000));
  std::vector<std::shared_ptr<const Body>> bodies;
  for (std::size_t i = 0; i < kBodies; ++i) bodies.push_back(Body::copyOf(answer));
  std::size_t next = 0;
  for (auto _ : state) {
    auto page = readRecordsCbor(bodies[next], {});
    benchmark::DoNotOptimize(page->records.data());
    next = (next + 1) % kBodies;
  }
  countBytes(state, answer.size(), 10'000);
}
BENCHMARK(readColdCbor)->Name("readRecordsCbor/cold");

void readJson(benchmark::State& state) {
  readPages(state, readRecordsJson, writeJson(pageOf(static_cast<std::size_t>(state.range(0)), 1000)));
}
BENCHMARK(readJson)->Name("readRecordsJson")->Arg(1)->Arg(1000);

void decode(benchmark::State& state) {
  base::Random random(1);
  const std::string text = encodeBase64(payload(random, static_cast<std::size_t>(state.range(0))));
  std::string out(decodedBase64Max(text.size()), '\0');
  for (auto _ : state) benchmark::DoNotOptimize(decodeBase64(text, out.data()));
  countBytes(state, text.size(), 1);
}
BENCHMARK(decode)->Name("decodeBase64")->Arg(100)->Arg(100'000);

void hash(benchmark::State& state) {
  base::Random random(1);
  const std::string bytes = payload(random, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  countBytes(state, bytes.size(), 1);
}
BENCHMARK(hash)->Name("sha256")->Arg(100)->Arg(100'000);

}  // namespace
}  // namespace tidemill::codec

// What storing a block costs: sealing it with its content hash, and writing it as a frame, to no disk.
#include <benchmark/benchmark.h>

#include "block/block_builder.h"
#include "block/block_codec.h"
#include "block/frame_file.h"
#include "block/test_blocks.h"

namespace tidemill::block {
namespace {

// Takes every byte and keeps none.
class NoFile final : public rt::AppendFile {
 public:
  Result<void> append(std::string_view bytes) override {
    benchmark::DoNotOptimize(bytes.data());
    return {};
  }
  Result<void> sync() override { return {}; }
};

// 16 MB of records of 1 kB, in pages of a thousand.
std::vector<std::shared_ptr<const ShardPage>> pages() {
  std::vector<std::shared_ptr<const ShardPage>> result;
  for (int i = 0; i < 16; ++i) result.push_back(testPage("shard-a", 1000 * i, 1000 * i + 999, 1000));
  return result;
}

// Several `sets` of pages lie in memory, not in the cache, as those do that have just come from a network.
void appendAndSeal(benchmark::State& state, std::size_t sets) {
  std::vector<std::vector<std::shared_ptr<const ShardPage>>> all;
  while (all.size() < sets) all.push_back(pages());
  std::size_t next = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    BlockBuilder builder("input-0", {});
    for (const auto& page : all[next]) builder.add(page);
    next = (next + 1) % sets;
    const auto block = builder.seal();
    const auto image = BlockImage::of(block, BlockEncoding::kNone);
    FrameFile file(std::make_unique<NoFile>(), {.path = "none", .epoch = 1, .salt = 1});
    const auto appended = file.append(1, image->head(), image->body());
    if (!appended || !file.sync()) state.SkipWithError("the frame was not written");
    bytes += block->payloadBytes();
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK_CAPTURE(appendAndSeal, warm, 1)->Name("blockAppendAndSeal/1kB");
BENCHMARK_CAPTURE(appendAndSeal, cold, 12)->Name("blockAppendAndSeal/1kB/cold");

void seal(benchmark::State& state) {
  const auto all = pages();
  std::int64_t bytes = 0;
  for (auto _ : state) {
    BlockBuilder builder("input-0", {});
    for (const auto& page : all) builder.add(page);
    bytes += builder.seal()->payloadBytes();
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(seal)->Name("blockSeal/1kB");

}  // namespace
}  // namespace tidemill::block

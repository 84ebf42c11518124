// What the runtime costs: an await that is ready, and a turn of the loop.
#include <benchmark/benchmark.h>

#include "rt/task.h"
#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

Task<int> ready(int value) {
  co_return value;
}

Task<int> awaitMany(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await ready(1);
    sum += one;
  }
  co_return sum;
}

Task<int> yieldMany(Loop& loop, int count) {
  for (int i = 0; i < count; ++i) co_await loop.yield();
  co_return count;
}

void awaits(benchmark::State& state) {
  sim::SimLoop loop(1);
  for (auto _ : state) benchmark::DoNotOptimize(loop.run(awaitMany(1000)));
  state.SetItemsProcessed(1000 * state.iterations());
}
BENCHMARK(awaits)->Name("awaitReadyTask/1000");

void yields(benchmark::State& state) {
  sim::SimLoop loop(1);
  for (auto _ : state) benchmark::DoNotOptimize(loop.run(yieldMany(loop, 1000)));
  state.SetItemsProcessed(1000 * state.iterations());
}
BENCHMARK(yields)->Name("yield/1000");

}  // namespace
}  // namespace tidemill::rt

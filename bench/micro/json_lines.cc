// The main function of the micro benchmarks: prints each result as one JSON object on a line of its own.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>

namespace {

class JsonLines final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    (void)context;  // The machine is described by whoever keeps the numbers.
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        fmt::print(stderr, "bench: {} failed: {}\n", run.benchmark_name(), run.error_message);
        continue;
      }
      fmt::print("{{\"bench\":\"micro\",\"name\":\"{}\",\"ns\":{:.1f}", run.benchmark_name(),
                 nanoseconds(run));
      for (const auto& [name, counter] : run.counters) fmt::print(",\"{}\":{:.6g}", name, counter.value);
      fmt::print("}}\n");
    }
    std::fflush(stdout);
  }

 private:
  static double nanoseconds(const Run& run) {
    return run.GetAdjustedCPUTime() * 1e9 / benchmark::GetTimeUnitMultiplier(run.time_unit);
  }
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  JsonLines reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

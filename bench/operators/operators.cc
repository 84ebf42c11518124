// What operators cost: map → filter → reduceByKey over blocks in memory, beside a plain loop over the same
// bytes on the same thread, and what it takes to run a batch of many blocks: its job alone, and the engine.
#include <fmt/format.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "block/copied_block.h"
#include "block/memory_block_store.h"
#include "engine_batches.h"
#include "rt/thread_pool.h"
#include "stream/block_view.h"
#include "stream/task_retry.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/rdd.h"

namespace {

using namespace tidemill;
using Sum = std::pair<std::string, std::int64_t>;

// Runs tasks on the thread that calls, so that its processor time is that of the work.
class OneThread final : public TaskRunner {
 public:
  void run(std::size_t count, const std::function<void(std::size_t)>& task) override {
    for (std::size_t i = 0; i < count; ++i) task(i);
  }
};

// "user-01234 57 GET /…": a key, a number, and what nobody asks for.
std::string lineOf(base::Random& random, int keys, std::size_t bytes) {
  const std::uint64_t key = random.below(static_cast<std::uint64_t>(keys));
  const std::uint64_t number = random.below(100);
  std::string line = fmt::format("user-{:05d} {} GET /", key, number);
  line.resize(std::max(bytes, line.size()), 'x');
  return line;
}

Sum parsed(std::string_view line) {
  const std::size_t blank = line.find(' ');
  std::int64_t number = 0;
  std::from_chars(line.data() + blank + 1, line.data() + line.size(), number);
  return {std::string(line.substr(0, blank)), number};
}

bool wanted(const Sum& sum) {
  return sum.second % 4 != 0;
}

struct Data {
  std::vector<std::shared_ptr<const block::Block>> blocks;
  std::vector<std::shared_ptr<const detail::RecordBlock>> views;
  std::int64_t records = 0;
};

Data dataOf(int blocks, int recordsEach, int keys, std::size_t bytes) {
  base::Random random(7);
  Data data;
  for (int b = 0; b < blocks; ++b) {
    std::vector<std::string> lines;
    for (int i = 0; i < recordsEach; ++i) lines.push_back(lineOf(random, keys, bytes));
    std::vector<Record> records;
    for (const std::string& line : lines) {
      Record record;
      record.data = std::as_bytes(std::span(line));
      record.partitionKey = "key";
      record.sequenceNumber = "49590338271490256608559692538361571095921575989136588898";
      record.shardId = "shardId-000000000000";
      records.push_back(record);
    }
    auto block = block::copiedBlock(fmt::format("input-0-{}", b), "orders", records);
    data.records += block->recordCount();
    data.views.push_back(
        std::make_shared<stream::BlockView>(block->info(), std::make_shared<block::HeldBlock>(block)));
    data.blocks.push_back(std::move(block));
  }
  return data;
}

// What one would write without a library.
std::int64_t plainLoop(const Data& data) {
  std::unordered_map<std::string, std::int64_t> sums;
  for (const auto& block : data.blocks) {
    block->forEach([&](const Record& record) {
      Sum sum = parsed(record.text());
      if (wanted(sum)) sums[std::move(sum.first)] += sum.second;
    });
  }
  std::int64_t total = 0;
  // allow(check_determinism): a sum is the same in any order.
  for (const auto& [key, sum] : sums) total += sum;
  return total;
}

std::int64_t totalOf(const RDD<Sum>& sums) {
  const auto reduced = sums.filter(wanted).reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; });
  std::int64_t total = 0;
  for (const auto& [key, sum] : reduced.collect()) total += sum;
  return total;
}

template <class T, class Handler>
RDD<T> recordsOf(TaskRunner& runner, const Data& data, Handler handler) {
  using Node = detail::RecordsNode<T, Handler>;
  return RDD<T>(std::make_shared<Node>(
      runner, data.views, std::make_shared<const Handler>(std::move(handler)), nullptr, nullptr));
}

// As a stream without a messageHandler has it: each payload is copied into a string first.
std::int64_t overPayloads(TaskRunner& runner, const Data& data) {
  return totalOf(recordsOf<std::string>(runner, data, detail::CopyPayload()).map([](const std::string& line) {
    return parsed(line);
  }));
}

// With a messageHandler, which sees the bytes where they lie.
std::int64_t overViews(TaskRunner& runner, const Data& data) {
  const auto handler = [](const Record& record) { return parsed(record.text()); };
  return totalOf(recordsOf<Sum>(runner, data, handler));
}

double processorSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
double secondsOf(std::int64_t expected, Work work) {
  const double begin = processorSeconds();
  const std::int64_t total = work();
  const double seconds = processorSeconds() - begin;
  if (total == expected) return seconds;
  fmt::print(stderr, "bench: {} where {} was expected\n", total, expected);
  std::exit(1);
}

double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void throughput(const Data& data, int rounds) {
  OneThread runner;
  const std::int64_t expected = plainLoop(data);
  struct Variant {
    const char* name;
    std::function<std::int64_t()> work;
    std::vector<double> seconds = {};
    std::vector<double> ratios = {};
  };
  std::vector<Variant> variants = {{"messageHandler", [&] { return overViews(runner, data); }},
                                   {"payloads", [&] { return overPayloads(runner, data); }}};
  std::vector<double> plain;
  for (int round = 0; round < rounds; ++round) {
    plain.push_back(secondsOf(expected, [&] { return plainLoop(data); }));
    for (Variant& variant : variants) {
      variant.seconds.push_back(secondsOf(expected, variant.work));
      variant.ratios.push_back(plain.back() / variant.seconds.back());
    }
  }
  const auto rate = [&](const std::vector<double>& seconds) {
    return static_cast<double>(data.records) / medianOf(seconds);
  };
  for (const Variant& variant : variants) {
    fmt::print(
        "{{\"bench\":\"operators\",\"name\":\"map_filter_reduceByKey/{}\",\"records_per_second\":{:.0f},"
        "\"plain_records_per_second\":{:.0f},\"ratio\":{:.3f},\"ratio_least\":{:.3f},"
        "\"ratio_most\":{:.3f}}}\n",
        variant.name, rate(variant.seconds), rate(plain), medianOf(variant.ratios),
        *std::min_element(variant.ratios.begin(), variant.ratios.end()),
        *std::max_element(variant.ratios.begin(), variant.ratios.end()));
  }
  std::fflush(stdout);
}

// A job over many blocks that hold next to nothing: what is left is the engine's.
void scheduling(int rounds, int blocks) {
  const Data data = dataOf(blocks, 1, 1, 20);
  rt::ThreadPool workers(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())), "worker");
  stream::RetryingTaskRunner runner(workers, 4);
  std::vector<double> counted;
  std::vector<double> reduced;
  const auto wallOf = [](auto work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  for (int round = 0; round < rounds; ++round) {
    counted.push_back(wallOf([&] { recordsOf<std::string>(runner, data, detail::CopyPayload()).count(); }));
    reduced.push_back(wallOf([&] { overViews(runner, data); }));
  }
  const auto print = [&](const char* name, const std::vector<double>& wall) {
    fmt::print("{{\"bench\":\"operators\",\"name\":\"batch/{}/{}\",\"ms\":{:.3f},\"us_per_block\":{:.3f}}}\n",
               name, blocks, medianOf(wall), medianOf(wall) * 1000 / blocks);
  };
  print("count", counted);
  print("map_filter_reduceByKey", reduced);
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 9;
  int blocks = 64;
  int records = 4'000;
  int keys = 10'000;
  std::size_t bytes = 100;
  CLI::App app("What operators cost, beside a plain loop.");
  app.add_option("--rounds", rounds, "Rounds, of which the median counts")->check(CLI::Range(1, 1000));
  app.add_option("--blocks", blocks, "Blocks of the batch")->check(CLI::Range(1, 10'000));
  app.add_option("--records", records, "Records in each")->check(CLI::Range(1, 100'000));
  app.add_option("--keys", keys, "Different keys")->check(CLI::Range(1, 100'000));
  app.add_option("--bytes", bytes, "Bytes of a record")->check(CLI::Range(20, 100'000));
  CLI11_PARSE(app, argc, argv);

  throughput(dataOf(blocks, records, keys, bytes), rounds);
  scheduling(10 * rounds, 1'000);
  return bench::engineBatches(rounds, 1'000) ? 0 : 1;
}

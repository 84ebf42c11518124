// How fast lost blocks are rebuilt from Kinesis. Lines of the result: README.md beside.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "consume/polling_fetcher.h"
#include "consume/range_reader.h"
#include "fake/fake_aws.h"
#include "kinesis/hash_key.h"
#include "sim/workloads/test_account.h"
#include "sim/world.h"

namespace tidemill::bench {
namespace {

using namespace std::chrono_literals;

constexpr char kHost[] = "kinesis.us-east-1.amazonaws.com";
constexpr char kEndpoint[] = "https://kinesis.us-east-1.amazonaws.com";
constexpr char kStream[] = "bench";
constexpr std::size_t kRecordBytes = 1'000;
constexpr std::size_t kRecordsPerPut = 500;
constexpr std::int64_t kPortionBytes = 32 << 20;

struct Flags {
  int blocks = 1'000;
  int recordsPerBlock = 100;
  int shards = 1;
  int every = 1;
};

using Infos = std::vector<std::shared_ptr<const block::BlockInfo>>;

std::string shardId(int shard) {
  return fmt::format("shardId-{:012}", shard);
}

// Full shards, and the ranges of all that is in them.
class Lost {
 public:
  Lost(const Flags& flags, bool limits) : flags_(flags), aws_(options(limits)) {
    pace_ = limits ? consume::PaceOptions() : consume::PaceOptions{.callsPerSecond = 0, .bytesPerSecond = 0};
    paces_ = std::make_shared<consume::ShardPaces>(pace_);
    world_.net().faults().on = false;
    world_.net().serve(kHost, {.handle = [this](const http::Request& request,
                                                rt::WallTime now) { return answerTo(request, now); },
                               .throttled = {}});
    node_ = &world_.addNode("reader", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    const rt::Env& env = node_->env();
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log,
                                                       sim::testClient(kEndpoint));
    put();
    read();
  }

  struct Took {
    std::chrono::duration<double> virtually{};
    std::chrono::duration<double> really{};
    std::int64_t bytes = 0;
    std::int64_t records = 0;
    std::size_t blocks = 0;
    std::uint64_t calls = 0;
    std::uint64_t refused = 0;
  };
  Took rebuild() {
    world_.runFor(60s);  // Whatever was read before is forgotten.
    const rt::Env& env = node_->env();
    consume::RangeReader reader({env.loop, *client_, paces_, random_, env.log, env.faults}, {});
    Took took;
    const auto before = env.loop.now();
    const std::uint64_t callsBefore = world_.net().calls();
    const std::uint64_t refusedBefore = refused_;
    const auto start = std::chrono::steady_clock::now();
    for (auto& portion : consume::RangeReader::portionsOf(infos_, kPortionBytes)) {
      const std::size_t blocks = portion.size();
      auto rebuilt = world_.loop().run(reader.rebuild(std::move(portion)));
      TIDEMILL_CHECK(rebuilt && rebuilt->size() == blocks, "every block is rebuilt");
      took.blocks += blocks;
      for (const consume::RebuiltBlock& one : *rebuilt) {
        took.bytes += one.block->payloadBytes();
        took.records += one.block->recordCount();
      }
    }
    took.really = std::chrono::steady_clock::now() - start;
    took.calls = world_.net().calls() - callsBefore;
    took.refused = refused_ - refusedBefore;
    // Where reading goes on, the next call would be then.
    auto ended = env.loop.now();
    for (int shard = 0; shard < flags_.shards; ++shard)
      ended = std::max(ended, paces_->of(kStream, shardId(shard), env.loop.now())->reads.next());
    took.virtually = ended - before;
    return took;
  }

 private:
  static fake::FakeAwsOptions options(bool limits) {
    fake::FakeAwsOptions options;
    options.limits = limits;
    return options;
  }

  http::Response answerTo(const http::Request& request, rt::WallTime now) {
    http::Response response = aws_.handle(request, now).response;
    if (response.status != 200) ++refused_;
    return response;
  }

  void put() {
    TIDEMILL_CHECK(world_.loop().run(client_->createStream(kStream, flags_.shards)));
    world_.runFor(2s);
    const std::string payload(kRecordBytes - 10, 'x');
    const std::size_t records = static_cast<std::size_t>(flags_.blocks * flags_.recordsPerBlock);
    for (std::size_t done = 0; done < records; done += kRecordsPerPut) {
      std::vector<kinesis::PutEntry> entries;
      for (std::size_t i = done; i < std::min(done + kRecordsPerPut, records); ++i) {
        const auto shard = static_cast<kinesis::HashKey>(i % static_cast<std::size_t>(flags_.shards));
        const std::string inShard = kinesis::formatHashKey(
            kinesis::kHashKeyMax / static_cast<kinesis::HashKey>(flags_.shards) * shard + 1'000);
        entries.push_back({payload, fmt::format("{:010}", i), inShard});
      }
      auto outcomes = world_.loop().run(client_->putRecords(kStream, entries));
      TIDEMILL_CHECK(outcomes && outcomes->back().errorCode.empty(), "the shard takes the records");
      world_.runFor(1s);
    }
  }

  // As live reading does, with blocks of the same size: each has as many records of every shard.
  void read() {
    const rt::Env& env = node_->env();
    consume::PollingOptions polling;
    polling.pace = pace_;
    polling.recordsPerCall = flags_.recordsPerBlock / flags_.shards;
    auto budget = std::make_shared<block::MemoryBudget>(env.loop, std::int64_t{64} << 20);
    std::vector<std::unique_ptr<consume::PollingFetcher>> fetchers;
    for (int shard = 0; shard < flags_.shards; ++shard) {
      consume::ReadTask task{kStream, shardId(shard), {}};
      task.start.type = kinesis::IteratorPosition::Type::kTrimHorizon;
      fetchers.push_back(std::make_unique<consume::PollingFetcher>(
          consume::FetchContext{env.loop, *client_, budget, random_, env.log}, task, polling));
    }
    for (int blocks = 0; blocks < flags_.blocks; ++blocks) {
      std::vector<block::BlockSlice> slices;
      for (const auto& fetcher : fetchers) {
        auto page = nextPage(*fetcher);
        const std::size_t records = page->page.records.size();
        slices.push_back({std::move(page), 0, records});
      }
      const block::Block block("block-" + std::to_string(blocks), std::move(slices), {});
      if (blocks % flags_.every == 0) infos_.push_back(block.info());
    }
  }

  std::shared_ptr<const block::ShardPage> nextPage(consume::PollingFetcher& fetcher) {
    for (;;) {  // Pages between may be empty.
      auto fetched = world_.loop().run(fetcher.next());
      TIDEMILL_CHECK(fetched, "the shard can be read");
      if (fetched->page != nullptr) return fetched->page;
    }
  }

  const Flags flags_;
  fake::FakeAws aws_;
  std::uint64_t refused_ = 0;
  sim::World world_{1};
  base::Random random_{1};
  sim::Node* node_ = nullptr;
  std::unique_ptr<kinesis::KinesisClient> client_;
  consume::PaceOptions pace_;
  std::shared_ptr<consume::ShardPaces> paces_;
  Infos infos_;
};

void measure(const Flags& flags, bool limits) {
  Lost lost(flags, limits);
  const Lost::Took took = lost.rebuild();
  const double megabytes = static_cast<double>(took.bytes) / 1e6;
  const double seconds = (limits ? took.virtually : took.really).count();
  const double limit = flags.shards * static_cast<double>(consume::PaceOptions().bytesPerSecond) / 1e6;
  const std::string ratio = limits ? fmt::format(",\"ratio\":{:.3f}", megabytes / seconds / limit) : "";
  fmt::print(
      "{{\"bench\":\"recovery\",\"case\":\"{}\",\"blocks\":{},\"shards\":{},\"records\":{},\"megabytes\":{:."
      "1f},"
      "\"calls\":{},\"refused\":{},\"clock\":\"{}\",\"seconds\":{:.3f},\"mb_per_s\":{:.2f}{}}}\n",
      limits ? "limited" : "unlimited", took.blocks, flags.shards, took.records, megabytes, took.calls,
      took.refused, limits ? "virtual" : "real", seconds, megabytes / seconds, ratio);
  std::fflush(stdout);
}

}  // namespace
}  // namespace tidemill::bench

int main(int argc, char** argv) {
  tidemill::bench::Flags flags;
  CLI::App app("Rebuilds lost blocks from the fake Kinesis.");
  app.add_option("--blocks", flags.blocks, "How many")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--records", flags.recordsPerBlock, "In each")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--every", flags.every, "One of so many is lost")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--shards", flags.shards, "Over which the records of each block are spread")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  tidemill::bench::measure(flags, true);
  tidemill::bench::measure(flags, false);
  return 0;
}

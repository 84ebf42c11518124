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
#include "sim/workloads/test_account.h"
#include "sim/world.h"

namespace tidemill::bench {
namespace {

using namespace std::chrono_literals;

constexpr char kHost[] = "kinesis.us-east-1.amazonaws.com";
constexpr char kEndpoint[] = "https://kinesis.us-east-1.amazonaws.com";
constexpr char kStream[] = "bench";
constexpr char kShard[] = "shardId-000000000000";
constexpr std::size_t kRecordBytes = 1'000;
constexpr std::size_t kRecordsPerPut = 500;
constexpr std::int64_t kPortionBytes = 32 << 20;

struct Flags {
  int blocks = 1'000;
  int recordsPerBlock = 100;
};

using Infos = std::vector<std::shared_ptr<const block::BlockInfo>>;

// A full shard, and the ranges of all that is in it.
class Lost {
 public:
  Lost(const Flags& flags, bool limits) : flags_(flags), aws_(options(limits)) {
    pace_ = limits ? consume::PaceOptions() : consume::PaceOptions{.callsPerSecond = 0, .bytesPerSecond = 0};
    paces_ = std::make_shared<consume::ShardPaces>(pace_);
    world_.net().faults().on = false;
    world_.net().serve(kHost,
                       {.handle = [this](const http::Request& request,
                                         rt::WallTime now) { return aws_.handle(request, now).response; },
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
  };
  Took rebuild() {
    world_.runFor(60s);  // Whatever was read before is forgotten.
    const rt::Env& env = node_->env();
    consume::RangeReader reader({env.loop, *client_, paces_, random_, env.log, env.faults}, {});
    Took took;
    const auto before = env.loop.now();
    const auto start = std::chrono::steady_clock::now();
    for (auto& portion : consume::RangeReader::portionsOf(infos_, kPortionBytes)) {
      const std::size_t blocks = portion.size();
      auto rebuilt = world_.loop().run(reader.rebuild(std::move(portion)));
      TIDEMILL_CHECK(rebuilt && rebuilt->size() == blocks, "every block is rebuilt");
      for (const consume::RebuiltBlock& one : *rebuilt) {
        took.bytes += one.block->payloadBytes();
        took.records += one.block->recordCount();
      }
    }
    took.really = std::chrono::steady_clock::now() - start;
    // Where reading goes on, the next call would be then.
    const auto ended = std::max(env.loop.now(), paces_->of(kStream, kShard, env.loop.now())->reads.next());
    took.virtually = ended - before;
    return took;
  }

 private:
  static fake::FakeAwsOptions options(bool limits) {
    fake::FakeAwsOptions options;
    options.limits = limits;
    return options;
  }

  void put() {
    TIDEMILL_CHECK(world_.loop().run(client_->createStream(kStream, 1)));
    world_.runFor(2s);
    const std::string payload(kRecordBytes - 10, 'x');
    const std::size_t records = static_cast<std::size_t>(flags_.blocks * flags_.recordsPerBlock);
    for (std::size_t done = 0; done < records; done += kRecordsPerPut) {
      std::vector<kinesis::PutEntry> entries;
      for (std::size_t i = done; i < std::min(done + kRecordsPerPut, records); ++i) {
        entries.push_back({payload, fmt::format("{:010}", i), std::nullopt});
      }
      auto outcomes = world_.loop().run(client_->putRecords(kStream, entries));
      TIDEMILL_CHECK(outcomes && outcomes->back().errorCode.empty(), "the shard takes the records");
      world_.runFor(1s);
    }
  }

  // As live reading does, with blocks of the same size.
  void read() {
    const rt::Env& env = node_->env();
    consume::ReadTask task{kStream, kShard, {}};
    task.start.type = kinesis::IteratorPosition::Type::kTrimHorizon;
    consume::PollingOptions polling;
    polling.pace = pace_;
    polling.recordsPerCall = flags_.recordsPerBlock;
    auto budget = std::make_shared<block::MemoryBudget>(env.loop, std::int64_t{64} << 20);
    consume::PollingFetcher fetcher({env.loop, *client_, std::move(budget), random_, env.log}, task, polling);
    while (infos_.size() < static_cast<std::size_t>(flags_.blocks)) {
      auto fetched = world_.loop().run(fetcher.next());
      TIDEMILL_CHECK(fetched, "the shard can be read");
      if (fetched->page == nullptr) continue;
      const std::size_t records = fetched->page->page.records.size();
      const block::Block block("block-" + std::to_string(infos_.size()), {{fetched->page, 0, records}}, {});
      infos_.push_back(block.info());
    }
  }

  const Flags flags_;
  fake::FakeAws aws_;
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
  const double limit = static_cast<double>(consume::PaceOptions().bytesPerSecond) / 1e6;
  const std::string ratio = limits ? fmt::format(",\"ratio\":{:.3f}", megabytes / seconds / limit) : "";
  fmt::print(
      "{{\"bench\":\"recovery\",\"case\":\"{}\",\"blocks\":{},\"records\":{},\"megabytes\":{:.1f},"
      "\"clock\":\"{}\",\"seconds\":{:.3f},\"mb_per_s\":{:.2f}{}}}\n",
      limits ? "limited" : "unlimited", flags.blocks, took.records, megabytes, limits ? "virtual" : "real",
      seconds, megabytes / seconds, ratio);
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
  CLI11_PARSE(app, argc, argv);
  tidemill::bench::measure(flags, true);
  tidemill::bench::measure(flags, false);
  return 0;
}

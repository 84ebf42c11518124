// How long a range of hash keys is not delivered when its shard is split, or merged with its neighbour.
//
// Consumers as users write them, with leases in DynamoDB, against `tidemill fake`; records come all the time.
// Lines of the result: README.md beside.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "cli/fake_process.h"
#include "cli/output.h"
#include "delivery_log.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "tidemill/consumer.h"

namespace tidemill::bench {
namespace {

using namespace std::chrono_literals;

constexpr char kStream[] = "bench";
// The middle of all hash keys.
constexpr char kMiddle[] = "170141183460469231731687303715884105728";
constexpr auto kPatience = 60s;

struct Flags {
  int runs = 20;
  int workers = 1;
  int idleMs = 1000;
};

class Handler final : public ShardHandler {
 public:
  explicit Handler(DeliveryLog& log) : log_(log) {}
  Outcome processRecords(const RecordBatch& batch, Checkpointer&) override {
    if (!batch.records.empty()) log_.delivered(std::string(batch.shardId));
    return Outcome::ok();
  }

 private:
  DeliveryLog& log_;
};

// What was not delivered for how long, in milliseconds, over all runs.
struct Pauses {
  std::vector<double> pause;
  // Between two deliveries of the parent.
  std::vector<double> poll;

  void add(const std::vector<Deliveries>& parents, const std::vector<Deliveries>& children) {
    const auto byLast = [](const Deliveries& a, const Deliveries& b) { return a.last < b.last; };
    const auto byFirst = [](const Deliveries& a, const Deliveries& b) { return a.first < b.first; };
    const Deliveries& parent = *std::max_element(parents.begin(), parents.end(), byLast);
    const Deliveries& child = *std::max_element(children.begin(), children.end(), byFirst);
    pause.push_back(milliseconds(child.first - parent.last));
    if (parent.batches > 1) poll.push_back(milliseconds(parent.last - parent.first) / (parent.batches - 1));
  }
  static double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  }
};

std::string spread(std::vector<double> values) {
  if (values.empty()) return "null";
  std::sort(values.begin(), values.end());
  return fmt::format("{{\"min\":{:.0f},\"median\":{:.0f},\"max\":{:.0f}}}", values.front(),
                     values[values.size() / 2], values.back());
}

class Bench {
 public:
  Bench(base::LogSink& log, const Flags& flags) : flags_(flags), production_(log), random_(1) {}
  ~Bench() {
    if (client_ != nullptr) production_.onControlLane([this] { client_.reset(); });
  }

  Result<void> run() {
    auto ready = start();
    if (!ready) return ready;
    for (int i = 0; i < flags_.workers; ++i) {
      consumers_.push_back(std::make_unique<Consumer>(
          optionsOf(i), [this](const std::string&) { return std::make_unique<Handler>(log_); }));
      consumers_.back()->start();
    }
    std::atomic<bool> stop = false;
    std::optional<Error> putFailure;
    std::thread producer([&] { putFailure = putUntil(stop); });
    auto done = reshardAll();
    stop = true;
    producer.join();
    for (const auto& consumer : consumers_) consumer->requestStop();
    for (const auto& consumer : consumers_) {
      auto end = consumer->awaitTermination();
      if (done && !end) done = end;
    }
    if (done && putFailure) return fail(*putFailure);
    return done;
  }

 private:
  Result<void> start() {
    const auto bin = std::filesystem::path(cli::ownProgram()).parent_path();
    auto fake = cli::FakeProcess::start((bin.parent_path() / "tidemill").string(), {"--limits", "off"});
    if (!fake) return fail(fake.error());
    fake_.emplace(std::move(*fake));
    const rt::Env& env = production_.env();
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log,
                                                       fake_->clientOptions());
    auto created = production_.block(client_->createStream(kStream, 1));
    if (!created) return created;
    return cli::awaitActive(production_, *client_, kStream);
  }

  ConsumerOptions optionsOf(int worker) const {
    ConsumerOptions options;
    options.applicationName = "bench";
    options.streamName = kStream;
    options.workerId = fmt::format("worker-{}", worker);
    options.kinesisEndpoint = fake_->endpoint();
    options.dynamoDbEndpoint = fake_->endpoint();
    options.regionName = "us-east-1";
    options.credentials = AwsCredentials("test", "test");
    options.leaseStore = LeaseStoreKind::kDynamoDb;
    options.initialPosition = KinesisInitialPosition::TrimHorizon();
    options.idleTimeBetweenReads = std::chrono::milliseconds(flags_.idleMs);
    return options;
  }

  // A few records each 10 ms, all over the hash keys.
  std::optional<Error> putUntil(const std::atomic<bool>& stop) {
    for (std::uint64_t number = 0; !stop; number += 4) {
      std::vector<kinesis::PutEntry> entries;
      for (std::uint64_t i = number; i < number + 4; ++i) {
        entries.push_back({std::to_string(i), std::to_string(i), std::nullopt});
      }
      auto put = production_.block(client_->putRecords(kStream, entries));
      if (!put) return put.error();
      std::this_thread::sleep_for(10ms);
    }
    return std::nullopt;
  }

  Result<void> reshardAll() {
    Pauses splits;
    Pauses merges;
    std::string whole = "shardId-000000000000";
    for (int i = 0; i < flags_.runs; ++i) {
      auto halves = reshard({whole}, 2, splits);
      if (!halves) return fail(halves.error());
      auto merged = reshard(*halves, 1, merges);
      if (!merged) return fail(merged.error());
      whole = merged->front();
    }
    print("split", splits);
    print("merge", merges);
    return {};
  }

  // Splits one shard or merges two. Gives the new shards.
  Result<std::vector<std::string>> reshard(const std::vector<std::string>& parents, std::size_t children,
                                           Pauses& into) {
    for (const std::string& parent : parents) {
      if (!log_.awaitFirst(parent, kPatience)) return fail(notDelivered(parent));
    }
    // Not in step with the consumer's own rhythm.
    std::this_thread::sleep_for(3s + std::chrono::milliseconds(random_.below(1000)));
    auto active = cli::awaitActive(production_, *client_, kStream);
    if (!active) return fail(active.error());
    auto done = parents.size() == 1
                    ? production_.block(client_->splitShard(kStream, parents[0], kMiddle))
                    : production_.block(client_->mergeShards(kStream, parents[0], parents[1]));
    if (!done) return fail(done.error());
    auto made = awaitChildren(parents[0], children);
    if (!made) return made;
    std::vector<Deliveries> after;
    for (const std::string& child : *made) {
      const auto delivered = log_.awaitFirst(child, kPatience);
      if (!delivered) return fail(notDelivered(child));
      after.push_back(*delivered);
    }
    std::vector<Deliveries> before;
    for (const std::string& parent : parents) before.push_back(log_.of(parent));
    into.add(before, after);
    return made;
  }

  Result<std::vector<std::string>> awaitChildren(const std::string& parent, std::size_t count) {
    const auto until = Clock::now() + kPatience;
    while (Clock::now() < until) {
      auto shards = production_.block(kinesis::listAllShards(*client_, kStream));
      if (!shards) return fail(shards.error());
      std::vector<std::string> children;
      for (const kinesis::Shard& shard : *shards) {
        if (shard.parentShardId == parent) children.push_back(shard.shardId);
      }
      if (children.size() == count) return children;
      std::this_thread::sleep_for(50ms);
    }
    return fail(Code::kTimeout, parent + " has no children");
  }

  static Error notDelivered(const std::string& shardId) {
    return Error(Code::kTimeout, shardId + " is not delivered", "see the log above");
  }

  void print(const char* name, const Pauses& pauses) const {
    fmt::print(
        "{{\"bench\":\"reshard\",\"name\":\"{}\",\"runs\":{},\"workers\":{},\"idle_ms\":{},\"pause_ms\":{},"
        "\"poll_ms\":{}}}\n",
        name, flags_.runs, flags_.workers, flags_.idleMs, spread(pauses.pause), spread(pauses.poll));
  }

  const Flags flags_;
  http::ProductionEnv production_;
  base::Random random_;
  std::optional<cli::FakeProcess> fake_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  DeliveryLog log_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
};

int run(int argc, char** argv) {
  Flags flags;
  CLI::App app("Splits and merges shards under consumers, and measures the pause");
  app.add_option("--runs", flags.runs, "Splits, and merges")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  app.add_option("--workers", flags.workers, "Consumers")->check(CLI::Range(1, 8))->capture_default_str();
  app.add_option("--idle-ms", flags.idleMs, "Wait after an empty read")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    base::StderrLog log(base::Severity::kWarning);
    Bench bench(log, flags);
    auto done = bench.run();
    return done ? 0 : cli::printError(done.error());
  } catch (const Error& error) {
    return cli::printError(error);
  }
}

}  // namespace
}  // namespace tidemill::bench

int main(int argc, char** argv) {
  return tidemill::bench::run(argc, argv);
}

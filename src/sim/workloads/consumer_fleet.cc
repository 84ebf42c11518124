#include "sim/workloads/consumer_fleet.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "consume/consumer_seams.h"
#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/nemesis.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/happened.h"
#include "sim/workloads/stream_producer.h"
#include "sim/workloads/test_account.h"
#include "sim/workloads/usual_world.h"
#include "sim/world.h"
#include "tidemill/consumer.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kFleetPatience = 300s;
constexpr std::array kNodes = {"anna", "bert", "cleo"};

// What outlives the crashes of all: the lease table, the sink, and what handlers did.
struct Durable {
  std::shared_ptr<lease::MemoryLeaseTables> tables = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> leases = tables->at("app", kStream);
  std::unique_ptr<DeliveryChecker> checker;
  std::uint64_t thrown = 0;
  std::uint64_t retried = 0;
  std::uint64_t deadLettered = 0;
  std::uint64_t leasesLost = 0;
  std::uint64_t shutdowns = 0;
};

std::vector<Delivered> copyOf(std::span<const Record> records) {
  std::vector<Delivered> copies;
  copies.reserve(records.size());
  for (const Record& record : records) {
    copies.push_back(
        {std::string(record.shardId), std::string(record.sequenceNumber), std::string(record.text())});
  }
  return copies;
}

// Commits each batch in one step, before or after it fails in some way.
class FailingHandler final : public ShardHandler {
 public:
  FailingHandler(rt::Env& env, Durable& durable) : env_(env), durable_(durable) {}

  Outcome initialize(const ShardInfo&) override {
    fail("handler.initialize");
    return Outcome::ok();
  }
  Outcome processRecords(const RecordBatch& batch, Checkpointer& checkpointer) override {
    fail("handler.before");
    if (env_.faults.fires("handler.dead_letter")) {
      // The order of the shard is kept: what is left to the dead letters is not committed here.
      std::vector<std::size_t> all(batch.records.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      return Outcome::deadLetter(std::move(all), "drawn");
    }
    if (env_.faults.fires("handler.half")) {
      const auto half = batch.records.first((batch.records.size() + 1) / 2);
      durable_.checker->onCommit(copyOf(half));
      // Refused if the lease is lost, which is fine.
      static_cast<void>(checkpointer.checkpoint(half.back()));
      ++durable_.retried;
      return Outcome::retryAfter(500ms, "drawn: half of it");
    }
    durable_.checker->onCommit(copyOf(batch.records));
    fail("handler.after");
    return Outcome::ok();
  }
  void leaseLost() override { ++durable_.leasesLost; }
  Outcome shardEnded(Checkpointer&) override {
    fail("handler.ended");
    return Outcome::ok();
  }
  Outcome shutdownRequested(Checkpointer&) override {
    ++durable_.shutdowns;
    return Outcome::ok();
  }

 private:
  void fail(std::string_view point) {
    if (!env_.faults.fires(point)) return;
    ++durable_.thrown;
    throw std::runtime_error("drawn");
  }

  rt::Env& env_;
  Durable& durable_;
};

class ConsumerProgram final : public NodeProgram {
 public:
  ConsumerProgram(rt::Env& env, Durable& durable, const std::string& worker)
      : leases_(env, durable.tables),
        seams_{env, leases_, testEnvironment()},
        consumer_(seams_, settings(env, durable, worker), [&env, &durable](const std::string&) {
          return std::make_unique<FailingHandler>(env, durable);
        }) {
    consumer_.start();
  }

  bool stopped() const { return consumer_.state() == ConsumerState::kStopped; }
  void requestStop() { consumer_.requestStop(); }

 private:
  static ConsumerOptions settings(rt::Env& env, Durable& durable, const std::string& worker) {
    ConsumerOptions options;
    options.applicationName = "app";
    options.streamName = kStream;
    options.workerId = worker;
    options.kinesisEndpoint = kEndpoint;
    options.initialPosition = KinesisInitialPosition::TrimHorizon();
    options.failoverTime = 5s;
    options.leaseScanInterval = 2s;
    options.memoryBudget = 4 << 20;
    options.maxPendingBatches = 2;
    options.maxPendingBytes = 64 << 10;
    options.exceptionRetriesMax = 1'000'000;
    options.exceptionBackoffCap = 2s;
    options.shutdownGrace = 5s;
    options.deadLetters = [&env, &durable](const DeadLetters& letters) -> Result<void> {
      if (env.faults.fires("handler.before")) throw std::runtime_error("drawn");
      durable.checker->onCommit(copyOf(letters.records));
      durable.deadLettered += letters.records.size();
      return {};
    };
    return options;
  }

  lease::MemoryLeaseStoreFactory leases_;
  const consume::ConsumerSeams seams_;
  Consumer consumer_;
};

// Starts a consumer again that has ended, and ends it gracefully now and then, as a deployment would.
rt::Task<void> deploy(World& world, Node& node, std::uint64_t seed) {
  base::Random random(seed);
  rt::TimePoint nextStop = world.loop().now() + std::chrono::seconds(random.between(20, 60));
  for (;;) {  // As long as the world.
    co_await world.loop().sleepFor(500ms);
    auto* program = static_cast<ConsumerProgram*>(node.program());
    if (program == nullptr) continue;
    if (world.faultsOn() && world.loop().now() >= nextStop) {
      nextStop = world.loop().now() + std::chrono::seconds(random.between(20, 60));
      program->requestStop();
    }
    if (!program->stopped()) continue;
    node.crash(CrashKind::kExit);
    co_await world.loop().sleepFor(500ms);
    if (!node.up()) node.restart();
  }
}

WorldOptions worldFor(const WorkloadOptions& options) {
  WorldOptions world = usualWorld(options);
  world.faults.rates = {{"lease.lost_request", 10'000},  {"lease.lost_response", 20'000},
                        {"handler.initialize", 100'000}, {"handler.before", 30'000},
                        {"handler.after", 30'000},       {"handler.half", 30'000},
                        {"handler.dead_letter", 30'000}, {"handler.ended", 300'000}};
  return world;
}

void addConsumers(World& world, Durable& durable, std::uint64_t seed, bool faults) {
  std::uint64_t salt = seed;
  for (const char* name : kNodes) {
    Node& node = world.addNode(name, [&durable, name](rt::Env& env) {
      return std::make_unique<ConsumerProgram>(env, durable, name);
    });
    world.spawn(deploy(world, node, ++salt));
    if (!faults) continue;
    world.spawn(crashNemesis(world, node, {}));
    world.spawn(stallNemesis(world, node, {20s, 60s}, {100ms, 15s}));
    world.spawn(clockNemesis(world, node, {10s, 60s}, 600'000ms));
  }
}

Happened withHandlers(Happened happened, const Durable& durable) {
  happened["handler_exceptions"] = durable.thrown;
  happened["handler_retries"] = durable.retried;
  happened["dead_letters"] = durable.deadLettered;
  happened["leases_lost"] = durable.leasesLost;
  happened["shutdowns"] = durable.shutdowns;
  return happened;
}

SeedOutcome runConsumerFleet(std::uint64_t seed, const WorkloadOptions& options) {
  World world(seed, worldFor(options));
  fake::FakeAws service(usualService(seed, options));
  Durable durable;
  durable.checker = std::make_unique<DeliveryChecker>(world, service.kinesis(), kStream);
  watchCheckpoints(*durable.leases, *durable.checker);
  serve(world, kHost, service);
  bool produced = false;
  addProducer(world, {.endpoint = kEndpoint, .stream = kStream, .time = options.time}, produced);
  addConsumers(world, durable, seed, options.faults);

  world.runFor(options.time);
  catchUp(world, service, produced, *durable.checker, kFleetPatience, "not every record was processed");
  Happened happened = withHandlers(happenedIn(world, service.kinesis()), durable);
  SeedOutcome outcome = outcomeOf(world);
  outcome.happened = std::move(happened);
  return outcome;
}

}  // namespace

Workload consumerFleetWorkload() {
  Workload workload;
  workload.name = "consumer_fleet";
  workload.summary =
      "three consumers share 4 shards, handlers fail, leases move: every record in order, none skipped";
  workload.bugs = {"failed-batch-skipped", "failed-tail-sealed"};
  workload.run = runConsumerFleet;
  return workload;
}

}  // namespace tidemill::sim

#include "sim/workloads/word_count.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/nemesis.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/drawn_start.h"
#include "sim/workloads/happened.h"
#include "sim/workloads/stream_producer.h"
#include "sim/workloads/test_account.h"
#include "sim/workloads/usual_world.h"
#include "sim/world.h"
#include "stream/seams.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kCountPatience = 300s;

// By how much a worker may take the tip of the stream for older than it is: the service's Date has whole
// seconds.
constexpr std::chrono::milliseconds kTipTolerance = 2s;

// What outlives the worker's crashes: the lease table and the sink.
struct Durable {
  // LATEST is fixed by the first lease row that is stored. Called often, so that little time passes between.
  void noteTip(rt::WallTime now) {
    if (checker->start().owedFrom || leases->rows.empty()) return;
    checker->setStart({.earliest = checker->start().earliest, .owedFrom = now});
  }

  std::shared_ptr<lease::MemoryLeaseTables> tables = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> leases = tables->at("app", kStream);
  std::unique_ptr<DeliveryChecker> checker;
};

// The user's program: the production engine with a sink that commits in one step.
class Worker final : public NodeProgram {
 public:
  Worker(rt::Env& env, Durable& durable, KinesisInitialPosition position)
      : leases_(env, durable.tables),
        seams_{env, leases_, testEnvironment()},
        context_(seams_, settings(), Seconds(1)) {
    const auto copy = [](const Record& record) {
      return Delivered{std::string(record.shardId), std::string(record.sequenceNumber),
                       std::string(record.text())};
    };
    auto records = KinesisUtils::createStream(context_, "app", kStream, kEndpoint, "us-east-1", position,
                                              Seconds(2), StorageLevel::MEMORY_ONLY, copy);
    records.foreachRDD([&env, &durable](const RDD<Delivered>& rdd) {
      if (env.faults.fires("output.before")) throw std::runtime_error("drawn: before the commit");
      durable.checker->onCommit(rdd.collect());
      if (env.faults.fires("output.after")) throw std::runtime_error("drawn: after the commit");
    });
    context_.start();
  }

  bool stopped() const { return context_.getState() == StreamingContextState::STOPPED; }

 private:
  static Conf settings() {
    Conf conf;
    conf.set("tidemill.state.directory", "state").set("tidemill.worker.id", "worker");
    conf.set("tidemill.memory.budget", "4m");
    return conf;
  }

  lease::MemoryLeaseStoreFactory leases_;
  const stream::Seams seams_;
  StreamingContext context_;
};

// Starts the worker again when its context has given up, as systemd would.
rt::Task<void> superviseWorker(World& world, Node& node) {
  for (;;) {  // As long as the world.
    co_await world.loop().sleepFor(500ms);
    const auto* worker = static_cast<const Worker*>(node.program());
    if (worker == nullptr || !worker->stopped()) continue;
    node.crash(CrashKind::kExit);
    co_await world.loop().sleepFor(500ms);
    if (!node.up()) node.restart();
  }
}

WorldOptions worldFor(const WorkloadOptions& options) {
  WorldOptions world = usualWorld(options);
  world.faults.rates = {{"lease.lost_request", 10'000},
                        {"lease.lost_response", 20'000},
                        {"output.before", 20'000},
                        {"output.after", 20'000}};
  return world;
}

DeliveryStart owedAt(const DrawnStart& start, rt::WallTime now) {
  switch (start.position.kind()) {
    case KinesisInitialPosition::Kind::kTrimHorizon:
      return {};
    case KinesisInitialPosition::Kind::kAtTimestamp:
      return {.earliest = start.position.timestamp(), .owedFrom = start.position.timestamp()};
    case KinesisInitialPosition::Kind::kLatest:
      return {.earliest = now - kTipTolerance, .owedFrom = std::nullopt};
  }
  return {};
}

void spawnNemeses(World& world, Node& worker) {
  world.spawn(crashNemesis(world, worker, {}));
  world.spawn(stallNemesis(world, worker, {20s, 60s}, {100ms, 15s}));
  world.spawn(clockNemesis(world, worker, {10s, 60s}, 600'000ms));
}

SeedOutcome runWordCount(std::uint64_t seed, const WorkloadOptions& options) {
  World world(seed, worldFor(options));
  fake::FakeAws service(usualService(seed, options));
  Durable durable;
  durable.checker = std::make_unique<DeliveryChecker>(world, service.kinesis(), kStream);
  watchCheckpoints(*durable.leases, *durable.checker);
  world.net().serve(kHost, {.handle =
                                [&service, &durable](const http::Request& request, rt::WallTime now) {
                                  durable.noteTip(now);
                                  return service.handle(request, now).response;
                                },
                            .throttled = {}});

  bool produced = false;
  const StreamProducerOptions producing{.endpoint = kEndpoint, .stream = kStream, .time = options.time};
  addProducer(world, producing, produced);
  const DrawnStart start = drawStart(seed, world.loop().wall(), options.time, options.faults);
  world.runFor(start.delay);
  durable.checker->setStart(owedAt(start, world.loop().wall()));
  Node& worker = world.addNode(
      "worker", [&](rt::Env& env) { return std::make_unique<Worker>(env, durable, start.position); });
  if (start.clockOffset != 0ms) worker.stepClock(start.clockOffset);
  world.spawn(superviseWorker(world, worker));
  if (options.faults) spawnNemeses(world, worker);

  world.runFor(options.time - start.delay);
  catchUp(world, service, produced, *durable.checker, kCountPatience,
          "not every record reached a committed batch");
  Happened happened = happenedIn(world, service.kinesis());
  SeedOutcome outcome = outcomeOf(world);
  outcome.happened = std::move(happened);
  return outcome;
}

}  // namespace

Workload wordCountWorkload() {
  Workload workload;
  workload.name = "word_count";
  workload.summary = "one worker, 4 shards, resharding, crashes: every record in a committed batch, in order";
  workload.bugs = {"checkpoint-before-output", "child-before-parent-end", "latest-by-local-clock"};
  workload.run = runWordCount;
  return workload;
}

}  // namespace tidemill::sim

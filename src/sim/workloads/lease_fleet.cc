#include "sim/workloads/lease_fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fake/fake_aws.h"
#include "sim/nemesis.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/happened.h"
#include "sim/workloads/host_trouble.h"
#include "sim/workloads/lease_checker.h"
#include "sim/workloads/stream_producer.h"
#include "sim/workloads/test_account.h"
#include "sim/workloads/usual_world.h"
#include "sim/world.h"
#include "stream/lease_stores.h"
#include "stream/seams.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr char kKinesisHost[] = "kinesis.us-east-1.amazonaws.com";
constexpr char kKinesis[] = "https://kinesis.us-east-1.amazonaws.com";
constexpr char kDynamoHost[] = "dynamodb.us-east-1.amazonaws.com";
constexpr char kDynamo[] = "https://dynamodb.us-east-1.amazonaws.com";
constexpr char kTable[] = "app";
constexpr std::array kNames = {"anna", "bert", "cleo", "dora", "emil"};
constexpr rt::Duration kFailover = 5s;
constexpr std::int64_t kDriftPpm = 10'000;
// I11: how long a shard may lie idle after the last fault: a lease, two looks a second apart, and what a
// start and the last late answers take.
constexpr rt::Duration kTakeOverPatience = kFailover + 7s;
// I11: and how long it then takes to commit everything, generation by generation.
constexpr rt::Duration kLeasePatience = 40s;
// I12: how long the fleet may still move leases, and how long it must not move any after that.
constexpr rt::Duration kSettle = 60s;
constexpr rt::Duration kStill = 30s;

// What is known of one host from outside.
struct Host {
  Node* node = nullptr;
  // Until when it was stalled, and a moment longer.
  rt::TimePoint stillUntil{};
};

// What outlives the crashes of all.
struct Fleet {
  World& world;
  DeliveryChecker& deliveries;
  LeaseChecker& leases;
  HostTrouble& trouble;
  std::map<std::string, Host> hosts;
  std::uint64_t stops = 0;
  std::uint64_t restarts = 0;
};

class FleetWorker final : public NodeProgram {
 public:
  FleetWorker(rt::Env& env, Fleet& fleet, const std::string& name)
      : fleet_(fleet),
        conf_(settings(name)),
        leases_(stream::leaseStoresOf(env, conf_, testEnvironment())),
        seams_{env, *leases_, testEnvironment()},
        context_(seams_, conf_, Milliseconds(500)) {
    const auto copy = [](const Record& record) {
      return Delivered{std::string(record.shardId), std::string(record.sequenceNumber),
                       std::string(record.text())};
    };
    auto records = KinesisUtils::createStream(context_, kTable, kStream, kKinesis, "us-east-1",
                                              KinesisInitialPosition::TrimHorizon(), Seconds(1),
                                              StorageLevel::MEMORY_ONLY, copy);
    records.foreachRDD([&env, &fleet, name](const RDD<Delivered>& rdd, const BatchInfo& batch) {
      const bool stoodStill = fleet.world.loop().now() < fleet.hosts.at(name).stillUntil;
      for (const FencingToken& token : batch.tokens) fleet.leases.onDelivery(name, token, stoodStill);
      if (env.faults.fires("output.before")) throw std::runtime_error("drawn: before the commit");
      fleet.deliveries.onCommit(rdd.collect());
      if (env.faults.fires("output.after")) throw std::runtime_error("drawn: after the commit");
    });
    context_.start();
  }

  bool stopped() const { return context_.getState() == StreamingContextState::STOPPED; }
  void requestStop() { context_.requestStop(true); }
  // Of a context that has stopped.
  void checkEnd() {
    const Result<void> end = context_.awaitTermination();
    if (end || end.error().code() != Code::kWorkerIdInUse) return;
    fleet_.world.violation("I8", "no two workers have one id, but: " + end.error().message());
  }

 private:
  static Conf settings(const std::string& name) {
    Conf conf;
    conf.set("tidemill.state.directory", "state").set("tidemill.worker.id", name);
    conf.set("tidemill.memory.budget", "4m").set("tidemill.leases.store", "dynamodb");
    conf.set("tidemill.dynamodb.endpoint", kDynamo).set("tidemill.dynamodb.region", "us-east-1");
    conf.set("tidemill.leases.failover", fmt::format("{}ms", kFailover / 1ms));
    conf.set("tidemill.leases.scanInterval", "1s").set("tidemill.batch.maxFailures", "1000");
    return conf;
  }

  Fleet& fleet_;
  const Conf conf_;
  const std::unique_ptr<lease::LeaseStoreFactory> leases_;
  const stream::Seams seams_;
  StreamingContext context_;
};

// Stops the worker now and then as a deployment would, and starts it again whenever it has ended.
rt::Task<void> deploy(Fleet& fleet, Host& host, std::uint64_t seed) {
  base::Random random(seed);
  rt::TimePoint nextStop = fleet.world.loop().now() + std::chrono::seconds(random.between(15, 90));
  for (;;) {  // As long as the world.
    co_await fleet.world.loop().sleepFor(500ms);
    auto* worker = static_cast<FleetWorker*>(host.node->program());
    if (worker == nullptr) continue;
    if (fleet.world.faultsOn() && fleet.world.loop().now() >= nextStop) {
      nextStop = fleet.world.loop().now() + std::chrono::seconds(random.between(15, 90));
      ++fleet.stops;
      fleet.trouble.add(host.node->name());
      worker->requestStop();
    }
    if (!worker->stopped()) continue;
    worker->checkEnd();
    ++fleet.restarts;
    host.node->crash(CrashKind::kExit);
    co_await fleet.world.loop().sleepFor(500ms);
    if (!host.node->up()) host.node->restart();
  }
}

// Stalls of up to three leases.
rt::Task<void> stall(Fleet& fleet, Host& host, std::uint64_t seed) {
  base::Random random(seed);
  while (fleet.world.faultsOn()) {
    co_await fleet.world.loop().sleepFor(std::chrono::milliseconds(random.between(10'000, 50'000)));
    if (!fleet.world.faultsOn()) co_return;
    if (!host.node->up()) continue;
    const std::chrono::milliseconds length(random.between(100, 3 * (kFailover / 1ms)));
    host.stillUntil = fleet.world.loop().now() + length + 200ms;
    host.node->stall(length);
  }
}

// The host stands still while the answer to a write of its lease is on its way.
rt::Task<void> stallNow(World& world, Host& host, std::chrono::milliseconds length) {
  if (!world.faultsOn() || !host.node->up()) co_return;
  host.stillUntil = world.loop().now() + length + 200ms;
  host.node->stall(length);
}

void stallSometimes(Fleet& fleet, const fake::AppliedWrite& write, base::Random& random) {
  if (write.after == nullptr || !fleet.world.faultsOn() || !random.chance(1, 100)) return;
  const auto owner = write.after->find("leaseOwner");
  if (owner == write.after->end()) return;
  const auto host = fleet.hosts.find(owner->second.text);
  if (host == fleet.hosts.end()) return;
  const std::chrono::milliseconds length(random.between(kFailover / 1ms, 3 * (kFailover / 1ms)));
  fleet.world.spawn(stallNow(fleet.world, host->second, length));
}

// Waves in which DynamoDB throttles most of what it is asked.
rt::Task<void> throttleWaves(World& world, fake::FakeAws& service, std::uint64_t seed) {
  base::Random random(seed);
  while (world.faultsOn()) {
    co_await world.loop().sleepFor(std::chrono::milliseconds(random.between(10'000, 40'000)));
    if (!world.faultsOn()) co_return;
    service.setDynamoFaults({.throttled = 700});
    co_await world.loop().sleepFor(std::chrono::milliseconds(random.between(500, 8'000)));
    service.setDynamoFaults({});
  }
}

bool calmNetwork(std::uint64_t seed) {
  return seed % 5 == 0;
}

WorldOptions worldFor(std::uint64_t seed, const WorkloadOptions& options) {
  WorldOptions world;
  world.faults.planted = options.planted;
  world.net.on = options.faults;
  world.faults.on = options.faults;
  world.faults.rates = {{"output.before", 20'000}, {"output.after", 20'000}};
  // In some worlds the network is well, so that nothing excuses a lease lost (I8).
  if (calmNetwork(seed)) return world;
  world.net.requestLost = 3'000;
  world.net.responseLost = 20'000;
  world.net.reset = 3'000;
  world.net.serverError = 5'000;
  world.net.throttle = 5'000;
  world.net.slow = 15'000;
  return world;
}

fake::FakeAwsOptions serviceFor(std::uint64_t seed, const WorkloadOptions& options) {
  fake::FakeAwsOptions service;
  service.seed = seed;
  service.bareEnds = true;
  service.networkFaults = false;  // The simulated network has its own.
  service.faultsPerThousand = options.faults && !calmNetwork(seed) ? 10 : 0;
  service.staleReads = options.faults ? 1s : 0s;
  service.briefSequenceNumbers = seed % 2 == 0;
  return service;
}

void addWorkers(Fleet& fleet, std::uint64_t seed, bool faults) {
  std::uint64_t salt = seed * 1000;
  base::Random speeds(++salt);
  const std::size_t count = 3 + seed % 3;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = kNames.at(i);
    Host& host = fleet.hosts[name];
    // Up to 1 % off the true speed, which leases must bear.
    const HostClock clock{.offset = {}, .driftPpm = faults ? speeds.between(-kDriftPpm, kDriftPpm) : 0};
    host.node = &fleet.world.addNode(
        name, [&fleet, name](rt::Env& env) { return std::make_unique<FleetWorker>(env, fleet, name); },
        clock);
    fleet.world.spawn(deploy(fleet, host, ++salt));
    if (!faults) continue;
    fleet.world.spawn(stall(fleet, host, ++salt));
    fleet.world.spawn(crashNemesis(fleet.world, *host.node, {.every = {10s, 60s}, .down = {50ms, 10s}}));
    fleet.world.spawn(clockNemesis(fleet.world, *host.node, {10s, 60s}, 600'000ms));
    if (calmNetwork(seed)) continue;
    fleet.world.spawn(cutNemesis(fleet.world, *host.node, kDynamoHost, {8s, 30s}, {1s, 12s}));
  }
}

// I12: once nothing happens any more, leases lie still and are shared evenly.
void checkBalance(Fleet& fleet) {
  World& world = fleet.world;
  if (!world.runFor(kSettle)) return;
  const std::uint64_t before = fleet.leases.ownerChanges();
  if (!world.runFor(kStill)) return;
  if (fleet.leases.ownerChanges() != before) {
    world.violation("I12", "leases still move although nothing has happened for a minute");
    return;
  }
  int least = 1'000'000;
  int most = 0;
  const std::map<std::string, int> owned = fleet.leases.owned();
  std::string text;
  for (const auto& [name, host] : fleet.hosts) {
    const auto found = owned.find(name);
    const int count = found == owned.end() ? 0 : found->second;
    least = std::min(least, count);
    most = std::max(most, count);
    text += fmt::format("{}={} ", name, count);
  }
  if (most - least > 1 || owned.contains("")) world.violation("I12", "leases are not shared evenly: " + text);
}

// I11: the table knows what has been processed. Each shard has its row until it is finished and cleaned up.
void checkCheckpoints(Fleet& fleet, const fake::FakeAws& service) {
  for (const auto& shard : service.kinesis().store().streams().at(kStream)->shards) {
    const auto checkpoint = fleet.leases.checkpointOf(shard->id());
    const std::string last = fleet.deliveries.lastCommitted(shard->id());
    const bool behind = shard->open() ? !last.empty() && (!checkpoint || checkpoint->text() != last)
                                      : checkpoint && !checkpoint->isShardEnd();
    if (!behind) continue;
    fleet.world.violation(
        "I11", fmt::format("{}: the checkpoint stays at {}, although all up to {} is committed", shard->id(),
                           checkpoint ? checkpoint->text() : "nothing", last));
    return;
  }
}

// I11: every shard that may be read is soon in somebody's hands, and everything is committed.
void checkProgress(Fleet& fleet, const bool& produced) {
  World& world = fleet.world;
  const rt::TimePoint healed = world.loop().now();
  const auto atWork = [&] { return fleet.leases.idleSince(healed).empty(); };
  if (!world.runUntil(atWork, kTakeOverPatience)) {
    if (world.failed()) return;
    world.violation("I11", "nobody has taken " + fleet.leases.idleSince(healed).front());
    return;
  }
  const auto caughtUp = [&] { return produced && fleet.deliveries.complete(); };
  if (!world.runUntil(caughtUp, kLeasePatience) && !world.failed()) {
    world.violation("I11", "not every record reached a committed batch: " + fleet.deliveries.missing());
  }
}

Happened withLeases(Happened happened, const Fleet& fleet, const fake::FakeAws& service) {
  happened["clean_stops"] = fleet.stops;
  happened["restarts"] = fleet.restarts;
  happened["owner_changes"] = fleet.leases.ownerChanges();
  happened["takeovers"] = fleet.leases.takeovers();
  happened["stale_deliveries"] = fleet.leases.staleDeliveries();
  const auto& refused = service.dynamo().calls().byError;
  const auto conflicts = refused.find("ConditionalCheckFailedException");
  happened["conflicts"] = conflicts == refused.end() ? 0 : conflicts->second;
  return happened;
}

SeedOutcome runLeaseFleet(std::uint64_t seed, const WorkloadOptions& options) {
  fake::FakeAws service(serviceFor(seed, options));
  World world(seed, worldFor(seed, options));
  DeliveryChecker deliveries(world, service.kinesis(), kStream);
  HostTrouble trouble(world, kDynamoHost);
  LeaseChecker leases(
      world, kTable,
      [&deliveries](const std::string& shard, const lease::Checkpoint& from, const lease::Checkpoint& to) {
        deliveries.onCheckpoint(shard, from, to);
      },
      [&](const std::string& worker) {
        return trouble.calmSince(worker, world.loop().now() - 2 * kFailover);
      });
  for (const char* host : {kKinesisHost, kDynamoHost}) {
    serve(world, host, service);
  }
  Fleet fleet{world, deliveries, leases, trouble, {}, 0, 0};
  base::Random stalls(seed ^ 0x7374616c6cULL);
  service.dynamo().observeWrites([&](const fake::AppliedWrite& write) {
    leases.onWrite(write);
    if (options.faults) stallSometimes(fleet, write, stalls);
  });
  bool produced = false;
  const StreamProducerOptions producing{
      .endpoint = kKinesis, .stream = kStream, .time = options.time, .reshardings = 5};
  addProducer(world, producing, produced);
  addWorkers(fleet, seed, options.faults);
  if (options.faults && !calmNetwork(seed)) world.spawn(throttleWaves(world, service, seed));

  world.runFor(options.time);
  world.heal();
  service.setFaults(0);
  if (!world.failed()) checkProgress(fleet, produced);
  if (!world.failed()) checkBalance(fleet);
  if (!world.failed()) checkCheckpoints(fleet, service);
  if (!world.failed()) deliveries.finish();
  Happened happened = withLeases(happenedIn(world, service.kinesis()), fleet, service);
  SeedOutcome outcome = outcomeOf(world);
  outcome.happened = std::move(happened);
  return outcome;
}

}  // namespace

Workload leaseFleetWorkload() {
  Workload workload;
  workload.name = "lease_fleet";
  workload.summary = "three to five workers share a stream through DynamoDB: one owner, no gap, even shares";
  workload.bugs = {"lease-clock-from-response", "lost-response-is-theft", "child-at-latest",
                   "stale-scan-takeover",       "text-sequence-compare",  "zombie-checkpoint"};
  workload.run = runLeaseFleet;
  return workload;
}

}  // namespace tidemill::sim

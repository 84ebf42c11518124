#include "sim/workloads/block_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "block/store_names.h"
#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/nemesis.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/drawn_store.h"
#include "sim/workloads/happened.h"
#include "sim/workloads/stored_ranges.h"
#include "sim/workloads/stream_producer.h"
#include "sim/workloads/test_account.h"
#include "sim/workloads/usual_world.h"
#include "sim/world.h"
#include "stream/seams.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/sequence_number.h"
#include "tidemill/streaming_context.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMemoryBudget = 4 << 20;
constexpr rt::Duration kRecoveryPatience = 600s;

// What outlives the workers' crashes, and what they draw upon.
struct Outside {
  explicit Outside(World& theWorld) : world(theWorld) {}

  World& world;
  DrawnStore store;
  PackedRecords packed;
  std::shared_ptr<lease::MemoryLeaseTables> tables = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> leases = tables->at("app", kStream);
  std::unique_ptr<DeliveryChecker> checker;
  std::vector<Node*> nodes;
  std::int64_t mostMemory = 0;
  int starts = 0;  // Of workers.
  int stops = 0;
  bool held = false;  // Some block was, beside the store.
};

Conf confOf(const Outside& outside, const std::string& worker) {
  Conf conf = outside.store.conf;
  conf.set("tidemill.state.directory", "state").set("tidemill.worker.id", worker);
  conf.set("tidemill.memory.budget", fmt::format("{}b", kMemoryBudget));
  conf.set("tidemill.leases.failover", "3s").set("tidemill.leases.scanInterval", "1s");
  return conf;
}

// Of a worker that starts now.
Conf startConf(Outside& outside, const std::string& worker) {
  Conf conf = confOf(outside, worker);
  if (outside.store.changing)
    conf.set("kinesis.checkpoint.after", outside.starts++ % 2 == 0 ? "stored" : "processed");
  return conf;
}

// Takes from `records`, from `next` on, what lies in `range`, in order.
std::vector<Delivered> takeRange(const std::vector<Delivered>& records, std::size_t& next,
                                 const SequenceNumberRange& range) {
  std::vector<Delivered> taken;
  for (; next < records.size(); ++next) {
    const Delivered& record = records[next];
    if (record.shardId != range.shardId || !holds(range, record.sequenceNumber, record.part)) break;
    if (!taken.empty()) {
      const auto order = compareSequenceNumbers(record.sequenceNumber, taken.back().sequenceNumber);
      if (order < 0 || (order == 0 && record.part <= taken.back().part)) break;
    }
    taken.push_back(record);
  }
  return taken;
}

// The user's program: the production engine with a sink that commits in one step.
class Worker final : public NodeProgram, private StreamingListener {
 public:
  Worker(rt::Env& env, Outside& outside, const std::string& name)
      : env_(env),
        outside_(outside),
        name_(name),
        leases_(env, outside.tables),
        seams_{env, leases_, testEnvironment()},
        context_(seams_, startConf(outside, name), Seconds(1)) {
    outside_.checker->onLifeBegun();
    context_.addStreamingListener(*this);
    const auto copy = [](const Record& record) {
      return Delivered{std::string(record.shardId),      std::string(record.sequenceNumber),
                       std::string(record.text()),       record.subSequenceNumber,
                       std::string(record.partitionKey), record.aggregation == Aggregation::kDamaged};
    };
    auto records = KinesisUtils::createStream(context_, "app", kStream, kEndpoint, "us-east-1",
                                              KinesisInitialPosition::TrimHorizon(), Seconds(2),
                                              outside.store.level, copy);
    records.foreachRDD([this](const RDD<Delivered>& rdd) { commit(rdd); });
    context_.start();
  }

  void stopGracefully() {
    stopping_ = true;
    context_.requestStop(true);
  }
  bool stopped() const { return context_.getState() == StreamingContextState::STOPPED; }
  // I13.
  void checkMemory() {
    const StreamingTotals totals = context_.totals();
    const std::int64_t bytes = totals.blockMemoryMost;
    checkHeld(totals.blockHeldMost);
    outside_.mostMemory = std::max(outside_.mostMemory, bytes);
    if (bytes <= outside_.store.memoryBytes) return;
    outside_.world.violation("I13", fmt::format("{}: blocks held {} bytes in memory, of {}", name_, bytes,
                                                outside_.store.memoryBytes));
  }
  // I9, of a context that has stopped: nothing is trimmed, or losses are recorded.
  void checkEnd() {
    const Result<void> end = context_.awaitTermination();
    if (end || end.error().code() != Code::kDataLoss) return;
    outside_.world.violation("I9", "no loss should end a context, but: " + end.error().message());
  }

 private:
  void commit(const RDD<Delivered>& rdd) {
    if (env_.faults.fires("output.before")) throw std::runtime_error("drawn: before the commit");
    checkMemory();
    const std::vector<Delivered> records = rdd.collect();
    checkBlocks(rdd.getPartitions(), records);
    outside_.checker->onCommit(records);
    outside_.world.history().add({.at = outside_.world.loop().now(),
                                  .node = name_,
                                  .kind = "commit",
                                  .detail = records.empty() ? "" : records.back().sequenceNumber,
                                  .number = records.size()});
    if (env_.faults.fires("output.after")) throw std::runtime_error("drawn: after the commit");
  }

  void checkBlocks(const std::vector<Partition>& partitions, const std::vector<Delivered>& records) {
    std::size_t next = 0;
    for (const Partition& partition : partitions) {
      const auto lost = lost_.find(partition.blockId);
      const SequenceNumberRanges& ranges = lost == lost_.end() ? partition.seqNumberRanges : lost->second;
      for (const SequenceNumberRange& range : ranges)
        outside_.checker->onBlock(range, takeRange(records, next, range));
    }
  }

  // I13: no more is held than was lost of a batch, and at a stop than may be in flight.
  void checkHeld(std::int64_t held) {
    if (held > 0) outside_.held = true;
    if (held <= lostBytesMost_ + (stopping_ ? kMemoryBudget : 0)) return;
    outside_.world.violation("I13", fmt::format("{}: {} bytes are held, but no batch has lost more than {}",
                                                name_, held, lostBytesMost_));
  }

  void onBlockLost(const std::string& id, const SequenceNumberRanges& ranges, const std::string&) override {
    lost_[id] = ranges;
    outside_.checker->onBlockLost(id, ranges);
    lostNow_[id] = std::max(lostNow_[id], outside_.checker->payloadOf(ranges));
    std::int64_t bytes = 0;
    for (const auto& [block, payload] : lostNow_) bytes += payload;
    lostBytesMost_ = std::max(lostBytesMost_, bytes);
  }
  void onBatchCompleted(const BatchInfo&) override { lostNow_.clear(); }
  // I15: it is what it was before, hashes too; or where records are trimmed, what is left of it.
  void onBlockRecovered(const std::string& id, const SequenceNumberRanges& ranges) override {
    if (outside_.store.retention > 0ms) return outside_.checker->onRebuilt(lost_[id], ranges);
    if (ranges == lost_[id]) return;
    outside_.world.violation("I15", fmt::format("block {} was {} and was rebuilt as {}", id,
                                                lost_[id].toString(), ranges.toString()));
  }

  rt::Env& env_;
  Outside& outside_;
  const std::string name_;
  std::map<std::string, SequenceNumberRanges> lost_;
  // Payload of what was lost of the batch in progress, by block, and the most that this ever was.
  std::map<std::string, std::int64_t> lostNow_;
  std::int64_t lostBytesMost_ = 0;
  bool stopping_ = false;
  lease::MemoryLeaseStoreFactory leases_;
  const stream::Seams seams_;
  StreamingContext context_;
};

// Starts the worker again when its context has given up, as systemd would.
rt::Task<void> supervise(World& world, Node& node) {
  for (;;) {  // As long as the world.
    co_await world.loop().sleepFor(100ms);
    auto* worker = static_cast<Worker*>(node.program());
    if (worker == nullptr) continue;
    worker->checkMemory();
    if (!worker->stopped()) continue;
    worker->checkEnd();
    node.crash(CrashKind::kExit);
    co_await world.loop().sleepFor(500ms);
    if (!node.up()) node.restart();
  }
}

NamedLoss namedLossOf(const std::vector<base::LogField>& fields) {
  std::map<std::string_view, std::string_view> values;
  for (const base::LogField& field : fields) values[field.key] = field.value;
  NamedLoss loss;
  loss.shardId = values["shard"];
  loss.from = values["from"];
  loss.to = values["to"];
  loss.records = base::parseInteger(values["records"]).value_or(-1);
  loss.left = base::parseInteger(values["left"]).value_or(-1);
  loss.firstLeft = values["firstLeft"];
  loss.lastLeft = values["lastLeft"];
  return loss;
}

// The service keeps records only as long as `retention`, but those that a lease has still to read: live
// reading never falls behind, whatever befalls the worker, and whoever needs a record again does not find it.
rt::Task<void> trimRead(World& world, fake::FakeKinesis& kinesis, const lease::MemoryLeaseTable& leases,
                        rt::Duration retention) {
  for (;;) {  // As long as the world.
    co_await world.loop().sleepFor(200ms);
    for (const auto& [shardId, lease] : leases.rows) {
      const auto index = fake::parseShardId(shardId);
      const auto read = fake::parseSequence(lease.checkpoint.sequenceNumber());
      if (!index || (!read && !lease.checkpoint.isShardEnd())) continue;
      rt::WallTime horizon = world.loop().wall() - std::chrono::floor<std::chrono::milliseconds>(retention);
      // The record itself stays: reading goes on behind it by its number.
      const fake::ShardLog& log = kinesis.store().streams().at(kStream)->shards[*index]->log;
      if (read) horizon = std::min(horizon, log.at(log.rememberedOfCounter(read->counter)).arrival);
      kinesis.trim(kStream, *index, horizon);
    }
  }
}

rt::Task<void> stopNow(World& world, Node& node, Outside& outside, std::uint64_t seed) {
  base::Random random(seed);
  while (world.faultsOn()) {
    co_await world.loop().sleepFor(std::chrono::milliseconds(random.between(5'000, 30'000)));
    auto* worker = static_cast<Worker*>(node.program());
    if (worker == nullptr || !world.faultsOn()) continue;
    worker->stopGracefully();
    ++outside.stops;
  }
}

bool isSegment(const std::string& path) {
  return block::parseSegmentName(path.substr(path.rfind('/') + 1)).has_value();
}

// Now and then the disk has no room at all, for a while.
rt::Task<void> fullDisk(World& world, Node& node, std::uint64_t seed) {
  base::Random random(seed);
  const unsigned seldom = node.disk().faults().full;
  while (world.faultsOn()) {
    co_await world.loop().sleepFor(std::chrono::milliseconds(random.between(5'000, 40'000)));
    if (!world.faultsOn()) co_return;
    node.disk().faults().full = 1'000'000;
    co_await world.loop().sleepFor(std::chrono::milliseconds(random.between(200, 8'000)));
    node.disk().faults().full = seldom;
  }
}

WorldOptions worldFor(const WorkloadOptions& options, const DrawnStore& store) {
  WorldOptions world = usualWorld(options);
  world.disk = store.disk;
  world.disk.on = options.faults;
  world.net.throttle = 20'000;
  world.faults.rates = {{"lease.lost_request", 10'000},
                        {"lease.lost_response", 20'000},
                        {"output.before", 20'000},
                        {"output.after", 20'000}};
  return world;
}

void addWorkers(Outside& outside, std::uint64_t seed, bool faults) {
  World& world = outside.world;
  for (int i = 1; i <= outside.store.nodes; ++i) {
    const std::string name = fmt::format("w{}", i);
    Node& node = world.addNode(
        name, [&outside, name](rt::Env& env) { return std::make_unique<Worker>(env, outside, name); });
    outside.nodes.push_back(&node);
    node.log().observe([&outside](std::string_view event, const std::vector<base::LogField>& fields) {
      if (event == "data_loss") outside.checker->onLoss(namedLossOf(fields));
    });
    world.spawn(supervise(world, node));
    if (!faults) continue;
    world.spawn(crashNemesis(world, node, {}));
    world.spawn(stallNemesis(world, node, {20s, 60s}, {100ms, 8s}));
    world.spawn(clockNemesis(world, node, {10s, 60s}, 600'000ms));
    if (outside.store.stops)
      world.spawn(stopNow(world, node, outside, seed * 100 + static_cast<unsigned>(i)));
    if (outside.store.flips) world.spawn(flipNemesis(world, node, {100ms, 2s}, isSegment));
    if (outside.store.fullDisks) world.spawn(fullDisk(world, node, seed * 10 + static_cast<unsigned>(i)));
  }
}

void addHappened(const Outside& outside, Happened& happened) {
  happened["power_cuts"] = outside.world.history().count("node.powercut");
  happened["sync_failures"] = outside.world.history().count("file.syncfail");
  happened["flipped"] = outside.world.history().count("disk.flip");
  happened["clean_stops"] = static_cast<std::uint64_t>(outside.stops);
  happened["held"] = outside.held ? 1 : 0;
  happened["memory_used"] = outside.mostMemory > 0 ? 1 : 0;
  happened["stored"] = outside.store.afterStored ? 1 : 0;
  happened["damaged_aggregates"] = outside.packed.damaged();
  happened["changing"] = outside.store.changing ? 1 : 0;
  happened["records_named"] = outside.checker->named();
  const std::map<std::string, std::string> events = {
      {"blocks_lost", "block_lost"},           {"blocks_rebuilt", "block_recovered"},
      {"blocks_left", "blocks_left"},          {"store_full", "store_full"},
      {"not_stored", "block_not_stored"},      {"losses_told", "data_loss"},
      {"copies_damaged", "block_copy_damaged"}};
  for (const auto& [name, event] : events) {
    std::uint64_t& count = happened[name];
    for (const Node* node : outside.nodes) count += node->log().count(event);
  }
}

SeedOutcome runBlockRecovery(std::uint64_t seed, const WorkloadOptions& options) {
  const DrawnStore store = drawStore(seed, options.faults);
  World world(seed, worldFor(options, store));
  fake::FakeAws service(usualService(seed, options));
  Outside outside(world);
  outside.store = store;
  outside.checker = std::make_unique<DeliveryChecker>(world, service.kinesis(), kStream);
  DeliveryChecker& checker = *outside.checker;
  checker.setPacked(outside.packed);
  if (store.afterStored || store.changing) {
    checker.setStored([&outside] { return storedRanges(outside.nodes[0]->disk(), confOf(outside, "w1")); });
  }
  watchCheckpoints(*outside.leases, checker);
  serve(world, kHost, service);

  bool produced = false;
  StreamProducerOptions producing{.endpoint = kEndpoint, .stream = kStream, .time = options.time};
  if (store.packed) producing.packed = &outside.packed;
  addProducer(world, producing, produced);
  addWorkers(outside, seed, options.faults);
  if (store.retention > 0ms)
    world.spawn(trimRead(world, service.kinesis(), *outside.leases, store.retention));

  world.runFor(options.time);
  catchUp(world, service, produced, checker, kRecoveryPatience, "not every record reached a committed batch");
  Happened happened = happenedIn(world, service.kinesis());
  addHappened(outside, happened);
  SeedOutcome outcome = outcomeOf(world);
  outcome.happened = std::move(happened);
  return outcome;
}

}  // namespace

Workload blockRecoveryWorkload() {
  Workload workload;
  workload.name = "block_recovery";
  workload.summary =
      "every storage level on bad disks: no record lost, rebuilt blocks equal to the lost ones";
  workload.bugs = {"checkpoint-before-fsync", "no-directory-sync",        "recovery-range-off-by-one",
                   "shard-end-before-tail",   "checkpoint-before-stored", "loss-not-told",
                   "held-not-released"};
  workload.run = runBlockRecovery;
  return workload;
}

}  // namespace tidemill::sim

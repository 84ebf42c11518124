#include "sim/workloads/driver_restart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/nemesis.h"
#include "sim/workloads/batch_checker.h"
#include "sim/workloads/checkpoint_place.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/drawn_driver.h"
#include "sim/workloads/happened.h"
#include "sim/workloads/log_view.h"
#include "sim/workloads/stored_ranges.h"
#include "sim/workloads/stream_producer.h"
#include "sim/workloads/test_account.h"
#include "sim/workloads/usual_world.h"
#include "sim/world.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"
#include "stream/seams.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

using Directory = DrawnDriver::Directory;
using Word = std::pair<std::string, std::int64_t>;

constexpr char kHost[] = "kinesis.us-east-1.amazonaws.com";
constexpr char kEndpoint[] = "https://kinesis.us-east-1.amazonaws.com";
constexpr char kStream[] = "lines";
constexpr char kFolder[] = "checkpoints";
// Batches that were too slow are made up for.
constexpr rt::Duration kCatchUpPatience = 1200s;
// A graceful stop has a minute, where batches are slow half an hour, and some to end without grace.
constexpr rt::Duration kStopPatience = 90s;
constexpr rt::Duration kSlowStopPatience = 1830s;
// Steps of a batch's life, or of a start, about.
constexpr std::uint64_t kStepsMax = 120;

// One checkpoint directory, and what its writers do.
struct Watched {
  std::unique_ptr<LogView> log;
  std::unique_ptr<BatchChecker> batches;
};

// What outlives the drivers.
struct Drivers {
  Drivers(World& theWorld, std::uint64_t seed, bool withFaults)
      : world(theWorld), faults(withFaults), trouble(seed ^ 0x74726f75626c65ULL) {}

  World& world;
  const bool faults;
  // Of what the drivers' own steps call forth.
  base::Random trouble;
  DrawnDriver drawn;
  std::shared_ptr<lease::MemoryLeaseTables> tables = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> leases = tables->at("app", kStream);
  std::unique_ptr<DeliveryChecker> delivery;
  std::unique_ptr<CheckpointPlace> place;
  std::vector<Node*> nodes;
  // By node; one for all where they share a directory, none where they have none.
  std::vector<Watched> watched;
  std::uint64_t lives = 0;
  int stops = 0;
  int outages = 0;
  int damaged = 0;
  std::uint64_t windows = 0;
  std::uint64_t states = 0;
  std::uint64_t across = 0;
  std::uint64_t slowBatches = 0;
  std::uint64_t claims = 0;
  // Of the log in the object store.
  std::uint64_t newestChunk = 0;
  // Nobody is started any more.
  bool ending = false;

  void addCompared(const BatchChecker& batches) {
    windows += batches.windows();
    states += batches.states();
    across += batches.across();
  }
  Watched* watchedOf(std::size_t node) {
    if (watched.empty()) return nullptr;
    return &watched[watched.size() == 1 ? 0 : node];
  }
};

std::string nameOf(std::size_t node) {
  return fmt::format("d{}", node + 1);
}

// Threads that take seconds for an output operation, until the world heals.
class SlowJobs final : public rt::WorkerPool {
 public:
  SlowJobs(World& world, rt::Env& env, bool slow)
      : world_(world), env_(env), slow_(slow), random_(env.random.next()), waiting_(env.loop) {}

  void submit(base::UniqueFunction<void()> work) override {
    if (!slow_ || !world_.faultsOn()) return env_.jobs.submit(std::move(work));
    const rt::Duration taken = std::chrono::milliseconds(random_.between(200, 3'000));
    waiting_.spawn(submitLater(std::move(work), taken));
  }
  int threads() const override { return env_.jobs.threads(); }

 private:
  rt::Task<void> submitLater(base::UniqueFunction<void()> work, rt::Duration taken) {
    co_await env_.loop.sleepFor(taken);
    env_.jobs.submit(std::move(work));
  }

  World& world_;
  rt::Env& env_;
  const bool slow_;
  base::Random random_;
  rt::TaskGroup waiting_;
};

WordCounts countsOf(const std::vector<Word>& words) {
  WordCounts counts;
  for (const auto& [word, count] : words) counts[word] += count;
  return counts;
}

// The user's program: a sink that commits in one step, and windows and state that are compared.
class Driver final : public NodeProgram, private StreamingListener {
 public:
  Driver(rt::Env& env, Drivers& drivers, std::size_t node)
      : slow_(drivers.world, env, drivers.drawn.slow),
        env_{env.loop,     env.http,  env.fetchLoop, env.fetchHttp, env.workers, slow_,       env.store,
             env.replicas, env.files, env.random,    env.log,       env.faults,  env.registry},
        drivers_(drivers),
        node_(node),
        life_(++drivers.lives),
        job_(drivers.drawn.job),
        leases_(env_, drivers.tables),
        seams_{env_, leases_, testEnvironment()} {
    drivers_.delivery->onLifeBegun();
    if (Watched* watched = drivers_.watchedOf(node)) {
      checker_ = watched->batches.get();
      if (drivers_.drawn.directory == Directory::kFiles) {
        watched->log->begin();
        checker_->onClaimed(life_);
      }
    } else {
      own_ = std::make_unique<BatchChecker>(drivers_.world, job_, nullptr);
      own_->onClaimed(life_);
      checker_ = own_.get();
    }
    if (drivers_.place != nullptr) {
      seams_.checkpoints = [this](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
        return drivers_.place->storeOf(env_.loop, life_);
      };
    }
    const auto factory = [this] { return define(); };
    context_ = drivers_.drawn.directory == Directory::kNone ? factory()
                                                            : StreamingContext::getOrCreate(kFolder, factory);
    context_->start();
    armCrash();
  }

  ~Driver() override {
    if (own_ != nullptr) drivers_.addCompared(*own_);
  }

  void stopGracefully() { context_->requestStop(true); }
  bool stopped() const { return context_->getState() == StreamingContextState::STOPPED; }
  Result<void> end() { return context_->awaitTermination(); }
  StreamingTotals totals() const { return context_->totals(); }
  bool lostShards() const { return lostShards_; }
  // I13, I6.
  void look() {
    checker_->look();
    const std::int64_t bytes = context_->totals().blockMemoryMost;
    if (bytes <= drivers_.drawn.memoryBytes) return;
    drivers_.world.violation(
        "I13", fmt::format("blocks held {} bytes in memory, of {}", bytes, drivers_.drawn.memoryBytes));
  }
  void onLeaseLost(const std::string& shardId) {
    lostShards_ = true;
    checker_->onShardLost(shardId);
  }

 private:
  std::unique_ptr<StreamingContext> define() {
    Conf conf = drivers_.drawn.conf;
    conf.set("tidemill.worker.id", nameOf(node_));
    auto context = std::make_unique<StreamingContext>(seams_, conf, Seconds(1));
    context->addStreamingListener(*this);
    const auto copy = [](const Record& record) {
      return Delivered{std::string(record.shardId), std::string(record.sequenceNumber),
                       std::string(record.text()), record.subSequenceNumber,
                       std::string(record.partitionKey)};
    };
    auto records = KinesisUtils::createStream(*context, "app", kStream, kEndpoint, "us-east-1",
                                              KinesisInitialPosition::TrimHorizon(),
                                              drivers_.drawn.checkpointInterval, drivers_.drawn.level, copy);
    records.foreachRDD(
        [this](const RDD<Delivered>& rdd, const BatchInfo& batch) { commit(rdd.collect(), batch); });
    addWindows(records);
    addState(records);
    return context;
  }

  static DStream<Word> wordsIn(const DStream<Delivered>& records) {
    return records.flatMap([](const Delivered& record) {
      std::vector<Word> words;
      for (std::string& word : wordsOf(record.text)) words.emplace_back(std::move(word), 1);
      return words;
    });
  }

  void addWindows(const DStream<Delivered>& records) {
    if (job_.windows == JobShape::Windows::kRecords) {
      records.window(job_.length, job_.slide)
          .foreachRDD([this](const RDD<Delivered>& rdd, const BatchInfo& batch) {
            checker_->onWindow(life_, batch.time, rdd.collect());
            mayFail("output.window");
          });
    } else if (job_.windows == JobShape::Windows::kWords) {
      wordsIn(records)
          .reduceByKeyAndWindow([](std::int64_t a, std::int64_t b) { return a + b; },
                                [](std::int64_t a, std::int64_t b) { return a - b; }, job_.length, job_.slide,
                                0, [](const Word& word) { return word.second != 0; })
          .foreachRDD([this](const RDD<Word>& rdd, const BatchInfo& batch) {
            checker_->onWindow(life_, batch.time, countsOf(rdd.collect()));
            mayFail("output.window");
          });
    }
  }

  void addState(const DStream<Delivered>& records) {
    const auto compare = [this](const RDD<Word>& rdd, const BatchInfo& batch) {
      checker_->onState(life_, batch.time, countsOf(rdd.collect()));
      mayFail("output.state");
    };
    if (job_.state == JobShape::State::kUpdated) {
      wordsIn(records)
          .updateStateByKey(
              [](const std::vector<std::int64_t>& values, const std::optional<std::int64_t>& before) {
                std::int64_t sum = before.value_or(0);
                for (const std::int64_t value : values) sum += value;
                return std::optional(sum);
              })
          .uid("totals")
          .checkpoint(Seconds(5))
          .foreachRDD(compare);
    } else if (job_.state == JobShape::State::kMapped) {
      auto spec = StateSpec::function<std::string, std::int64_t, std::int64_t>(
          [](const std::string&, std::optional<std::int64_t> value, State<std::int64_t>& state) {
            const std::int64_t sum = state.getOption().value_or(0) + value.value_or(0);
            if (!state.isTimingOut()) state.update(sum);
            return sum;
          });
      if (job_.timeout) spec.timeout(*job_.timeout);
      wordsIn(records).mapWithState(spec).uid("totals").stateSnapshots().foreachRDD(compare);
    }
  }

  void mayFail(std::string_view point) {
    if (env_.faults.fires(point)) throw std::runtime_error("drawn: " + std::string(point));
  }

  void commit(const std::vector<Delivered>& records, const BatchInfo& batch) {
    mayFail("output.before");
    drivers_.delivery->onCommit(records);
    checker_->onBatch(life_, batch.time, records);
    drivers_.world.history().add({.at = drivers_.world.loop().now(),
                                  .node = nameOf(node_),
                                  .kind = "commit",
                                  .detail = records.empty() ? "" : records.back().sequenceNumber,
                                  .number = records.size()});
    mayFail("output.after");
  }

  void onShardStarted(const std::string&, const std::string& shardId, const std::string&,
                      const std::string&) override {
    // The second time in a process nothing is known of what was done meanwhile.
    if (!started_.insert(shardId).second) onLeaseLost(shardId);
  }
  void onBatchStarted(const BatchInfo& batch) override {
    if (batch.records > 0) armCrash();
  }
  void onBatchCompleted(const BatchInfo& batch) override {
    checker_->onCompleted(life_, batch.time);
    if (batch.totalDelay().value_or(0ms) > Seconds(1)) ++drivers_.slowBatches;
  }

  // At any await of what begins now.
  void armCrash() {
    World& world = drivers_.world;
    if (!drivers_.faults || !world.faultsOn() || !drivers_.trouble.chance(1, 8)) return;
    const std::uint64_t step = 1 + drivers_.trouble.below(kStepsMax);
    const CrashKind kind = drivers_.trouble.chance(1, 2) ? CrashKind::kPowerCut : CrashKind::kKill;
    Node* node = world.node(nameOf(node_));
    if (node != nullptr && node->up()) node->crashBeforeStep(step, kind);
  }

  SlowJobs slow_;
  rt::Env env_;
  Drivers& drivers_;
  const std::size_t node_;
  const std::uint64_t life_;
  const JobShape job_;
  std::unique_ptr<BatchChecker> own_;
  BatchChecker* checker_ = nullptr;
  std::set<std::string> started_;
  bool lostShards_ = false;
  lease::MemoryLeaseStoreFactory leases_;
  stream::Seams seams_;
  std::unique_ptr<StreamingContext> context_;
};

rt::Duration drawDown(Drivers& drivers, std::size_t node) {
  if (node == 0 && drivers.outages == 0 && drivers.drawn.outage > rt::Duration(0) &&
      drivers.world.loop().now() > rt::TimePoint(40s)) {
    ++drivers.outages;
    return drivers.drawn.outage;
  }
  const bool longer = drivers.trouble.chance(1, 6);
  return std::chrono::milliseconds(longer ? drivers.trouble.between(3'000, 15'000)
                                          : drivers.trouble.between(50, 3'000));
}

// Starts a driver again when it has crashed or its context has given up, as systemd would.
rt::Task<void> superviseDriver(Drivers& drivers, std::size_t index) {
  World& world = drivers.world;
  Node& node = *drivers.nodes[index];
  while (!drivers.ending) {
    co_await world.loop().sleepFor(100ms);
    auto* driver = static_cast<Driver*>(node.program());
    if (driver != nullptr) {
      driver->look();
      if (!driver->stopped() || drivers.ending) continue;
      node.crash(CrashKind::kExit);
      co_await world.loop().sleepFor(500ms);
    } else {
      const rt::Duration down = drawDown(drivers, index);
      co_await world.loop().sleepFor(down);
    }
    if (!node.up() && !drivers.ending) node.restart();
  }
}

rt::Task<void> stopNow(Drivers& drivers, std::size_t index, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  while (world.faultsOn()) {
    const rt::Duration pause = std::chrono::milliseconds(random.between(5'000, 40'000));
    co_await world.loop().sleepFor(pause);
    auto* driver = static_cast<Driver*>(drivers.nodes[index]->program());
    if (driver == nullptr || !world.faultsOn()) continue;
    driver->stopGracefully();
    ++drivers.stops;
  }
}

// The object store is out of order now and then.
rt::Task<void> placeOutages(Drivers& drivers, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  while (world.faultsOn()) {
    const rt::Duration good = std::chrono::milliseconds(random.between(8'000, 40'000));
    co_await world.loop().sleepFor(good);
    drivers.place->setDown(true);
    const rt::Duration bad = std::chrono::milliseconds(random.between(100, 15'000));
    co_await world.loop().sleepFor(bad);
    drivers.place->setDown(false);
  }
}

// Damages the newest metadata checkpoint; never two in a row, so that there is one to fall back to.
rt::Task<void> damageMetadata(Drivers& drivers, std::uint64_t seed) {
  World& world = drivers.world;
  base::Random random(seed);
  std::set<std::string> damaged;
  while (world.faultsOn()) {
    const rt::Duration pause = std::chrono::milliseconds(random.between(3'000, 15'000));
    co_await world.loop().sleepFor(pause);
    if (!world.faultsOn()) co_return;
    const std::string folder = std::string(stream::kMetadataFolder) + "/";
    std::vector<std::string> names;
    SimDisk& disk = drivers.nodes[0]->disk();
    if (drivers.place != nullptr) {
      for (const auto& [name, value] : drivers.place->values()) {
        if (name.starts_with(folder)) names.push_back(name);
      }
    } else {
      const std::string prefix = std::string(kFolder) + "/" + folder;
      for (const auto& [path, inode] : disk.files()) {
        if (path.starts_with(prefix) && path.find("/.") == std::string::npos && inode->synced > 0)
          names.push_back(path);
      }
    }
    if (names.size() < 2 || damaged.contains(names.back()) || damaged.contains(names[names.size() - 2]))
      continue;
    const std::string& newest = names.back();
    damaged.insert(newest);
    ++drivers.damaged;
    std::uint64_t at = 0;
    if (drivers.place != nullptr) {
      std::string& value = drivers.place->values().at(newest);
      at = random.below(value.size());
      value[static_cast<std::size_t>(at)] = static_cast<char>(value[static_cast<std::size_t>(at)] ^ 0x10);
    } else {
      SimInode& inode = *disk.find(newest);
      at = random.below(inode.synced);
      disk.flipBit(inode, static_cast<std::size_t>(at), 4);
    }
    world.history().add(
        {.at = world.loop().now(), .node = {}, .kind = "metadata.damaged", .detail = newest, .number = at});
  }
}

WorldOptions worldFor(const WorkloadOptions& options, const DrawnDriver& drawn) {
  WorldOptions world = usualWorld(options);
  world.disk = drawn.disk;
  world.disk.on = options.faults;
  world.faults.rates = {{"lease.lost_request", 10'000}, {"lease.lost_response", 20'000},
                        {"output.before", 10'000},      {"output.after", 10'000},
                        {"output.window", 10'000},      {"output.state", 10'000}};
  return world;
}

std::set<std::string> namesIn(const SimDisk& disk, const std::string& folder) {
  std::set<std::string> names;
  for (auto file = disk.files().lower_bound(folder + "/"); file != disk.files().end(); ++file) {
    if (!file->first.starts_with(folder + "/")) break;
    names.insert(file->first.substr(folder.size() + 1));
  }
  return names;
}

void watchDirectory(Drivers& drivers, std::size_t node) {
  Watched watched;
  if (drivers.place != nullptr) {
    CheckpointPlace& place = *drivers.place;
    watched.log = std::make_unique<LogView>(
        [&place](const std::string& name) -> std::optional<std::string> {
          const auto found = place.values().find(name);
          if (found == place.values().end()) return std::nullopt;
          return found->second;
        },
        [] { return std::set<std::string>(); });
  } else {
    // The node is not there yet.
    const auto disk = [&drivers, node]() -> const SimDisk* {
      Node* found = drivers.world.node(nameOf(node));
      return found == nullptr ? nullptr : &found->disk();
    };
    const std::string folder = std::string(kFolder) + "/";
    watched.log = std::make_unique<LogView>(
        [disk, folder](const std::string& name) -> std::optional<std::string> {
          const SimDisk* there = disk();
          const auto inode = there == nullptr ? nullptr : there->find(folder + name);
          if (inode == nullptr) return std::nullopt;
          return inode->bytes;
        },
        [disk, folder] {
          const SimDisk* there = disk();
          return there == nullptr ? std::set<std::string>() : namesIn(*there, folder + stream::kLogFolder);
        });
  }
  watched.batches = std::make_unique<BatchChecker>(drivers.world, drivers.drawn.job, watched.log.get());
  if ((drivers.drawn.nodes > 1 && !drivers.drawn.shared()) || drivers.drawn.afterStored)
    watched.batches->setMayRepeat();
  drivers.watched.push_back(std::move(watched));
}

// A claim of the object store: from now on that life has it.
void onPut(Drivers& drivers, std::uint64_t life, const std::string& name, const std::string& bytes) {
  const std::string folder = std::string(stream::kLogFolder) + "/";
  if (!name.starts_with(folder)) return;
  const auto number = stream::parseNumberName(name.substr(folder.size()));
  // A number that was removed and is free again is no claim.
  if (!number || *number <= drivers.newestChunk) return;
  drivers.newestChunk = *number;
  const auto chunk = stream::readChunk(*number, bytes);
  if (!chunk) return;
  for (const stream::LedgerEntry& entry : chunk->entries) {
    if (!std::holds_alternative<stream::OpenedEntry>(entry)) continue;
    ++drivers.claims;
    drivers.watched[0].batches->onClaimed(life);
  }
}

void addDrivers(Drivers& drivers, std::uint64_t seed, bool faults) {
  World& world = drivers.world;
  for (std::size_t i = 0; i < static_cast<std::size_t>(drivers.drawn.nodes); ++i) {
    Node& node = world.addNode(
        nameOf(i), [&drivers, i](rt::Env& env) { return std::make_unique<Driver>(env, drivers, i); });
    drivers.nodes.push_back(&node);
    node.log().observe([&node](std::string_view event, const std::vector<base::LogField>& fields) {
      if (event != "lease_lost") return;
      auto* driver = static_cast<Driver*>(node.program());
      for (const base::LogField& field : fields) {
        if (driver != nullptr && field.key == "shard") driver->onLeaseLost(std::string(field.value));
      }
    });
    world.spawn(superviseDriver(drivers, i));
    if (!faults) continue;
    world.spawn(stallNemesis(world, node, {20s, 60s}, {100ms, 8s}));
    world.spawn(clockNemesis(world, node, {10s, 60s}, 600'000ms));
    if (drivers.drawn.stops) world.spawn(stopNow(drivers, i, seed * 100 + i));
  }
  if (!faults) return;
  if (drivers.place != nullptr && drivers.drawn.place.refused > 0)
    world.spawn(placeOutages(drivers, seed * 10 + 1));
  if (drivers.drawn.damages && drivers.drawn.directory != Directory::kNone)
    world.spawn(damageMetadata(drivers, seed * 10 + 2));
}

// I18: whoever runs ends when it is asked to, with nothing left over.
void stopAll(Drivers& drivers) {
  World& world = drivers.world;
  drivers.ending = true;
  std::vector<Driver*> running;
  for (Node* node : drivers.nodes) {
    auto* driver = static_cast<Driver*>(node->program());
    if (driver == nullptr || driver->stopped()) continue;
    driver->stopGracefully();
    running.push_back(driver);
  }
  const auto allStopped = [&] {
    return std::all_of(running.begin(), running.end(),
                       [](const Driver* driver) { return driver->stopped(); });
  };
  if (!world.runUntil(allStopped, drivers.drawn.slow ? kSlowStopPatience : kStopPatience)) {
    if (!world.failed()) world.violation("I18", "a graceful stop did not end in a world without faults");
    return;
  }
  for (Driver* driver : running) {
    const Result<void> end = driver->end();
    // Another one has the directory.
    if (!end && end.error().code() == Code::kFenced) continue;
    const StreamingTotals totals = driver->totals();
    const bool processed = totals.received == totals.processed || driver->lostShards();
    if (end && processed && totals.unallocated == 0 && totals.leasesHeld == 0) continue;
    world.violation("I18",
                    fmt::format("a graceful stop left received={} processed={} unallocated={} leases={}: {}",
                                totals.received, totals.processed, totals.unallocated, totals.leasesHeld,
                                end ? "" : end.error().message()));
  }
}

void addHappened(const Drivers& drivers, Happened& happened) {
  happened["power_cuts"] = drivers.world.history().count("node.powercut");
  happened["sync_failures"] = drivers.world.history().count("file.syncfail");
  happened["clean_stops"] = static_cast<std::uint64_t>(drivers.stops);
  happened["outages"] = static_cast<std::uint64_t>(drivers.outages);
  happened["metadata_damaged"] = static_cast<std::uint64_t>(drivers.damaged);
  happened["slow_batches"] = drivers.slowBatches;
  happened["claims"] = drivers.claims;
  happened["repeats"] = drivers.delivery->repeats();
  const std::map<std::string, std::string> events = {{"directories_opened", "checkpoint_directory_opened"},
                                                     {"metadata_unreadable", "checkpoint_unreadable"},
                                                     {"states_restored", "state_restored"},
                                                     {"down_times", "down_time_batches"},
                                                     {"store_outages", "checkpoint_store_unavailable"},
                                                     {"writers_watched", "checkpoint_writer_watched"},
                                                     {"leases_lost", "lease_lost"}};
  for (const auto& [name, event] : events) {
    std::uint64_t& count = happened[name];
    for (const Node* node : drivers.nodes) count += node->log().count(event);
  }
}

SeedOutcome runDriverRestart(std::uint64_t seed, const WorkloadOptions& options) {
  const DrawnDriver drawn = drawDriver(seed, options.faults);
  World world(seed, worldFor(options, drawn));
  fake::FakeAws service(usualService(seed, options));
  Drivers drivers(world, seed, options.faults);
  drivers.drawn = drawn;
  drivers.delivery = std::make_unique<DeliveryChecker>(world, service.kinesis(), kStream);
  if (drawn.afterStored) {
    drivers.delivery->setStored([&drivers] {
      Conf conf = drivers.drawn.conf;
      return storedRanges(drivers.nodes[0]->disk(), conf.set("tidemill.worker.id", nameOf(0)));
    });
  }
  if (drawn.directory == Directory::kPlace) {
    drivers.place = std::make_unique<CheckpointPlace>(
        world, seed, drawn.place,
        [&drivers](std::uint64_t life, const std::string& name, const std::string& bytes) {
          onPut(drivers, life, name, bytes);
        });
  }
  if (drawn.directory != Directory::kNone) {
    watchDirectory(drivers, 0);
    if (drawn.nodes > 1 && !drawn.shared()) watchDirectory(drivers, 1);
  }
  watchCheckpoints(*drivers.leases, *drivers.delivery);
  world.net().serve(kHost,
                    {.handle = [&service](const http::Request& request,
                                          rt::WallTime now) { return service.handle(request, now).response; },
                     .throttled = {}});

  bool produced = false;
  const StreamProducerOptions producing{.endpoint = kEndpoint, .stream = kStream, .time = options.time};
  world.addNode("producer",
                taskProgram([&](rt::Env& env) { return produceStream(env, producing, produced); }));
  addDrivers(drivers, seed, options.faults);

  world.runFor(options.time + drawn.outage);
  catchUp(world, service, produced, *drivers.delivery, kCatchUpPatience,
          "not every record reached a committed batch");
  if (!world.failed()) stopAll(drivers);
  Happened happened = happenedIn(world, service.kinesis());
  addHappened(drivers, happened);
  for (const Watched& watched : drivers.watched) drivers.addCompared(*watched.batches);
  // Drivers without a directory add theirs when they end.
  SeedOutcome outcome = outcomeOf(world);
  happened["windows"] = drivers.windows;
  happened["states"] = drivers.states;
  happened["across_restarts"] = drivers.across;
  outcome.happened = std::move(happened);
  return outcome;
}

}  // namespace

Workload driverRestartWorkload() {
  Workload workload;
  workload.name = "driver_restart";
  workload.summary =
      "drivers that crash at any await: batches, windows and state go on from the checkpoint directory";
  workload.bugs = {"completed-before-output", "span-not-kept", "log-after-job", "epoch-ignored"};
  workload.run = runDriverRestart;
  return workload;
}

}  // namespace tidemill::sim

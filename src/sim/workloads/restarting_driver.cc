#include "sim/workloads/restarting_driver.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "tidemill/kinesis_utils.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

// Until a driver that comes second has been told so, on a host that stalls now and then.
constexpr rt::Duration kFencePatience = 30s;

// As the drawn configurations have it, and what a host that stalls may add.
constexpr rt::Duration kGrace = 1min;
constexpr rt::Duration kSlowGrace = 30min;
constexpr rt::Duration kStopSlack = 30s;

// Steps of a batch's life, or of a start, about.
constexpr std::uint64_t kStepsMax = 120;

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

WordCounts countsOf(const std::vector<std::pair<std::string, std::int64_t>>& words) {
  WordCounts counts;
  for (const auto& [word, count] : words) counts[word] += count;
  return counts;
}

}  // namespace

// Reads the same stream under leases of its own, so that nothing but the directory keeps it out.
struct RestartingDriver::Intruder {
  Intruder(const rt::Env& host, Drivers& drivers)
      : env{host.loop,     host.http,  host.fetchLoop, host.fetchHttp, host.workers, host.jobs, host.store,
            host.replicas, host.files, host.random,    host.log,       host.faults,  registry},
        leases(env, std::make_shared<lease::MemoryLeaseTables>()),
        seams{env, leases, testEnvironment()},
        since(drivers.world.loop().now()) {
    Conf conf = drivers.drawn.conf;
    conf.set("tidemill.worker.id", "intruder").set("tidemill.state.directory", "intruder");
    context = std::make_unique<StreamingContext>(seams, conf, Seconds(1));
    context->checkpoint(kCheckpointFolder);
    const auto size = [](const Record& record) { return record.data.size(); };
    auto sizes = KinesisUtils::createStream(*context, "app", kStream, kEndpoint, "us-east-1",
                                            KinesisInitialPosition::TrimHorizon(), Seconds(1),
                                            StorageLevel::MEMORY_ONLY, size);
    sizes.foreachRDD([](const RDD<std::size_t>&) {});
    context->start();
  }

  rt::Registry registry;
  rt::Env env;
  lease::MemoryLeaseStoreFactory leases;
  stream::Seams seams;
  const rt::TimePoint since;
  std::unique_ptr<StreamingContext> context;
};

void Drivers::addCompared(const BatchChecker& batches) {
  windows += batches.windows();
  states += batches.states();
  across += batches.across();
}

WatchedDirectory* Drivers::watchedOf(std::size_t node) {
  if (watched.empty()) return nullptr;
  return &watched[watched.size() == 1 ? 0 : node];
}

std::string driverName(std::size_t node) {
  return fmt::format("d{}", node + 1);
}

RestartingDriver::RestartingDriver(rt::Env& env, Drivers& drivers, std::size_t node)
    : jobs_(std::make_unique<SlowJobs>(drivers.world, env, drivers.drawn.slow)),
      env_{env.loop,     env.http,  env.fetchLoop, env.fetchHttp, env.workers, *jobs_,      env.store,
           env.replicas, env.files, env.random,    env.log,       env.faults,  env.registry},
      drivers_(drivers),
      node_(node),
      life_(++drivers.lives),
      job_(drivers.drawn.job),
      leases_(env_, drivers.tables),
      seams_{env_, leases_, testEnvironment()} {
  drivers_.delivery->onLifeBegun();
  if (WatchedDirectory* watched = drivers_.watchedOf(node)) {
    checker_ = watched->batches.get();
    if (drivers_.drawn.directory == DrawnDriver::Directory::kFiles) {
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
  context_ = drivers_.drawn.directory == DrawnDriver::Directory::kNone
                 ? factory()
                 : StreamingContext::getOrCreate(kCheckpointFolder, factory);
  context_->start();
  armCrash();
}

RestartingDriver::~RestartingDriver() {
  if (own_ != nullptr) drivers_.addCompared(*own_);
}

void RestartingDriver::stopGracefully() {
  intruder_.reset();  // The directory comes free.
  if (!askedToStop_) askedToStop_ = env_.loop.now();
  context_->requestStop(true);
}

void RestartingDriver::intrude() {
  // A batch of this process is completed: the directory is open.
  if (intruder_ != nullptr || completed_ == 0 || context_->getState() != StreamingContextState::ACTIVE)
    return;
  intruder_ = std::make_unique<Intruder>(env_, drivers_);
}

void RestartingDriver::lookAtIntruder() {
  if (intruder_ == nullptr) return;
  if (stopped()) {
    intruder_.reset();
    const Result<void> own = context_->awaitTermination();
    if (!own && own.error().code() == Code::kFenced)
      drivers_.world.violation("I6", "a second driver of a checkpoint directory has fenced the first");
    return;
  }
  if (intruder_->context->getState() == StreamingContextState::STOPPED) {
    const Result<void> end = intruder_->context->awaitTermination();
    intruder_.reset();
    if (!end && end.error().code() == Code::kFenced) {
      ++drivers_.intruders;
      return;
    }
    // Its own disk: it has not come so far.
    if (!end && (end.error().code() == Code::kDiskFull || end.error().code() == Code::kIo)) return;
    drivers_.world.violation("I6", "a second driver of a checkpoint directory was not fenced, but: " +
                                       (end ? "stopped" : end.error().message()));
  } else if (drivers_.world.loop().now() > intruder_->since + kFencePatience) {
    intruder_.reset();
    drivers_.world.violation("I6", "a second driver of a checkpoint directory was not kept out");
  }
}

void RestartingDriver::lookAtStop() {
  const rt::Duration grace = drivers_.drawn.slow ? kSlowGrace : kGrace;
  if (!askedToStop_ || stopped() || env_.loop.now() < *askedToStop_ + grace + kStopSlack) return;
  askedToStop_.reset();
  drivers_.world.violation("I18", "a graceful stop did not end with its grace");
}

// I13, I6, I18.
void RestartingDriver::look() {
  checker_->look();
  lookAtIntruder();
  lookAtStop();
  const std::int64_t bytes = context_->totals().blockMemoryMost;
  if (bytes <= drivers_.drawn.memoryBytes) return;
  drivers_.world.violation(
      "I13", fmt::format("blocks held {} bytes in memory, of {}", bytes, drivers_.drawn.memoryBytes));
}
void RestartingDriver::onLeaseLost(const std::string& shardId) {
  lostShards_ = true;
  checker_->onShardLost(shardId);
}

std::unique_ptr<StreamingContext> RestartingDriver::define() {
  Conf conf = drivers_.drawn.conf;
  conf.set("tidemill.worker.id", driverName(node_));
  auto context = std::make_unique<StreamingContext>(seams_, conf, Seconds(1));
  context->addStreamingListener(*this);
  const auto copy = [](const Record& record) {
    return Delivered{std::string(record.shardId), std::string(record.sequenceNumber),
                     std::string(record.text()), record.subSequenceNumber, std::string(record.partitionKey)};
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

DStream<RestartingDriver::Word> RestartingDriver::wordsIn(const DStream<Delivered>& records) {
  return records.flatMap([](const Delivered& record) {
    std::vector<Word> words;
    for (std::string& word : wordsOf(record.text)) words.emplace_back(std::move(word), 1);
    return words;
  });
}

void RestartingDriver::addWindows(const DStream<Delivered>& records) {
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

void RestartingDriver::addState(const DStream<Delivered>& records) {
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

void RestartingDriver::mayFail(std::string_view point) {
  if (env_.faults.fires(point)) throw std::runtime_error("drawn: " + std::string(point));
}

void RestartingDriver::commit(const std::vector<Delivered>& records, const BatchInfo& batch) {
  mayFail("output.before");
  drivers_.delivery->onCommit(records);
  checker_->onBatch(life_, batch.time, records);
  drivers_.world.history().add({.at = drivers_.world.loop().now(),
                                .node = driverName(node_),
                                .kind = "commit",
                                .detail = records.empty() ? "" : records.back().sequenceNumber,
                                .number = records.size()});
  mayFail("output.after");
}

void RestartingDriver::onShardStarted(const std::string&, const std::string& shardId, const std::string&,
                                      const std::string&) {
  // The second time in a process nothing is known of what was done meanwhile.
  if (!started_.insert(shardId).second) onLeaseLost(shardId);
}
void RestartingDriver::onBatchSubmitted(const BatchInfo& batch) {
  checker_->onSubmitted(batch.time, batch.records);
}
void RestartingDriver::onBatchStarted(const BatchInfo& batch) {
  if (batch.records > 0) armCrash();
}
void RestartingDriver::onBatchCompleted(const BatchInfo& batch) {
  ++completed_;
  checker_->onCompleted(life_, batch.time);
  if (batch.totalDelay().value_or(0ms) > Seconds(1)) ++drivers_.slowBatches;
}

// At any await of what begins now.
void RestartingDriver::armCrash() {
  World& world = drivers_.world;
  if (!drivers_.faults || !world.faultsOn() || !drivers_.trouble.chance(1, 8)) return;
  const std::uint64_t step = 1 + drivers_.trouble.below(kStepsMax);
  const CrashKind kind = drivers_.trouble.chance(1, 2) ? CrashKind::kPowerCut : CrashKind::kKill;
  Node* node = world.node(driverName(node_));
  if (node != nullptr && node->up()) node->crashBeforeStep(step, kind);
}

}  // namespace tidemill::sim

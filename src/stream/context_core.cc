#include "stream/context_core.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "rt/no_waiting.h"
#include "stream/conf_rules.h"
#include "stream/job_runner.h"

namespace tidemill::stream {
namespace {

constexpr char kActiveContext[] = "active streaming context";
constexpr char kDirectoryKey[] = "spark.streaming.checkpoint.directory";
constexpr Duration kIntervalMin{10};
constexpr Duration kIntervalMax{3'600'000};

}  // namespace

// Keeps the published totals fresh, batch by batch.
class ContextCore::TotalsPublisher final : public StreamingListener {
 public:
  explicit TotalsPublisher(ContextCore& core) : core_(core) {}
  void onBatchCompleted(const BatchInfo&) override { core_.publishTotals(); }

 private:
  ContextCore& core_;
};

ContextCore::ContextCore(std::shared_ptr<ContextWorld> world, Duration batchInterval)
    : world_(std::move(world)),
      seams_(world_->seams()),
      conf_(world_->conf()),
      settings_(conf_),
      batchInterval_(batchInterval),
      publisher_(std::make_unique<TotalsPublisher>(*this)) {
  if (batchInterval < kIntervalMin || batchInterval > kIntervalMax) {
    throw Error(Code::kInvalidConfig, fmt::format("batch interval of {} ms", batchInterval.count()),
                "choose between 10 ms and 1 hour");
  }
  listeners_.push_back(publisher_.get());
}

ContextCore::~ContextCore() {
  if (!world_->borrowed() && state_ == StreamingContextState::ACTIVE) {
    requestStop(false);
    ended_.wait();
  }
  world_->onControlLane([this] {
    root_.reset();
    engine_.reset();
    leaveEnvironment();
  });
}

Graph& ContextCore::editableGraph() {
  if (state_ != StreamingContextState::INITIALIZED) {
    throw Error(Code::kUsage, "inputs, operators and outputs cannot be added after the context has started",
                "define the whole program before start()");
  }
  return *graph_;
}

std::shared_ptr<ContextCore> ContextCore::activeOn(ContextWorld& world) {
  std::shared_ptr<ContextCore> active;
  world.onControlLane([&] {
    auto* const found = static_cast<ContextCore*>(world.seams().env.registry.find(kActiveContext));
    if (found != nullptr) active = found->weak_from_this().lock();
  });
  return active;
}

void ContextCore::setCheckpointDirectory(const std::string& directory) {
  if (state_ != StreamingContextState::INITIALIZED) {
    throw Error(Code::kUsage, "the checkpoint directory cannot be set after the context has started",
                "call checkpoint() before start()");
  }
  if (directory.empty()) {
    throw Error(Code::kUsage, "the checkpoint directory has no name",
                "give a path, or a url such as file:/a");
  }
  change(kDirectoryKey, directory);
}

void ContextCore::change(const std::string& key, const std::string& value) {
  settings_.with([&](Conf& settings) { settings.set(key, value); });
  if (state_ == StreamingContextState::INITIALIZED) {
    conf_.set(key, value);
    return;
  }
  seams_.env.loop.post([this, key, value, alive = std::weak_ptr<char>(alive_)] {
    if (alive.expired()) return;
    conf_.set(key, value);
    if (engine_ != nullptr) engine_->settingChanged(key);
  });
}

void ContextCore::resume(const std::string& directory, bool createOnError) {
  const std::string chosen = conf_.getText(kDirectoryKey);
  if (!chosen.empty() && chosen != directory) {
    throw Error(
        Code::kUsage,
        fmt::format("getOrCreate() of checkpoint directory {} was given a context of {}", directory, chosen),
        "name the same directory in both places, or only in getOrCreate()");
  }
  setCheckpointDirectory(directory);
  graph_->resumes = true;
  graph_->createOnError = createOnError;
}

void ContextCore::addListener(StreamingListener& listener) {
  if (state_ != StreamingContextState::INITIALIZED) {
    throw Error(Code::kUsage, "listeners cannot be added after the context has started",
                "add them before start()");
  }
  guarded_.push_back(std::make_unique<GuardedListener>(listener, seams_.env.log));
  listeners_.push_back(guarded_.back().get());
}

void ContextCore::start() {
  StreamingContextState before = state_;
  std::exception_ptr refused;
  if (before == StreamingContextState::INITIALIZED) {
    // On the lane, one after the other: several threads may start one context.
    world_->onControlLane([&] {
      try {
        before = state_;
        if (before == StreamingContextState::INITIALIZED) activate();
      } catch (...) {
        refused = std::current_exception();
      }
    });
  }
  if (refused) std::rethrow_exception(refused);
  if (before == StreamingContextState::ACTIVE) return;
  if (before != StreamingContextState::INITIALIZED) {
    throw Error(Code::kUsage, "the context has stopped and cannot be started again",
                "make a new StreamingContext");
  }
  if (!world_->borrowed() && conf_.getBoolean("spark.streaming.stopGracefullyOnShutdown")) {
    signals_ = std::make_unique<rt::ShutdownSignals>([this] { requestStop(true); });
  }
  seams_.env.loop.post([this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) begin();
  });
}

void ContextCore::activate() {
  graph_->plan(batchInterval_);
  graph_->run->setUnpersists(conf_.getBoolean("spark.streaming.unpersist"));
  const bool hasDirectory = !conf_.getText(kDirectoryKey).empty();
  if (auto valid = graph_->validate(hasDirectory); !valid) throw valid.error();
  if (auto fits = checkTogether(conf_, hasDirectory); !fits) throw fits.error();
  rt::Registry& registry = seams_.env.registry;
  if (registry.find(kActiveContext) != nullptr) {
    throw Error(Code::kUsage, "another StreamingContext is active in this environment", "stop it first");
  }
  registry.put(kActiveContext, this);
  state_ = StreamingContextState::ACTIVE;
}

void ContextCore::leaveEnvironment() {
  rt::Registry& registry = seams_.env.registry;
  if (registry.find(kActiveContext) != this) return;
  registry.erase(kActiveContext);
  world_->lendBlocks(nullptr);
}

void ContextCore::begin() {
  warnOfSettings();
  engine_ = std::make_unique<Engine>(seams_, conf_, batchInterval_, graph_, listeners_, world_->paces());
  world_->lendBlocks([this](const std::string& id) { return engine_->find(id); });
  if (earlyStop_) engine_->requestStop(*earlyStop_);
  root_ = std::make_unique<rt::TaskGroup>(seams_.env.loop);
  root_->spawn(live());
}

rt::Task<void> ContextCore::live() {
  auto result = co_await engine_->run();
  publishTotals();
  result_ = std::move(result);
  leaveEnvironment();
  signals_.reset();
  state_ = StreamingContextState::STOPPED;
  ended_.set();
}

void ContextCore::warnOfSettings() {
  base::LogSink& log = seams_.env.log;
  for (const UnknownKey& unknown : conf_.takeUnknownKeys()) {
    if (unknown.sparkOnly) {
      log.warning("key_without_effect",
                  {{"key", unknown.key}, {"origin", unknown.origin}, {"reason", unknown.reason}});
    } else {
      log.warning("unknown_key",
                  {{"key", unknown.key}, {"origin", unknown.origin}, {"nearest", unknown.nearest}});
    }
  }
  for (const OverriddenKey& key : overriddenKeys(conf_)) {
    log.warning("key_overridden", {{"key", key.key}, {"by", key.by}, {"effect", key.effect}});
  }
}

void ContextCore::publishTotals() {
  const StreamingTotals totals = engine_->totals();
  received_ = totals.received;
  processed_ = totals.processed;
  checkpointed_ = totals.checkpointed;
  aggregates_.set(totals.aggregates);
  skipped_ = totals.skipped;
  deadLettered_ = totals.deadLettered;
  leftOut_ = totals.leftOut;
  blocksLost_ = totals.blocksLost;
  blocksRebuilt_ = totals.blocksRebuilt;
  blocksShortOfLevel_ = totals.blocksShortOfLevel;
  if (totals.blockMemoryMost > 0) blockMemoryMost_ = totals.blockMemoryMost;  // Of a store that is open.
  blockHeldMost_ = totals.blockHeldMost;
  unallocated_ = totals.unallocated;
  leasesHeld_ = totals.leasesHeld;
}

StreamingTotals ContextCore::totals() const {
  return {received_,        processed_,     checkpointed_, aggregates_.totals(), skipped_,
          deadLettered_,    leftOut_,       blocksLost_,   blocksRebuilt_,       blocksShortOfLevel_,
          blockMemoryMost_, blockHeldMost_, unallocated_,  leasesHeld_};
}

void ContextCore::requestStop(bool graceful) {
  if (state_ != StreamingContextState::ACTIVE) return;
  seams_.env.loop.post([this, alive = std::weak_ptr<char>(alive_), graceful] {
    if (alive.expired()) return;
    if (engine_ == nullptr) {
      earlyStop_ = graceful;
    } else {
      engine_->requestStop(graceful);
    }
  });
}

Result<void> ContextCore::mayAwait() const {
  if (state_ != StreamingContextState::ACTIVE) return {};
  const char* where = rt::NoWaiting::here();
  if (runsHere(*graph_)) where = "inside an output operation";
  // Whoever runs the lanes of a borrowed world must not wait for them.
  if (where == nullptr && world_->borrowed()) where = "in a borrowed world";
  if (where == nullptr) return {};
  return fail(Code::kUsage, fmt::format("the end of the context cannot be awaited {}", where),
              "call requestStop() here, and await the end on the thread of the program");
}

Result<void> ContextCore::awaitTermination() {
  if (auto may = mayAwait(); !may) return may;
  ended_.wait();
  return result_;
}

bool ContextCore::awaitTerminationOrTimeout(Duration patience) {
  if (patience > Duration(0)) {
    if (auto may = mayAwait(); !may) throw may.error();
  }
  return ended_.waitFor(patience);
}

}  // namespace tidemill::stream

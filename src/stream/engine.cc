#include "stream/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "rt/backoff.h"
#include "stream/custom_receiver.h"
#include "stream/idle_receiver.h"
#include "stream/job_runner.h"
#include "stream/opened_blocks.h"
#include "stream/worker_state.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// Nobody ever waits to put something in. Events are few; what batches can hold is bounded by the memory
// budget.
constexpr std::int64_t kQueueMax = 1 << 20;

std::vector<StreamingListener*> withRates(std::vector<StreamingListener*> listeners, RateController* rates) {
  if (rates != nullptr) listeners.push_back(rates);
  return listeners;
}

}  // namespace

Engine::Engine(const Seams& seams, const Conf& conf, Duration batchInterval,
               std::shared_ptr<const Graph> graph, std::vector<StreamingListener*> listeners,
               std::shared_ptr<consume::ShardPaces> paces)
    : seams_(seams),
      env_(seams.env),
      conf_(conf),
      interval_(batchInterval),
      graph_(std::move(graph)),
      rates_(makeRates()),
      listeners_(withRates(std::move(listeners), rates_.get())),
      plan_(graph_->inputs.size()),
      folders_(env_, graph_->files),
      letters_(env_, [this](std::size_t input) -> kinesis::KinesisApi& { return *receivers_[input]->api(); }),
      events_(env_.loop, kQueueMax),
      batches_(env_.loop, kQueueMax),
      ticker_(std::make_unique<rt::TaskGroup>(env_.loop)),
      processor_(std::make_unique<rt::TaskGroup>(env_.loop)),
      phase_(std::make_unique<rt::TaskGroup>(env_.loop)),
      snapshotting_(env_.loop) {
  life_.paces = std::move(paces);
}

Engine::~Engine() = default;

std::unique_ptr<RateController> Engine::makeRates() {
  if (!conf_.getBoolean("spark.streaming.backpressure.enabled")) return nullptr;
  auto publish = [this](std::size_t input, std::int64_t rate) { receivers_[input]->updateRate(rate); };
  return std::make_unique<RateController>(env_.loop, pidOptionsOf(conf_, interval_), graph_->inputs.size(),
                                          std::move(publish));
}

void Engine::requestStop(bool graceful) {
  events_.pushNow({graceful ? Event::Kind::kStopGracefully : Event::Kind::kStopAtOnce});
}

// All others are read when they count.
void Engine::settingChanged(const std::string& key) {
  if (key != "spark.streaming.receiver.maxRate") return;
  for (const auto& receiver : receivers_) receiver->updateMaxRate(conf_.getInteger(key));
}

rt::Task<Result<void>> Engine::run() {
  phase_->spawn(start());
  auto result = co_await live();
  co_await stopAtOnce();
  co_await abandonLedger();
  co_await closeStore();
  co_await closePartitions();
  stateLock_.reset();
  co_return std::move(result);
}

rt::Task<Result<void>> Engine::live() {
  bool started = false;
  bool stopping = false;
  for (;;) {  // Until the engine stops.
    auto event = co_await events_.pop();
    switch (event->kind) {
      case Event::Kind::kStarted:
        if (stopping) break;
        started = true;
        beginBatches();
        break;
      case Event::Kind::kFailed:
        if (!stopping) co_return fail(*event->failure);
        break;  // The graceful stop tries again what failed, and has the last word.
      case Event::Kind::kStopGracefully:
        if (!stopping && started) beginGracefulStop();
        if (!stopping && !started) stopStarting();
        stopping = true;
        break;
      case Event::Kind::kStopTimedOut:
        co_return fail(stopTimedOut());
      case Event::Kind::kStopAtOnce:
        co_return Result<void>();
      case Event::Kind::kStopped:
        if (event->failure) co_return fail(*event->failure);
        co_return Result<void>();
    }
  }
}

rt::Task<void> Engine::start() {
  auto done = co_await lockState();
  if (done) done = co_await openLedger();
  if (done) done = co_await openStore();
  if (done) done = co_await startReceivers();
  if (cutShort_) {
    co_await releaseLeases();
    co_return;
  }
  if (done) done = co_await restart();
  if (done) {
    events_.pushNow({Event::Kind::kStarted});
  } else {
    events_.pushNow({Event::Kind::kFailed, done.error()});
  }
}

void Engine::beginBatches() {
  for (StreamingListener* listener : listeners_) listener->onStreamingStarted();
  times_.emplace(env_.loop.now(), env_.loop.wall(), interval_, lastAllocated_);
  pushRestart();
  ticker_->spawn(tick());
  processor_->spawn(processBatches());
}

rt::Task<Result<void>> Engine::lockState() {
  const std::string directory = conf_.getText("tidemill.state.directory");
  const std::string worker = conf_.getText("tidemill.worker.id");
  life_.incarnation = worker + "/" + env_.random.uuid();
  PartitionStoreOptions persist = partitionStoreOptionsOf(conf_);
  persist.directory = persistDirectoryOf(conf_);
  auto work = [files = &env_.files, directory, worker, incarnation = life_.incarnation,
               scratch = persist.directory]() -> Result<LockedState> {
    auto locked = lockWorkerState(*files, directory, worker, incarnation);
    if (!locked) return locked;
    auto cleared = PartitionStore::clear(*files, scratch);
    if (!cleared) return fail(cleared.error());
    return locked;
  };
  auto lock = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  if (!lock && lock.error().code() == Code::kConflict) {
    co_return fail(Code::kWorkerIdInUse,
                   fmt::format("worker {} runs already on state directory {}: {}", worker, directory,
                               lock.error().message()),
                   "stop the other process, or give this one its own state directory and worker id");
  }
  if (!lock) co_return fail(lock.error());
  stateLock_ = std::move(lock->lock);
  life_.previousIncarnation = std::move(lock->previousIncarnation);
  partitions_ = std::make_shared<PartitionStore>(env_.files, env_.log, std::move(persist));
  co_return Result<void>();
}

rt::Task<Result<void>> Engine::startReceivers() {
  startsReceivers_ = true;
  Result<void> done;
  for (std::size_t input = 0; input < graph_->inputs.size() && done && !cutShort_; ++input) {
    receivers_.push_back(makeReceiver(input));
    done = co_await receivers_.back()->start(std::move(left_[input]));
  }
  startsReceivers_ = false;
  co_return std::move(done);
}

std::unique_ptr<InputReceiver> Engine::makeReceiver(std::size_t input) {
  const auto custom = graph_->receivers.find(input);
  if (custom != graph_->receivers.end()) {
    return std::make_unique<CustomReceiver>(env_, conf_, custom->second, input, *blocks_, life_.firstBlock,
                                            *this);
  }
  const KinesisSource& source = graph_->inputs[input];
  if (source.readsFor == 0) return std::make_unique<IdleReceiver>(env_, input, source, *this);
  return std::make_unique<KinesisReceiver>(seams_, conf_, source, input, *blocks_, interval_, *this, life_);
}

rt::Task<Result<void>> Engine::openStore() {
  std::function<BlockFate(const std::string& id)> fateOf;
  if (ledger_ != nullptr)
    fateOf = [ledger = ledger_.get()](const std::string& id) { return ledger->fateOf(id); };
  OpenFarStore openFar = farStoresOf(seams_, conf_);
  auto opened = co_await openBlocks(env_, conf_, *graph_, std::move(fateOf), std::move(openFar));
  if (!opened) co_return fail(opened.error());
  blocks_ = std::move(opened->blocks);
  tiered_ = opened->store;
  life_.firstBlock = opened->firstBlock;
  if (ledger_ != nullptr) life_.firstBlock = std::max(life_.firstBlock, ledger_->firstBlock());
  left_ = std::move(opened->left);
  PresenceOptions options;
  options.keepRebuilt = conf_.getBoolean("tidemill.recovery.keep");
  options.losePerMillion = static_cast<std::uint64_t>(conf_.getPerMillion("tidemill.test.loseBlocks"));
  presence_ = std::make_unique<BatchPresence>(env_, *blocks_, options, listeners_);
  co_return Result<void>();
}

void Engine::onBlock(std::size_t input, std::shared_ptr<const block::BlockInfo> block) {
  if (ledger_ != nullptr) ledger_->added(input, block);
  plan_.add(input, std::move(block));
}

void Engine::onReceiver(ReceiverEvent event, const ReceiverInfo& receiver) {
  for (StreamingListener* listener : listeners_) {
    switch (event) {
      case ReceiverEvent::kStarted:
        listener->onReceiverStarted(receiver);
        break;
      case ReceiverEvent::kError:
        listener->onReceiverError(receiver);
        break;
      case ReceiverEvent::kStopped:
        listener->onReceiverStopped(receiver);
        break;
    }
  }
}

void Engine::onReceiverFailed(const Error& error) {
  events_.pushNow({Event::Kind::kFailed, error});
}

rt::Task<void> Engine::tick() {
  for (;;) {  // Until the engine stops.
    const BatchTimes::Tick next = times_->tick(ticks_);
    co_await env_.loop.sleepUntil(next.due);
    co_await folders_.look(interval_);
    // At once: a stop that comes between them must not leave files chosen for a batch that nobody makes.
    ++ticks_;
    folders_.choose(next.time);
    allocate(next.time);
  }
}

void Engine::allocate(Time time) {
  const bool runsEmpty = graph_->looksBack() && !env_.faults.planted("queue-batch-skipped");
  std::optional<Batch> batch = plan_.allocate(time, !runsEmpty && (busy_ || batches_.size() > 0));
  if (!batch) return;
  for (const FileInput& input : graph_->files) {
    auto chosen = input.choices->of(time);
    if (chosen && !chosen->empty()) batch->files.emplace(input.uid(), std::move(*chosen));
  }
  if (ledger_ != nullptr) {
    if (ledger_->awaitsShards() && env_.loop.now() >= awaitedUntil_) ledger_->giveUpAwaited();
    ledger_->allocated(*batch);
  }
  submit(std::move(*batch));
}

void Engine::submit(Batch batch) {
  batch.timing.submitted(env_.loop);
  for (StreamingListener* listener : listeners_) listener->onBatchSubmitted(infoOf(batch, 1));
  batches_.pushNow(std::make_shared<const Batch>(std::move(batch)));
}

rt::Task<void> Engine::processBatches() {
  for (;;) {  // Until the channel is closed, or a batch keeps failing.
    auto batch = co_await batches_.pop();
    if (!batch) co_return;
    busy_ = true;
    auto done = co_await processBatch(std::move(*batch));
    busy_ = false;
    if (!done) {
      batchFailure_ = done.error();
      events_.pushNow({Event::Kind::kFailed, done.error()});
      co_return;
    }
  }
}

rt::Task<Result<void>> Engine::processBatch(std::shared_ptr<const Batch> whole) {
  const int attemptsMax = static_cast<int>(conf_.getInteger("tidemill.batch.maxFailures"));
  rt::Backoff backoff({.base = 500ms, .cap = 30s}, env_.random);
  whole = begun(*whole);
  std::shared_ptr<const Batch> batch = whole;
  auto logged = co_await logAllocated();
  if (!logged) co_return std::move(logged);
  if (env_.faults.planted("completed-before-output")) {
    auto early = co_await logCompleted(whole, batch);
    if (!early) co_return std::move(early);
  }
  for (int attempt = 1;; ++attempt) {  // Bounded by attemptsMax.
    auto done = co_await tryBatch(batch, attempt);
    if (done) {
      auto completed = co_await logCompleted(whole, batch);
      if (completed) batchDone(whole, batch, attempt);
      co_return std::move(completed);
    }
    const Error& error = done.error();
    noteFailed(*batch, attempt, error);
    // Trying again cannot bring records back that are gone from the stream.
    if (attempt >= attemptsMax || error.code() == Code::kDataLoss) {
      co_return fail(
          error.within(fmt::format("batch {} failed {} times; its records were not checkpointed and are "
                                   "read again at the next start",
                                   batch->time.time_since_epoch().count(), attempt)));
    }
    const rt::Duration delay = backoff.next();
    co_await env_.loop.sleepFor(delay);
  }
}

std::shared_ptr<const Batch> Engine::begun(const Batch& batch) {
  auto begun = std::make_shared<Batch>(batch);
  begun->timing.started(env_.loop);
  for (StreamingListener* listener : listeners_) listener->onBatchStarted(infoOf(*begun, 1));
  return begun;
}

void Engine::noteFailed(const Batch& batch, int attempt, const Error& error) {
  env_.log.warning("batch_failed", {{"batch", batch.time.time_since_epoch().count()},
                                    {"records", batch.records()},
                                    {"attempt", attempt},
                                    {"reason", error.message()}});
  for (StreamingListener* listener : listeners_)
    listener->onBatchFailed(infoOf(batch, attempt), error.message());
}

std::shared_ptr<const Batch> Engine::deliverable(const Batch& batch) {
  Batch kept{batch.time, {}, batch.timing, batch.logged, batch.files};
  for (std::size_t input = 0; input < batch.inputs.size(); ++input) {
    kept.inputs.push_back(receivers_[input]->deliverable(batch.inputs[input]));
  }
  return std::make_shared<const Batch>(std::move(kept));
}

// A block that no task can read is read again, which is no failure of the outputs. Each block once: one that
// is damaged again at once is a failure.
rt::Task<Result<void>> Engine::tryBatch(std::shared_ptr<const Batch>& batch, int attempt) {
  std::set<std::string> readAgain;
  for (;;) {  // Bounded by the number of blocks.
    std::vector<std::string> unreadable;
    auto done = co_await runBatch(batch, attempt, unreadable);
    for (std::string& id : history_.unreadable()) unreadable.push_back(std::move(id));
    bool again = false;
    for (const std::string& id : unreadable) {
      presence_->unreadable(id);
      if (readAgain.insert(id).second) again = true;
    }
    if (!unreadable.empty() && done) {  // The output has swallowed what the task threw.
      done = fail(Code::kDamagedBlock, "block " + unreadable.front() + " could not be read", "");
    }
    if (!again) co_return std::move(done);
  }
}

rt::Task<Result<void>> Engine::runBatch(std::shared_ptr<const Batch>& batch, int attempt,
                                        std::vector<std::string>& unreadable) {
  // Leases may have been lost since these records were read, or since the last try.
  batch = deliverable(*batch);
  std::vector<BlockRecovery*> inputs;
  for (const auto& receiver : receivers_) inputs.push_back(receiver.get());
  auto remembered = co_await findHistory(inputs);
  if (!remembered) co_return std::move(remembered);
  auto present = co_await presence_->make(batch, std::move(inputs));
  if (!present) co_return fail(present.error());
  batch = deliverable(*present->batch);  // Recovery may have taken its time.
  if (attempt == 1 && env_.faults.planted("checkpoint-before-output")) {
    markProcessed(*batch);
    co_await env_.loop.sleepFor(200ms);
  }
  auto outcomes = std::make_shared<HandlerOutcomes>(conf_.getInteger("tidemill.handler.deadLetterBytes"));
  const int taskAttempts = static_cast<int>(conf_.getInteger("spark.task.maxFailures"));
  const auto views = std::make_shared<const Views>(viewsOf(*batch, *present));
  OutputRun work{graph_,     batch,   views,        history_.forTry(), interval_,
                 stateLock_, attempt, taskAttempts, outcomes};
  takenSnapshots_ = std::make_shared<std::vector<StateSnapshot>>();
  work.snapshotsOf = snapshotsDue(batch->time);
  work.snapshots = takenSnapshots_;
  work.partitions = partitions_;
  views_.clear();
  lastViews_ = views;
  for (const auto& ofInput : *views) {
    for (const auto& view : ofInput) views_.emplace(view->info()->id, view);
  }
  auto done = co_await runOutputs(env_, std::move(work));
  for (const auto& ofInput : *views) {
    for (const auto& view : ofInput) {
      if (view->unreadable()) unreadable.push_back(view->info()->id);
    }
  }
  if (!done || !unreadable.empty()) co_return std::move(done);
  co_return co_await letters_.settle(outcomes);
}

// Every block that streams look back at is where a task finds it.
rt::Task<Result<void>> Engine::findHistory(std::vector<BlockRecovery*> inputs) {
  for (;;) {  // Bounded by the number of batches.
    const RememberedBatch* absent = history_.absent();
    if (absent == nullptr) co_return Result<void>();
    const std::shared_ptr<const Batch> batch = absent->delivered;
    std::vector<BlockRecovery*> readers = inputs;
    auto present = co_await presence_->make(batch, std::move(readers));
    if (!present) co_return fail(present.error());
    history_.found(batch->time, viewsOf(*present->batch, *present));
  }
}

std::shared_ptr<const block::BlockSource> Engine::find(const std::string& blockId) const {
  const auto found = views_.find(blockId);
  const auto view = found == views_.end() ? nullptr : found->second.lock();
  return view == nullptr ? nullptr : std::make_shared<LentBlock>(view);
}

void Engine::markProcessed(const Batch& batch) {
  for (std::size_t input = 0; input < receivers_.size(); ++input) {
    receivers_[input]->processed(batch.inputs[input]);
  }
}

void Engine::batchDone(std::shared_ptr<const Batch> whole, std::shared_ptr<const Batch> delivered,
                       int attempt) {
  if (!env_.faults.planted("checkpoint-before-output")) {
    markProcessed(*delivered);
  }
  history_.add({whole, delivered, std::exchange(lastViews_, nullptr)});
  for (const RememberedBatch& past : history_.takeUpTo(whole->time - graph_->blocksDuration())) {
    release(*past.whole);
  }
  for (const FileInput& input : graph_->files)
    input.choices->forgetUpTo(whole->time - graph_->rememberDuration());
  cleanLedger(whole->time);
  BatchInfo info = infoOf(*delivered, attempt);
  BatchTiming timing = delivered->timing;
  timing.ended(env_.loop);
  timing.describe(info);
  for (StreamingListener* listener : listeners_) listener->onBatchCompleted(info);
}

void Engine::release(const Batch& whole) {
  for (const std::string& id : whole.blockIds()) {
    if (!env_.faults.planted("held-not-released")) blocks_->release(id);
    presence_->forget(id);
  }
  for (std::size_t input = 0; input < receivers_.size(); ++input) {
    receivers_[input]->released(whole.inputs[input]);
  }
}

StreamingTotals Engine::totals() const {
  StreamingTotals totals;
  if (presence_ != nullptr) {
    totals.blocksLost = presence_->blocksLost();
    totals.blocksRebuilt = presence_->blocksRebuilt();
  }
  if (tiered_ != nullptr) totals.blockMemoryMost = tiered_->totals().memoryBytesMost;
  if (blocks_ != nullptr) totals.blockHeldMost = blocks_->heldBytesMost();
  totals.unallocated = plan_.unallocatedRecords();
  for (const auto& receiver : receivers_) {
    const consume::CoordinatorTotals one = receiver->totals();
    totals.unallocated += receiver->waitingRecords();
    totals.leasesHeld += receiver->leasesHeld();
    totals.received += receiver->received();
    totals.blocksShortOfLevel += receiver->shortOfLevel();
    totals.processed += one.processed;
    totals.checkpointed += one.checkpointed;
    totals.aggregates += receiver->aggregates();
  }
  totals.skipped = letters_.skipped();
  totals.deadLettered = letters_.deadLettered();
  totals.leftOut = letters_.leftOut();
  return totals;
}

}  // namespace tidemill::stream

#include "stream/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/custom_receiver.h"
#include "stream/idle_receiver.h"
#include "stream/opened_blocks.h"
#include "stream/worker_state.h"

namespace tidemill::stream {
namespace {

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
      snapshotting_(env_.loop),
      ticker_(std::make_unique<rt::TaskGroup>(env_.loop)),
      processor_(std::make_unique<rt::TaskGroup>(env_.loop)),
      phase_(std::make_unique<rt::TaskGroup>(env_.loop)) {
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

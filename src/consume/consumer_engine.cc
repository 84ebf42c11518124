#include "consume/consumer_engine.h"

#include <utility>
#include <vector>

#include "aws/client_options.h"
#include "kinesis/kinesis_client.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

// A lease write takes milliseconds; a call to a service that hangs is not waited for.
constexpr rt::Duration kAbandonPatience = 2s;

// How often running calls are looked at.
constexpr rt::Duration kWatchEvery = 100ms;

// What concerns one shard: the others go on.
bool concernsOneShard(const Error& error) {
  return error.code() == Code::kDataLoss || error.code() == Code::kMalformedResponse ||
         error.code() == Code::kInvalidArgument;
}

}  // namespace

ConsumerEngine::ConsumerEngine(const ConsumerSeams& seams, const ConsumerOptions& options,
                               const ShardHandlerFactory& factory)
    : seams_(seams),
      env_(seams.env),
      options_(options),
      factory_(factory),
      runnerOptions_(runnerOptions()),
      random_(seams.env.random.fork()),
      box_(seams.env, options),
      mailbox_(std::make_shared<ReadingMailbox>(ReadingMailbox{this})),
      wake_(env_.loop),
      watch_(env_.loop),
      runners_(env_.loop),
      coordination_(env_.loop) {}

ConsumerEngine::~ConsumerEngine() {
  mailbox_->listener = nullptr;
  if (reading_ != nullptr) {
    env_.fetchLoop.post([side = std::move(reading_)] { side->shutdown(); });
  }
}

Result<ConsumerReading::MakeApi> ConsumerEngine::apiMaker() const {
  aws::EndpointOptions where;
  if (!options_.kinesisEndpoint.empty()) where.endpoint = options_.kinesisEndpoint;
  if (!options_.regionName.empty()) where.region = options_.regionName;
  where.allowPlainHttp = options_.allowPlainHttp;
  auto access = aws::resolveClientOptions("kinesis", where, options_.credentials, seams_.environment);
  if (!access) return fail(access.error());
  kinesis::KinesisClientOptions client;
  client.aws = std::move(*access);
  client.aws.callTimeout = options_.kinesisCallTimeout;
  base::LogSink* log = &env_.log;
  return ConsumerReading::MakeApi(
      [client, log](rt::Loop& loop, http::HttpTransport& http,
                    base::Random& random) -> std::unique_ptr<kinesis::KinesisApi> {
        return std::make_unique<kinesis::KinesisClient>(loop, http, random, *log, client);
      });
}

CoordinatorOptions ConsumerEngine::coordinatorOptions() const {
  const bool manual = options_.checkpointMode == CheckpointMode::kManual;
  CoordinatorOptions options;
  options.application = options_.applicationName;
  options.stream = options_.streamName;
  options.worker.id = options_.workerId;
  options.initialPosition = options_.initialPosition;
  options.checkpointInterval = manual ? rt::Duration(0) : rt::Duration(options_.checkpointInterval);
  options.times.failover = options_.failoverTime;
  options.scanEvery = options_.leaseScanInterval;
  options.take.maxLeases = options_.maxLeases;
  options.take.maxLeasesToSteal = options_.maxLeasesToSteal;
  options.take.maxLeasesToAsk = options_.maxLeasesToAsk;
  options.take.handOverTimeout = options_.handOverTimeout;
  options.take.enablePriority = options_.enablePriorityLeaseAssignment;
  options.cleanup.enabled = options_.cleanupLeases;
  options.cleanup.completedInterval = options_.completedLeaseCleanupInterval;
  options.cleanup.garbageInterval = options_.garbageLeaseCleanupInterval;
  return options;
}

ReadingOptions ConsumerEngine::readingOptions() const {
  ReadingOptions options;
  options.stream = options_.streamName;
  options.polling.recordsPerCall = options_.maxRecords;
  options.polling.pace.idle = options_.idleTimeBetweenReads;
  options.polling.pace.callsPerSecond = options_.readCallsPerSecond;
  options.polling.deaggregate = options_.kplDeaggregate;
  options.polling.kplOutOfRange = options_.kplOutOfRange;
  options.budgetBytes = options_.memoryBudget;
  options.pendingPagesMax = options_.maxPendingBatches;
  options.pendingBytesMax = options_.maxPendingBytes;
  options.aggregates = aggregates_;
  return options;
}

RunnerOptions ConsumerEngine::runnerOptions() const {
  RunnerOptions options;
  options.application = options_.applicationName;
  options.stream = options_.streamName;
  options.mode = options_.checkpointMode;
  options.policy = {options_.exceptionRetriesMax, options_.retryAfterMax, options_.afterRetries};
  options.backoff = {.base = options_.exceptionBackoff, .cap = options_.exceptionBackoffCap};
  options.handlerWarningAfter = options_.handlerWarningAfter;
  options.emptyCalls = options_.callProcessRecordsEvenForEmptyRecordList;
  options.logExceptionText = options_.logExceptionText;
  return options;
}

rt::Task<Result<void>> ConsumerEngine::run() {
  watch_.spawn(watchCalls());
  std::optional<Result<void>> opened;
  coordination_.spawn(openInto(opened));
  while (!opened && !stopRequested_) co_await wake_.until(rt::TimePoint::max());
  if (!opened) {
    // A write that is on its way has a moment to end, so that its outcome is known.
    co_await coordination_.join(kAbandonPatience);
    if (!opened) {
      coordination_.cancel();
      co_return Result<void>();
    }
  }
  if (!*opened) failure_ = opened->error();
  if (!failure_) {
    state_ = ConsumerState::kRunning;
    env_.log.info("consumer_running", {{"application", options_.applicationName},
                                       {"stream", options_.streamName},
                                       {"worker", options_.workerId}});
    coordination_.spawn(coordinate());
    while (!stopRequested_ && !failure_) co_await wake_.until(rt::TimePoint::max());
  }
  const bool coordinated = *opened && !coordinatorEnded_;
  co_return co_await close(coordinated);
}

rt::Task<void> ConsumerEngine::openInto(std::optional<Result<void>>& into) {
  auto opened = co_await open();
  into.emplace(std::move(opened));
  wake_.notify();
}

rt::Task<Result<void>> ConsumerEngine::open() {
  auto makeApi = apiMaker();
  if (!makeApi) co_return fail(makeApi.error());
  const std::string table = options_.tableName.empty() ? options_.applicationName : options_.tableName;
  auto store = co_await seams_.leases.open(table, options_.streamName);
  if (!store) co_return fail(store.error());
  store_ = std::move(*store);
  api_ = (*makeApi)(env_.loop, env_.http, random_);
  reading_ = std::make_shared<ConsumerReading>(env_, readingOptions(), random_.fork(), std::move(*makeApi),
                                               mailbox_);
  env_.fetchLoop.post([side = reading_] { side->open(); });
  CoordinatorListener& listener = *this;
  coordinator_ = std::make_unique<ShardCoordinator>(env_, *api_, *store_, listener, coordinatorOptions());
  co_return co_await coordinator_->open();
}

rt::Task<void> ConsumerEngine::coordinate() {
  auto ended = co_await coordinator_->run();
  coordinatorEnded_ = true;
  if (!ended && !failure_) failure_ = ended.error();
  wake_.notify();
}

// What was read and not delivered is left to the next owner: it is behind the checkpoints. Leases are renewed
// until the last handler is done.
rt::Task<Result<void>> ConsumerEngine::close(bool coordinated) {
  state_ = ConsumerState::kStopping;
  if (reading_ != nullptr) {
    env_.fetchLoop.post([side = std::move(reading_)] { side->shutdown(); });
    reading_ = nullptr;
  }
  if (coordinated) coordinator_->stopTaking();
  co_await stopRunners();
  if (coordinated) {
    coordinator_->requestStop();
    co_await coordination_.join(rt::Duration::max());
    auto finished = co_await coordinator_->finish();
    if (!finished && !failure_) failure_ = finished.error();
  }
  if (failure_) co_return fail(*failure_);
  co_return Result<void>();
}

rt::Task<void> ConsumerEngine::stopRunners() {
  for (auto& [shardId, slot] : slots_) {
    slot.next.reset();
    if (coordinatorEnded_) {
      slot.runner->loseLease();  // Nobody renews it any more.
    } else {
      slot.runner->shutDown();
    }
  }
  auto all = co_await runners_.join(options_.shutdownGrace);
  if (all) co_return;
  for (const auto& [shardId, slot] : slots_) {
    env_.log.warning("handler_abandoned", {{"stream", options_.streamName}, {"shard", shardId}});
  }
  runners_.cancel();
  slots_.clear();
}

void ConsumerEngine::requestStop() {
  stopRequested_ = true;
  wake_.notify();
}

rt::Task<void> ConsumerEngine::watchCalls() {
  for (;;) {  // Until the engine ends.
    co_await env_.loop.sleepFor(kWatchEvery);
    for (const auto& [shardId, slot] : slots_) slot.runner->checkSlow(env_.loop.now());
  }
}

ShardRunner* ConsumerEngine::find(const std::string& shardId, std::int64_t token) {
  const auto slot = slots_.find(shardId);
  if (slot == slots_.end() || slot->second.runner->token() != token) return nullptr;
  return slot->second.runner.get();
}

void ConsumerEngine::startShard(const ShardStart& start) {
  if (state_ == ConsumerState::kStopping) return;  // It is given up with the others.
  const auto slot = slots_.find(start.shardId);
  if (slot == slots_.end()) {
    launch(start);
  } else {
    slot->second.next = start;
  }
}

void ConsumerEngine::launch(const ShardStart& start) {
  RunnerHost& host = *this;
  auto runner = std::make_unique<ShardRunner>(env_, host, box_, runnerOptions_, factory_, start);
  ShardRunner& running = *runner;
  slots_[start.shardId].runner = std::move(runner);
  runners_.spawn(runShard(start.shardId, running));
  env_.fetchLoop.post([side = reading_, start] { side->start(start); });
}

rt::Task<void> ConsumerEngine::runShard(std::string shardId, ShardRunner& runner) {
  co_await runner.run();
  stopReading(shardId, runner.token());
  auto slot = slots_.extract(shardId);
  if (slot.mapped().next) launch(*slot.mapped().next);
}

void ConsumerEngine::stopShard(const ShardStop& stop) {
  stopReading(stop.shardId, stop.token);
  const auto slot = slots_.find(stop.shardId);
  if (slot == slots_.end()) {
    // Its end waits to be written, and nothing is left to hand over but that.
    return;
  }
  if (slot->second.next && slot->second.next->token == stop.token) {
    slot->second.next.reset();
    if (stop.handOver) handedOverUnread(stop);
  }
  ShardRunner* runner = find(stop.shardId, stop.token);
  if (runner == nullptr) return;
  if (stop.handOver) {
    runner->handOver();
  } else {
    runner->loseLease();
  }
}

void ConsumerEngine::handedOverUnread(const ShardStop& stop) {
  ended({.shardId = stop.shardId, .token = stop.token, .kind = block::ShardEnd::Kind::kHandOver});
}

bool ConsumerEngine::holds(const std::string& shardId, std::int64_t token) {
  return coordinator_->holds(shardId, token);
}

void ConsumerEngine::processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                               std::int64_t records) {
  coordinator_->processed(shardId, token, to, records);
}

void ConsumerEngine::prepare(const std::string& shardId, std::int64_t token, const lease::Checkpoint& pending,
                             std::string state) {
  coordinator_->prepare(shardId, token, pending, std::move(state));
}

void ConsumerEngine::ended(const block::ShardEnd& end) {
  coordinator_->ended(end);
}

const lease::Lease* ConsumerEngine::row(const std::string& shardId, std::int64_t token) {
  const Tenure* tenure = coordinator_->book().find(shardId);
  return tenure == nullptr || tenure->token() != token ? nullptr : &tenure->row();
}

void ConsumerEngine::pageDone(const std::string& shardId, std::int64_t token, std::int64_t bytes) {
  if (reading_ == nullptr) return;
  env_.fetchLoop.post([side = reading_, shardId, token, bytes] { side->pageDone(shardId, token, bytes); });
}

void ConsumerEngine::stopReading(const std::string& shardId, std::int64_t token) {
  if (reading_ == nullptr) return;
  env_.fetchLoop.post([side = reading_, shardId, token] { side->stop(shardId, token); });
}

void ConsumerEngine::fatal(const Error& error) {
  if (!failure_) failure_ = error;
  wake_.notify();
}

void ConsumerEngine::onPage(std::shared_ptr<const block::ShardPage> page) {
  ShardRunner* runner = find(page->shardId, page->token);
  if (runner != nullptr) runner->page(std::move(page));
}

void ConsumerEngine::onEmpty(const std::string& shardId, std::int64_t token) {
  ShardRunner* runner = find(shardId, token);
  if (runner != nullptr) runner->empty();
}

void ConsumerEngine::onEnd(block::ShardEnd end) {
  ShardRunner* runner = find(end.shardId, end.token);
  if (runner != nullptr) runner->shardEnd(std::move(end));
}

void ConsumerEngine::onReadFailed(const std::string& shardId, std::int64_t token, const Error& error) {
  ShardRunner* runner = find(shardId, token);
  if (runner == nullptr) return;
  if (concernsOneShard(error)) {
    runner->readFailed(error);
  } else {
    fatal(error);
  }
}

ConsumerStatus ConsumerEngine::status() {
  ConsumerStatus status;
  status.state = state_;
  status.workerId = options_.workerId;
  status.delivered = delivered_;
  status.aggregates = aggregates_->totals();
  status.deadLettered = deadLettered_;
  if (coordinator_ != nullptr) status.checkpointed = coordinator_->totals().checkpointed;
  for (const auto& [shardId, slot] : slots_) status.shards.push_back(slot.runner->status());
  return status;
}

}  // namespace tidemill::consume

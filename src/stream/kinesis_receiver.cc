#include "stream/kinesis_receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "kinesis/kinesis_client.h"
#include "stream/block_number.h"
#include "stream/checkpoint_after.h"
#include "stream/client_retries.h"
#include "stream/kinesis_options.h"
#include "stream/receiver_level.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// A lease write takes milliseconds; a call to a service that hangs is not waited for.
constexpr rt::Duration kAbandonPatience = 2s;

// Of one call of the recovery with all its tries. (Spark: the batch interval, and its retryTimeoutMs)
constexpr Duration kRecoveryTimeoutMin = 10s;

// Those that lease checkpoints wait for.
BlockInfoList waitedFor(const BlockInfoList& blocks) {
  BlockInfoList waited;
  waited.reserve(blocks.size());
  std::copy_if(blocks.begin(), blocks.end(), std::back_inserter(waited),
               [](const auto& info) { return info->owedTo.empty(); });
  return waited;
}

RestartOptions restartOptionsOf(const Conf& conf) {
  return {conf.getDuration("spark.streaming.receiverRestartDelay"),
          static_cast<int>(conf.getInteger("tidemill.receiver.maxRestarts"))};
}

}  // namespace

KinesisReceiver::KinesisReceiver(const Seams& seams, const Conf& conf, const KinesisSource& source,
                                 std::size_t input, StoredBlocks& blocks, Duration batchInterval,
                                 ReceiverHost& host, const WorkerLife& life)
    : seams_(seams),
      env_(seams.env),
      conf_(conf),
      source_(source),
      input_(input),
      blocks_(blocks),
      batchInterval_(batchInterval),
      afterStored_(checkpointAfter(conf) == CheckpointAfter::kStored),
      level_(receiverLevel(conf, source.storageLevel)),
      host_(host),
      life_(life),
      random_(seams.env.random.fork()),
      mailbox_(std::make_shared<Mailbox>(Mailbox{this})),
      condition_(env_, input, source.streamName, restartOptionsOf(conf), host),
      nextBlock_(life.firstBlock),
      keeper_(env_, blocks, keeperOptions(), *this),
      drained_(env_.loop),
      halted_(env_.loop),
      tasks_(env_.loop),
      restarts_(env_.loop) {}

KinesisReceiver::~KinesisReceiver() {
  mailbox_->receiver = nullptr;
  if (fetchSide_ != nullptr) {
    env_.fetchLoop.post([side = std::move(fetchSide_)] { side->close(); });
  }
}

KeeperOptions KinesisReceiver::keeperOptions() const {
  KeeperOptions options;
  options.streamName = source_.streamName;
  options.level = level_;
  options.nowhereBytesMax = conf_.getInteger("tidemill.memory.budget");
  // What is not stored must not be passed by a checkpoint that follows the store.
  options.mayHold = !afterStored_;
  return options;
}

consume::RangeReadOptions KinesisReceiver::recoveryOptions() const {
  const Duration timeout = std::max<Duration>(batchInterval_, kRecoveryTimeoutMin);
  consume::RangeReadOptions options = rangeReadOptionsOf(readConfigurationsOf(conf_, timeout, level_));
  // The memory that is reserved for it: one answer for each worker thread.
  options.answersMax = std::max(1, env_.workers.threads());
  options.streamName = source_.streamName;
  options.kpl = kplRulesOf(conf_);
  return options;
}

rt::Task<Result<void>> KinesisReceiver::start(BlockInfoList left) {
  auto level = checkReceiverLevel(conf_, source_, env_.log);
  if (!level) co_return fail(level.error());
  auto makeApi = apiMaker();
  if (!makeApi) co_return fail(makeApi.error());
  auto store = co_await seams_.leases.open(source_.applicationName, source_.streamName);
  if (!store) co_return fail(store.error());
  store_ = std::move(*store);
  api_ = (*makeApi)(env_.loop, env_.http, random_);
  fetchSide_ = makeFetchSide(std::move(*makeApi));
  env_.fetchLoop.post([side = fetchSide_] { side->open(); });

  consume::CoordinatorOptions options;
  options.application = source_.applicationName;
  options.stream = source_.streamName;
  options.worker = {conf_.getText("tidemill.worker.id"), life_.incarnation};
  options.previousIncarnation = life_.previousIncarnation;
  options.checkpointInterval = source_.checkpointInterval;
  options.initialPosition = source_.initialPosition;
  options.retries = leaseRetriesOf(conf_);
  options.times.failover = conf_.getDuration("tidemill.leases.failover");
  options.scanEvery = conf_.getDuration("tidemill.leases.scanInterval");
  options.take.maxLeases = static_cast<int>(conf_.getInteger("tidemill.leases.max"));
  options.take.maxLeasesToSteal = static_cast<int>(conf_.getInteger("tidemill.leases.maxToSteal"));
  coordinator_ = std::make_unique<consume::ShardCoordinator>(env_, *api_, *store_, *this, std::move(options));
  auto opened = co_await coordinator_->open();
  if (!opened) co_return fail(opened.error());
  giveLeft(left);
  tasks_.spawn(runCoordinator());
  condition_.started();
  co_return Result<void>();
}

// A block behind one that was not stored when the process ended is read again, in its place; checkpoints
// pass blocks in order. Of a block either all records of a shard are passed, or none. What the log knows
// comes from there.
void KinesisReceiver::giveLeft(const BlockInfoList& left) {
  std::size_t readAgain = 0;
  std::size_t logged = 0;
  for (const auto& info : left) {
    std::set<std::pair<std::string, std::int64_t>> passed;  // Shards and tokens.
    bool isLogged = false;
    bool isAhead = false;
    for (const block::SliceInfo& slice : info->slices) {
      if (host_.isLogged(input_, slice)) {
        isLogged = true;
      } else if (coordinator_->isAhead(slice.range)) {
        isAhead = true;
      } else {
        passed.emplace(slice.range.shardId, slice.token);
      }
    }
    if (isLogged) ++logged;
    if (isAhead) ++readAgain;
    auto owed = block::keepOnly(info, [&passed](const std::string& shardId, std::int64_t token) {
      return passed.contains({shardId, token});
    });
    if (owed == nullptr || owed->slices.empty()) {
      blocks_.release(info->id);
      continue;
    }
    received_ += owed->recordCount();
    host_.onBlock(input_, std::move(owed));
  }
  if (readAgain > 0) {
    env_.log.info("blocks_read_again", {{"stream", source_.streamName}, {"blocks", readAgain}});
  }
  if (logged > 0) {
    env_.log.info("blocks_logged_before", {{"stream", source_.streamName}, {"blocks", logged}});
  }
}

Result<FetchSide::MakeApi> KinesisReceiver::apiMaker() const {
  auto options = kinesisClientOptionsOf(conf_, {source_.endpointUrl, source_.regionName, source_.credentials},
                                        seams_.environment);
  if (!options) return fail(options.error());
  base::LogSink* log = &env_.log;
  return FetchSide::MakeApi(
      [options = std::move(*options), log](rt::Loop& loop, http::HttpTransport& http,
                                           base::Random& random) -> std::unique_ptr<kinesis::KinesisApi> {
        return std::make_unique<kinesis::KinesisClient>(loop, http, random, *log, options);
      });
}

std::shared_ptr<FetchSide> KinesisReceiver::makeFetchSide(FetchSide::MakeApi makeApi) {
  FetchSideOptions options;
  options.recovery = recoveryOptions();
  options.streamName = source_.streamName;
  options.idPrefix = "input-" + std::to_string(input_);
  options.firstBlock = life_.firstBlock;
  options.polling.recordsPerCall = static_cast<int>(conf_.getInteger("tidemill.kinesis.maxRecords"));
  options.polling.pace = paceOptionsOf(conf_);
  options.polling.backoff = readBackoffOf(conf_);
  options.polling.deaggregate = options.recovery.kpl.deaggregate;
  options.polling.kplOutOfRange = options.recovery.kpl.outOfRange;
  options.aggregates = aggregates_;
  options.paces = life_.paces;
  options.blocks.sealBytes = conf_.getInteger("tidemill.block.sealBytes");
  if (afterStored_) options.blocks.owedTo = source_.applicationName;
  options.blockInterval = conf_.getDuration("spark.streaming.blockInterval");
  options.blockQueueSize = conf_.getInteger("spark.streaming.blockQueueSize");
  options.budgetBytes = conf_.getInteger("tidemill.memory.budget");
  options.rate = {ofAllInputs(conf_.getInteger("spark.streaming.receiver.maxRate")),
                  ofAllInputs(conf_.getInteger("spark.streaming.backpressure.initialRate"))};
  rt::Loop* control = &env_.loop;
  const auto mailbox = mailbox_;
  auto onBlock = [control, mailbox](std::shared_ptr<const block::Block> block) {
    control->post([mailbox, block = std::move(block)]() mutable {
      KinesisReceiver* receiver = mailbox->receiver;
      if (receiver != nullptr) receiver->onSealed(std::move(block));
    });
  };
  auto onFailure = [control, mailbox](const std::string& shardId, const Error& error) {
    control->post([mailbox, shardId, error] {
      if (mailbox->receiver != nullptr) mailbox->receiver->failed(shardId, error);
    });
  };
  return std::make_shared<FetchSide>(env_, std::move(options), random_.fork(), std::move(makeApi),
                                     std::move(onBlock), std::move(onFailure));
}

void KinesisReceiver::updateRate(std::int64_t rate) {
  if (fetchSide_ == nullptr) return;
  env_.fetchLoop.post([side = fetchSide_, rate] { side->updateRate(rate); });
}

void KinesisReceiver::updateMaxRate(std::int64_t rate) {
  if (fetchSide_ == nullptr) return;
  env_.fetchLoop.post([side = fetchSide_, most = ofAllInputs(rate)] { side->updateMaxRate(most); });
}

std::int64_t KinesisReceiver::ofAllInputs(std::int64_t rate) const {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return rate > kMost / source_.readsFor ? kMost : rate * source_.readsFor;
}

void KinesisReceiver::noteStored() {
  if (fetchSide_ == nullptr) return;
  env_.fetchLoop.post([side = fetchSide_] { side->blockStored(); });
}

void KinesisReceiver::startShard(const consume::ShardStart& found) {
  if (draining_) return;  // The shard is left to the next run.
  const consume::ShardStart start = host_.onShardStarted(input_, source_.streamName, found);
  reading_.start(start, api_->serverNow());
  if (restarting_) return;
  env_.fetchLoop.post([side = fetchSide_, start] { side->start(start); });
}

void KinesisReceiver::stopShard(const consume::ShardStop& stop) {
  if (!stop.handOver) host_.onShardLost(input_, stop);
  if (draining_) return;
  if (restarting_ && stop.handOver) {
    handOvers_.push_back(stop);
    return;
  }
  reading_.stop(stop.shardId, stop.token);
  if (restarting_) return;
  env_.fetchLoop.post([side = fetchSide_, stop] { side->stop(stop); });
}

rt::Task<void> KinesisReceiver::runCoordinator() {
  for (;;) {  // Until it is asked to end, or fails.
    auto ended = co_await coordinator_->run();
    if (ended) co_return;
    coordinatorDown_ = mayPass(ended.error());
    if (!draining_ || !coordinatorDown_) {
      failed("", ended.error());
      co_return;
    }
    // Leases are kept until everything is processed.
    const Duration delay = conf_.getDuration("spark.streaming.receiverRestartDelay");
    co_await env_.loop.sleepFor(delay);
    coordinatorDown_ = false;
    coordinator_->resume();
  }
}

rt::Task<void> KinesisReceiver::drain(bool flush) {
  if (fetchSide_ == nullptr) co_return;
  if (!std::exchange(draining_, true)) {
    restarts_.cancel();
    if (flush) resumeCoordinator();  // Leases are kept until everything is processed.
    restarting_ = false;
    drained_.ask(env_.fetchLoop, [side = fetchSide_, flush] { side->shutdown(flush); });
  }
  // The same answer for a drain that follows one that was cut short: until then blocks may still arrive.
  co_await drained_.arrived();
  condition_.stopped();
  if (flush) co_await keeper_.drain();
}

void KinesisReceiver::onSealed(std::shared_ptr<const block::Block> block) {
  received_ += block->recordCount();
  reading_.sealed(*block->info());
  condition_.sealed(*block->info());
  nextBlock_ = std::max(nextBlock_, blockNumberOf(block->id()) + 1);
  if (env_.faults.planted("shard-end-before-tail")) {
    for (const block::ShardEnd& end : block->ends()) coordinator_->ended(end);
  }
  if (afterStored_ && env_.faults.planted("checkpoint-before-stored")) {
    coordinator_->processed({block->info()});
  }
  keeper_.add(std::move(block));
}

void KinesisReceiver::onKept(std::shared_ptr<const block::BlockInfo> info) {
  noteStored();
  if (afterStored_) {
    const BlockInfoList ours = coordinator_->deliverable({info});
    if (ours.empty()) {  // Whoever has the leases now reads it.
      released({info});
      blocks_.release(info->id);
      return;
    }
    if (!host_.logsBlocks()) coordinator_->processed(ours);
    info = ours.front();
  }
  host_.onBlock(input_, std::move(info));
}

void KinesisReceiver::onKeepFailed(const Error& error) {
  host_.onReceiverFailed(error);
}

rt::Task<Result<std::vector<consume::RebuiltBlock>>> KinesisReceiver::rebuild(BlockInfoList blocks) {
  struct Answer {
    explicit Answer(rt::Loop& loop) : arrived(loop, 0, 1) {}
    rt::Semaphore arrived;
    Result<std::vector<consume::RebuiltBlock>> result;
  };
  auto answer = std::make_shared<Answer>(env_.loop);
  FetchSide::OnRebuilt onRebuilt = [control = &env_.loop,
                                    answer](Result<std::vector<consume::RebuiltBlock>> result) {
    control->post([answer, result = std::move(result)]() mutable {
      answer->result = std::move(result);
      answer->arrived.release(1);
    });
  };
  env_.fetchLoop.post([side = fetchSide_, blocks = std::move(blocks), onRebuilt = std::move(onRebuilt)] {
    side->recover(blocks, onRebuilt);
  });
  co_await answer->arrived.acquire(1);
  co_return std::move(answer->result);
}

void KinesisReceiver::logged(std::shared_ptr<const block::BlockInfo> block) {
  if (!afterStored_) return;
  coordinator_->processed({std::move(block)});
}

void KinesisReceiver::completedUpTo(const consume::ShardStart& start, const lease::Checkpoint& completed) {
  coordinator_->processed(start.shardId, start.token, completed, 0);
}

BlockInfoList KinesisReceiver::deliverable(const BlockInfoList& blocks) {
  const BlockInfoList waited = waitedFor(blocks);
  if (waited.empty()) return blocks;
  BlockInfoList ours = coordinator_->deliverable(waited);
  if (waited.size() == blocks.size()) return ours;
  BlockInfoList kept;
  kept.reserve(blocks.size());
  auto next = ours.begin();
  for (const auto& info : blocks) {
    if (!info->owedTo.empty()) {
      kept.push_back(info);
    } else if (next != ours.end() && (*next)->id == info->id) {
      kept.push_back(*next++);
    }
  }
  return kept;
}

void KinesisReceiver::processed(const BlockInfoList& blocks) {
  for (const auto& info : blocks) {
    if (!info->owedTo.empty()) processedOwed_ += info->recordCount();
  }
  coordinator_->processed(waitedFor(blocks));
}

void KinesisReceiver::released(const BlockInfoList& blocks) {
  for (const auto& info : blocks) keeper_.released(info->id);
}

rt::Task<void> KinesisReceiver::abandon() {
  keeper_.stop();
  if (coordinator_ == nullptr) co_return;
  coordinator_->requestStop();
  co_await tasks_.join(kAbandonPatience);
  tasks_.cancel();
}

rt::Task<Result<void>> KinesisReceiver::finish() {
  if (coordinator_ == nullptr) co_return Result<void>();
  coordinator_->requestStop();
  co_await tasks_.join(rt::Duration::max());
  co_return co_await coordinator_->finish();
}

std::int64_t KinesisReceiver::leasesHeld() const {
  return coordinator_ == nullptr ? 0 : static_cast<std::int64_t>(coordinator_->book().heldCount());
}

bool KinesisReceiver::mayHoldLeases() const {
  return coordinator_ != nullptr && coordinator_->mayHoldLeases();
}

consume::CoordinatorTotals KinesisReceiver::totals() const {
  if (coordinator_ == nullptr) return {};
  consume::CoordinatorTotals totals = coordinator_->totals();
  if (afterStored_) totals.processed = 0;  // What was stored.
  totals.processed += processedOwed_;
  return totals;
}

}  // namespace tidemill::stream

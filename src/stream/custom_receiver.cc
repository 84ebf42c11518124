#include "stream/custom_receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/task_retry.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// onStop() that does not return is not waited for any longer, unless the stop is a graceful one.
constexpr rt::Duration kOnStopPatience = 2s;

StorageLevel receiverLevelOf(const Conf& conf, StorageLevel asked) {
  return conf.getBoolean("spark.streaming.receiver.writeAheadLog.enable") ? StorageLevel::DISK_ONLY : asked;
}

RestartOptions receiverRestartsOf(const Conf& conf) {
  return {conf.getDuration("spark.streaming.receiverRestartDelay"),
          static_cast<int>(conf.getInteger("tidemill.receiver.maxRestarts"))};
}

// Runs what is the user's.
Result<void> calledSafely(const char* what, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return fail(error.within(what));
  } catch (...) {
    return fail(Code::kUserCodeFailed, fmt::format("{}: {}", what, describeCurrentException()),
                "mend the receiver; it is started again");
  }
  return {};
}

}  // namespace

CustomReceiver::CustomReceiver(const rt::Env& env, const Conf& conf,
                               std::shared_ptr<detail::ReceiverBase> receiver, std::size_t input,
                               StoredBlocks& blocks, std::uint64_t firstBlock, ReceiverHost& host)
    : env_(env),
      receiver_(std::move(receiver)),
      port_(receiver_->port()),
      input_(input),
      name_("receiver-" + std::to_string(input)),
      level_(receiverLevelOf(conf, receiver_->storageLevel())),
      blocks_(blocks),
      host_(host),
      mailbox_(std::make_shared<Mailbox>(Mailbox{this})),
      intake_(makeIntake(intakeOptions(conf, firstBlock))),
      condition_(env_, input, name_, receiverRestartsOf(conf), host),
      keeper_(env_, blocks, keeperOptions(), *this),
      calls_(env_.loop, 1, 1),
      drained_(env_.loop),
      starts_(env_.loop),
      stops_(env_.loop),
      restarts_(env_.loop) {}

CustomReceiver::~CustomReceiver() {
  mailbox_->receiver = nullptr;
  port_->listen(nullptr);
  port_->setStarted(false);
  port_->inbox().abandon();
  port_->receipts().close();
  env_.fetchLoop.post([intake = std::move(intake_)] { intake->close(); });
}

KeeperOptions CustomReceiver::keeperOptions() const {
  KeeperOptions options;
  options.streamName = name_;
  options.level = level_;
  return options;
}

IntakeOptions CustomReceiver::intakeOptions(const Conf& conf, std::uint64_t firstBlock) const {
  IntakeOptions options;
  options.streamName = name_;
  options.blocks.idPrefix = fmt::format("input-{}", input_);
  options.blocks.blocks.sealBytes = conf.getInteger("tidemill.block.sealBytes");
  // What lies on disk survives the process: the next one delivers it.
  if (traitsOf(level_).disk) options.blocks.blocks.owedTo = "receiver";
  options.blocks.interval = conf.getDuration("spark.streaming.blockInterval");
  options.blocks.waitingMax = conf.getInteger("spark.streaming.blockQueueSize");
  options.blocks.firstNumber = firstBlock;
  options.rate = {conf.getInteger("spark.streaming.receiver.maxRate"),
                  conf.getInteger("spark.streaming.backpressure.initialRate")};
  return options;
}

std::shared_ptr<ReceiverIntake> CustomReceiver::makeIntake(IntakeOptions options) {
  auto onBlock = [control = &env_.loop, mailbox = mailbox_](std::shared_ptr<const block::Block> block,
                                                            ReceiverPort::Receipts receipts) {
    control->post([mailbox, block = std::move(block), receipts = std::move(receipts)]() mutable {
      if (mailbox->receiver != nullptr) mailbox->receiver->onSealed(std::move(block), std::move(receipts));
    });
  };
  return std::make_shared<ReceiverIntake>(env_, std::move(options), port_, std::move(onBlock));
}

void CustomReceiver::listen() {
  port_->listen([control = &env_.loop, mailbox = mailbox_](ReceiverRequest request) {
    control->post([mailbox, request = std::move(request)] {
      if (mailbox->receiver != nullptr) mailbox->receiver->onRequest(request);
    });
  });
}

rt::Task<Result<void>> CustomReceiver::start(BlockInfoList left) {
  for (const auto& info : left) {
    received_ += info->recordCount();
    host_.onBlock(input_, info);
  }
  listen();
  env_.fetchLoop.post([intake = intake_] { intake->open(); });
  port_->receipts().open();
  intake_->openInbox();
  condition_.started();
  starts_.spawn(begin());
  co_return Result<void>();
}

rt::Task<void> CustomReceiver::begin() {
  co_await calls_.acquire(1);
  if (!draining_) {
    port_->setStarted(true);
    begun_ = true;
    auto work = [receiver = receiver_] {
      return calledSafely("onStart of a receiver", [&] { receiver->onStart(); });
    };
    auto begun = co_await rt::runOn(env_.replicas, env_.loop, std::move(work));
    if (!begun) failed(begun.error(), std::nullopt);
  }
  calls_.release(1);
}

rt::Task<void> CustomReceiver::stopReceiver() {
  port_->setStarted(false);  // Also ends an onStart() that goes on as long as it is started.
  co_await calls_.acquire(1);
  if (std::exchange(begun_, false)) {
    auto work = [receiver = receiver_] {
      return calledSafely("onStop of a receiver", [&] { receiver->onStop(); });
    };
    auto stopped = co_await rt::runOn(env_.replicas, env_.loop, std::move(work));
    if (!stopped) condition_.note(stopped.error());
  }
  calls_.release(1);
}

void CustomReceiver::onRequest(const ReceiverRequest& request) {
  const Error error(Code::kUnreachable, fmt::format("{}: {}", name_, request.message),
                    "see what the receiver reads from");
  if (request.restart) {
    failed(error, request.delay);
  } else {
    condition_.note(error);
  }
}

void CustomReceiver::failed(const Error& error, std::optional<Duration> asked) {
  if (draining_ || restarting_) return;
  // Whatever the program's code threw may pass.
  const Error passing(Code::kUnreachable, error.message());
  const auto delay = condition_.failed(ReceiverIntake::kShard, error, passing, asked);
  if (!delay) return;
  restarting_ = true;
  restarts_.spawn(restart(*delay));
}

rt::Task<void> CustomReceiver::restart(Duration delay) {
  co_await stopReceiver();
  condition_.stopped();
  co_await env_.loop.sleepFor(delay);
  restarting_ = false;
  condition_.restarted();
  starts_.spawn(begin());
}

// onStop() has returned before the inbox is closed: what was stored until then is delivered.
rt::Task<void> CustomReceiver::drain(bool flush) {
  if (!std::exchange(draining_, true)) {
    port_->setStarted(false);
    stops_.spawn(halt());
    if (flush) env_.fetchLoop.post([intake = intake_] { intake->hurry(); });
  }
  if (!flush) {  // Frees threads that onStop() may wait for.
    port_->inbox().close();
    port_->receipts().close();
  }
  const rt::Duration patience = flush ? rt::Duration::max() : kOnStopPatience;
  co_await stops_.join(patience);
  condition_.stopped();
  port_->inbox().close();
  if (!flush) co_return;
  drained_.ask(env_.fetchLoop, [intake = intake_] { intake->flush(); });
  co_await drained_.arrived();
  co_await keeper_.drain();
}

// A restart that has called onStop() already is at its end, or waits for its time: it begins nothing any
// more.
rt::Task<void> CustomReceiver::halt() {
  co_await stopReceiver();
  restarts_.cancel();
}

rt::Task<void> CustomReceiver::abandon() {
  abandoned_ = true;
  keeper_.stop();
  starts_.cancel();
  stops_.cancel();
  restarts_.cancel();
  co_return;
}

void CustomReceiver::updateRate(std::int64_t rate) {
  env_.fetchLoop.post([intake = intake_, rate] { intake->updateRate(rate); });
}

void CustomReceiver::updateMaxRate(std::int64_t rate) {
  env_.fetchLoop.post([intake = intake_, rate] { intake->updateMaxRate(rate); });
}

void CustomReceiver::onSealed(std::shared_ptr<const block::Block> block, ReceiverPort::Receipts receipts) {
  if (abandoned_) return;
  received_ += block->recordCount();
  condition_.sealed(*block->info());
  if (env_.faults.planted("receipt-before-stored")) port_->receipts().answer(receipts, true);
  if (!receipts.empty()) awaited_.emplace(block->id(), std::move(receipts));
  keeper_.add(std::move(block));
}

void CustomReceiver::onKept(std::shared_ptr<const block::BlockInfo> info) {
  env_.fetchLoop.post([intake = intake_] { intake->blockStored(); });
  const std::string id = info->id;
  // What had no room anywhere is not stored, though it goes into a batch: as lost.
  if (blocks_.find(id) == nullptr) answer(id, false);
  host_.onBlock(input_, std::move(info));
  if (!host_.logsBlocks()) answer(id, true);
}

// Nothing that is sealed later is stored either.
void CustomReceiver::onKeepFailed(const Error& error) {
  port_->receipts().close();
  host_.onReceiverFailed(error);
}

void CustomReceiver::answer(const std::string& blockId, bool stored) {
  const auto found = awaited_.find(blockId);
  if (found == awaited_.end()) return;
  port_->receipts().answer(found->second, stored);
  awaited_.erase(found);
}

void CustomReceiver::processed(const BlockInfoList& blocks) {
  for (const auto& info : blocks) processed_ += info->recordCount();
}

void CustomReceiver::released(const BlockInfoList& blocks) {
  for (const auto& info : blocks) keeper_.released(info->id);
}

rt::Task<Result<std::vector<consume::RebuiltBlock>>> CustomReceiver::rebuild(BlockInfoList blocks) {
  std::vector<consume::RebuiltBlock> rebuilt;
  for (const auto& info : blocks) {
    // There is nothing to read it from again but its copies: an outage of the place fails the try.
    std::string id = info->id;
    auto copy = co_await blocks_.store().fetch(std::move(id));
    if (copy) {
      rebuilt.push_back({std::move(*copy), {}});
      continue;
    }
    const Code code = copy.error().code();
    if (code != Code::kNotFound && code != Code::kDamagedBlock) co_return fail(copy.error().within(name_));
    const Error loss(Code::kDataLoss,
                     fmt::format("{}: block {} with {} elements", name_, info->id, info->recordCount()));
    env_.log.error("received_block_lost", {{"stream", name_},
                                           {"block", info->id},
                                           {"records", info->recordCount()},
                                           {"hint", "choose the storage level DISK_ONLY"}});
    auto empty = std::make_shared<const block::Block>(info->id, std::vector<block::BlockSlice>(),
                                                      std::vector<block::ShardEnd>(), info->owedTo);
    rebuilt.push_back({std::move(empty), {loss}});
  }
  co_return std::move(rebuilt);
}

}  // namespace tidemill::stream

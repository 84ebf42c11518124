// How a receiver is started again after a failure that may pass. Its leases and its blocks stay; what was
// read becomes blocks first, and reading goes on behind the last of them.
#include <utility>

#include "stream/kinesis_receiver.h"

namespace tidemill::stream {

void KinesisReceiver::failed(const std::string& shardId, const Error& error) {
  if (draining_) return;
  if (restarting_ && mayPass(error)) return;  // It is about to start again anyway.
  lastError_ = error;
  lastErrorTime_ = Time(env_.loop.wall().time_since_epoch());
  const auto delay = restartPlan_.failed(shardId, error, env_.loop.now());
  env_.log.warning("receiver_failed", {{"stream", source_.streamName},
                                       {"shard", shardId},
                                       {"code", codeName(error.code())},
                                       {"failures", restartPlan_.failures()},
                                       {"restartMilliseconds", delay ? delay->count() : -1},
                                       {"reason", error.message()}});
  host_.onReceiver(ReceiverEvent::kError, info());
  if (!delay) {
    host_.onReceiverFailed(error);
    return;
  }
  restarting_ = true;
  restarts_.spawn(restart(*delay));
}

rt::Task<void> KinesisReceiver::restart(Duration delay) {
  active_ = false;
  // The old readers and their generator go first. Messages of a lane arrive in order, so that all their
  // blocks are here before the answer is.
  env_.fetchLoop.post([side = fetchSide_, control = &env_.loop, mailbox = mailbox_] {
    side->shutdown(true);
    control->post([mailbox] {
      if (mailbox->receiver != nullptr) mailbox->receiver->halted_.release(1);
    });
  });
  co_await halted_.acquire(1);
  host_.onReceiver(ReceiverEvent::kStopped, info());
  co_await env_.loop.sleepFor(delay);
  resumeReading();
  ++restartCount_;
  restartPlan_.restarted(env_.loop.now());
  active_ = true;
  env_.log.info("receiver_restarted", {{"stream", source_.streamName}, {"restarts", restartCount_}});
  host_.onReceiver(ReceiverEvent::kStarted, info());
}

void KinesisReceiver::resumeReading() {
  restarting_ = false;
  resumeCoordinator();
  env_.fetchLoop.post(
      [side = fetchSide_, next = nextBlock_, waiting = keeper_.waiting()] { side->reopen(next, waiting); });
  for (const consume::ShardStart& start : reading_.resume()) {
    env_.fetchLoop.post([side = fetchSide_, start] { side->start(start); });
  }
  // Shards that were asked for meanwhile: behind what was read comes the end.
  for (const consume::ShardStop& stop : std::exchange(handOvers_, {})) stopShard(stop);
}

// Leases that have run out meanwhile are noticed, and taken again, as always.
void KinesisReceiver::resumeCoordinator() {
  if (!std::exchange(coordinatorDown_, false)) return;
  coordinator_->resume();
  tasks_.spawn(runCoordinator());
}

ReceiverInfo KinesisReceiver::info() const {
  ReceiverInfo info;
  info.streamId = static_cast<int>(input_);
  info.name = source_.streamName;
  info.active = active_;
  info.restarts = restartCount_;
  if (lastError_) info.lastErrorMessage = lastError_->message();
  info.lastErrorTime = lastErrorTime_;
  return info;
}

}  // namespace tidemill::stream

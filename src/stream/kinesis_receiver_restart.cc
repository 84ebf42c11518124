// How a receiver is started again after a failure that may pass. Its leases and its blocks stay; what was
// read becomes blocks first, and reading goes on behind the last of them.
#include <utility>

#include "stream/kinesis_receiver.h"

namespace tidemill::stream {

void KinesisReceiver::failed(const std::string& shardId, const Error& error) {
  if (draining_) return;
  if (restarting_ && mayPass(error)) return;  // It is about to start again anyway.
  const auto delay = condition_.failed(shardId, error, error);
  if (!delay) return;
  restarting_ = true;
  restarts_.spawn(restart(*delay));
}

rt::Task<void> KinesisReceiver::restart(Duration delay) {
  // The old readers and their generator go first.
  halted_.ask(env_.fetchLoop, [side = fetchSide_] { side->shutdown(true); });
  co_await halted_.arrived();
  condition_.stopped();
  co_await env_.loop.sleepFor(delay);
  resumeReading();
  condition_.restarted();
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

}  // namespace tidemill::stream

// How a context ends. Nothing is lost by any of these ways; only the graceful one repeats nothing.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/engine.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kClosePatience = 2s;
// For leases that are being taken when a stop comes.
constexpr rt::Duration kStartPatience = 2s;

// Of a graceful stop, where the configuration names none: Spark's ten batches, but not less than the last
// batch, its outputs and the lease checkpoints may need at small intervals.
constexpr int kGraceBatches = 10;
constexpr Duration kGraceMin = 1min;

}  // namespace

void Engine::beginGracefulStop() {
  graceEnds_ = rt::laterBy(env_.loop.now(), grace());
  phase_->spawn(stopGracefully());
  phase_->spawn(awaitGraceDeadline());
}

// No batch was made, so nothing is half done. Leases that were taken would else be nobody's for a while.
void Engine::stopStarting() {
  cutShort_ = true;
  const bool holds = std::any_of(receivers_.begin(), receivers_.end(),
                                 [](const auto& receiver) { return receiver->mayHoldLeases(); });
  if (startsReceivers_ && holds) {  // A lease that is just being taken is known when that has ended.
    phase_->spawn(cutStart());
    return;
  }
  phase_->cancel();
  phase_->spawn(releaseLeases());
}

rt::Task<void> Engine::cutStart() {
  co_await env_.loop.sleepFor(kStartPatience);
  events_.pushNow({Event::Kind::kStopped});
}

rt::Task<void> Engine::releaseLeases() {
  for (auto& receiver : receivers_) co_await receiver->drain(false);
  auto finished = co_await finishReceivers();  // Says what is wrong.
  events_.pushNow({Event::Kind::kStopped});
}

// Each step needs the ones before it. Leases are renewed up to the end of the last.
rt::Task<void> Engine::stopGracefully() {
  // Fetching ends, what was read is flushed, stored and reported: after this no block comes any more.
  co_await drainReceivers();
  // The last blocks become a batch, and no batch follows.
  ticker_->cancel();
  const Time last = times_->tick(ticks_).time;
  co_await folders_.look(interval_);
  folders_.choose(last);
  allocate(last);
  batches_.close();
  co_await processor_->join(rt::Duration::max());
  Event end{Event::Kind::kStopped, batchFailure_};
  if (!batchFailure_) {
    // The last lease checkpoints are written, the leases released.
    auto finished = co_await finishReceivers();
    co_await storeLastState();
    auto closed = co_await closeLedger();
    if (!closed) end.failure = closed.error();
    if (!finished) end.failure = finished.error();
  }
  events_.pushNow(std::move(end));
}

// All at once: no input is read while another one is drained.
rt::Task<void> Engine::drainReceivers() {
  rt::TaskGroup drains(env_.loop);
  for (auto& receiver : receivers_) drains.spawn(receiver->drain(true));
  co_await drains.join(rt::Duration::max());
}

rt::Task<Result<void>> Engine::finishReceivers() {
  Result<void> result;
  for (auto& receiver : receivers_) {
    auto finished = co_await receiver->finish();
    if (finished) continue;
    env_.log.warning("receiver_unfinished", {{"reason", finished.error().message()}});
    if (result) result = fail(finished.error());  // The others are finished all the same.
  }
  co_return std::move(result);
}

Duration Engine::grace() const {
  const Duration set = conf_.getDuration("spark.streaming.gracefulStopTimeout");
  return set > Duration(0) ? set : std::max<Duration>(kGraceBatches * interval_, kGraceMin);
}

rt::Task<void> Engine::awaitGraceDeadline() {
  co_await env_.loop.sleepFor(grace());
  events_.pushNow({Event::Kind::kStopTimedOut});
}

Error Engine::stopTimedOut() const {
  const StreamingTotals now = totals();
  const std::int64_t left = std::max<std::int64_t>(0, now.received - now.processed);
  env_.log.error("graceful_stop_timed_out", {{"milliseconds", grace().count()},
                                             {"received", now.received},
                                             {"processed", now.processed},
                                             {"unallocated", now.unallocated}});
  return Error(
      Code::kTimeout,
      fmt::format("the graceful stop took more than {} s: {} of {} received records are not processed "
                  "and are read again at the next start",
                  static_cast<double>(grace().count()) / 1000, left, now.received),
      "set spark.streaming.gracefulStopTimeout to the time that the outputs of everything received may "
      "take");
}

rt::Task<void> Engine::stopAtOnce() {
  phase_->cancel();
  ticker_->cancel();
  processor_->cancel();
  for (auto& receiver : receivers_) {
    co_await receiver->drain(false);
    co_await receiver->abandon();
  }
}

// What is on its way has a moment to end: then the next process finds the folders free and the files whole.
rt::Task<void> Engine::closeStore() {
  if (tiered_ == nullptr) co_return;
  co_await std::exchange(tiered_, nullptr)->drain(kClosePatience);
  blocks_->close();
}

// What the program still holds of persisted RDDs is lost; the folder is another's as soon as the lock is.
rt::Task<void> Engine::closePartitions() {
  if (partitions_ == nullptr) co_return;
  if (!partitions_->hasFiles()) {
    (void)partitions_->close();
    co_return;
  }
  auto work = [store = partitions_] { return store->close(); };
  auto closed = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  // The next process removes what stays.
  if (!closed) env_.log.warning("persisted_files_left", {{"reason", closed.error().message()}});
}

}  // namespace tidemill::stream

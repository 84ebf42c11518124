// What a batch goes through, try by try, from its turn to the release of its blocks.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "rt/backoff.h"
#include "stream/engine.h"
#include "stream/job_runner.h"

namespace tidemill::stream {

using namespace std::chrono_literals;

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

}  // namespace tidemill::stream

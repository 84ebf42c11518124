#include "consume/shard_runner.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "rt/worker_pool.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using Kind = OutcomeStep::Kind;

// How soon a runner looks again whether its lease is certain to be held, or what it prepared is written.
constexpr rt::Duration kLeaseCheck = 50ms;
constexpr rt::Duration kPreparedCheck = 20ms;

// How often it is said that a shard stands still.
constexpr rt::Duration kAlarmEvery = 5min;

ShardInfo infoOf(const RunnerOptions& options, const ShardStart& start) {
  ShardInfo info{options.application, options.stream, start.shardId, start.token, positionOf(start.from), {}};
  if (start.pending) {
    info.pending = PreparedCheckpoint{positionOf(*start.pending), start.pendingState.value_or("")};
  }
  return info;
}

lease::Checkpoint checkpointOf(const Record& record) {
  return lease::Checkpoint::at(std::string(record.sequenceNumber), record.subSequenceNumber);
}

}  // namespace

// Belongs to the control lane; the handler's thread only carries the pointer.
struct ShardRunner::Mailbox {
  ShardRunner* runner;
};

ShardRunner::ShardRunner(const rt::Env& env, RunnerHost& host, DeadLetterBox& box,
                         const RunnerOptions& options, const ShardHandlerFactory& factory,
                         const ShardStart& start)
    : env_(env),
      host_(host),
      box_(box),
      options_(options),
      start_(start),
      mailbox_(std::make_shared<Mailbox>(Mailbox{this})),
      backoff_(options.backoff, env.random),
      wake_(env.loop),
      delivered_(start.from),
      done_(start.from),
      passed_(start.from) {
  auto send = [loop = &env.loop, mailbox = mailbox_](CheckpointRequest request) {
    loop->post([mailbox, request = std::move(request)] {
      if (mailbox->runner != nullptr) mailbox->runner->take(request);
    });
  };
  cell_ = std::make_shared<HandlerCell>(factory, infoOf(options, start), std::move(send), start.from,
                                        start.fence, options.logExceptionText);
  status_.shardId = start.shardId;
}

ShardRunner::~ShardRunner() {
  mailbox_->runner = nullptr;
  cell_->checkpointer().close();
  // The handler is the user's: it does not end on a lane.
  env_.workers.submit([cell = std::move(cell_)] {});
}

template <class Work>
rt::Task<std::invoke_result_t<Work&, HandlerCell&>> ShardRunner::callHandler(const char* name, Work work) {
  running_ = RunningCall{name, env_.loop.now(), options_.handlerWarningAfter};
  status_.activity = ShardActivity::kProcessing;
  auto bound = [cell = cell_, work = std::move(work)]() mutable { return work(*cell); };
  auto result = co_await rt::runOn(env_.workers, env_.loop, std::move(bound));
  running_.reset();
  co_return std::move(result);
}

rt::Task<void> ShardRunner::run() {
  auto begun = co_await initialize();
  bool going = begun;
  while (going && !stopping()) {
    const bool sealed = end_ && env_.faults.planted("failed-tail-sealed");
    if (!pages_.empty() && !sealed) {
      auto handled = co_await handlePage();
      going = handled;
    } else if (end_) {
      auto ended = co_await handleEnd();
      if (ended) co_return;  // The coordinator does the rest.
      going = false;
    } else if (readFailure_) {
      co_await standStill(readFailure_->message());
      going = false;
    } else if (empty_) {
      auto handled = co_await handleEmpty();
      going = handled;
    } else {
      note(ShardActivity::kWaiting);
      co_await wake_.until(rt::TimePoint::max());
    }
  }
  co_await conclude();
}

rt::Task<bool> ShardRunner::initialize() {
  for (;;) {  // Until it succeeds, or a limit on failures is reached.
    auto held = co_await awaitLease();
    if (!held) co_return false;
    auto work = [](HandlerCell& cell) { return cell.initialize(); };
    auto end = co_await callHandler("initialize", std::move(work));
    const OutcomeStep step = stepAfter(end, failures_, options_.policy);
    if (step.kind == Kind::kDone) break;
    auto again = co_await follow(step, std::move(end), "initialize");
    if (!again) co_return false;
  }
  failures_ = {};
  backoff_.reset();
  co_return true;
}

rt::Task<bool> ShardRunner::handlePage() {
  auto batch = std::make_shared<CallRecords>();
  batch->page = pages_.front();
  batch->millisBehindLatest = batch->page->page.millisBehindLatest;
  status_.millisBehindLatest = Duration(batch->millisBehindLatest);
  const auto& records = batch->page->page.records;
  first_ = std::string(records.front().sequenceNumber);
  last_ = std::string(records.back().sequenceNumber);
  delivered_ = std::max(delivered_, checkpointOf(records.back()));
  auto done = co_await deliver(batch);
  if (!done) co_return false;
  const std::int64_t bytes = pages_.front()->hold.bytes();
  pages_.pop_front();
  host_.pageDone(start_.shardId, start_.token, bytes);
  co_return true;
}

rt::Task<bool> ShardRunner::handleEmpty() {
  empty_ = false;
  auto batch = std::make_shared<CallRecords>();
  first_.clear();
  last_.clear();
  co_return co_await deliver(std::move(batch));
}

rt::Task<bool> ShardRunner::deliver(std::shared_ptr<CallRecords> batch) {
  std::optional<std::int64_t> records;
  for (;;) {  // Until its outcome is a success, or the shard is given up.
    auto held = co_await awaitLease();
    if (!held) co_return false;
    auto work = [batch, bounds = limits()](HandlerCell& cell) { return cell.process(*batch, bounds); };
    auto done = co_await callHandler("processRecords", std::move(work));
    if (!records) host_.delivered(records.emplace(done.records));
    const OutcomeStep step = stepAfter(done.end, failures_, options_.policy);
    bool good = step.kind == Kind::kDone || (step.again() && env_.faults.planted("failed-batch-skipped"));
    if (step.kind == Kind::kDeadLetter || step.kind == Kind::kDeadLetterAll) {
      const bool all = step.kind == Kind::kDeadLetterAll;
      auto kept = co_await keepLetters(batch, all, std::move(done.end));
      if (!kept) co_return false;
      good = true;
    }
    if (good) break;
    auto again = co_await follow(step, std::move(done.end), "processRecords");
    if (!again) co_return false;
  }
  failures_ = {};
  backoff_.reset();
  done_ = delivered_;
  uncounted_ += *records;
  if (options_.mode == CheckpointMode::kAutomatic || cell_->checkpointer().allAsked()) {
    process(done_, true);
    cell_->checkpointer().moveTo(done_);
  }
  co_return true;
}

rt::Task<bool> ShardRunner::keepLetters(std::shared_ptr<CallRecords> batch, bool all, CallEnd end) {
  DeadLetterParcel parcel{batch, start_.shardId, {}, end.reason};
  if (all) {
    parcel.records = batch->records;
  } else {
    for (const std::size_t index : end.outcome->records()) parcel.records.push_back(batch->records[index]);
  }
  const auto count = static_cast<std::int64_t>(parcel.records.size());
  if (count == 0) co_return true;
  if (!box_.available()) {
    std::string reason =
        "the handler named dead letters, but neither deadLetterFile nor deadLetters is given";
    co_await standStill(std::move(reason));
    co_return false;
  }
  const std::string from(parcel.records.front().sequenceNumber);
  const std::string to(parcel.records.back().sequenceNumber);
  FailureCounts counts;
  for (;;) {  // Bounded as retries of the handler are.
    auto kept = co_await box_.keep(parcel);
    if (kept) break;
    OutcomeStep step = stepAfter({std::nullopt, {}}, counts, options_.policy);
    counts = step.counts;
    if (step.kind == Kind::kDeadLetterAll) step.kind = Kind::kStopShard;
    CallEnd failed{std::nullopt,
                   "dead letters cannot be kept: " + std::string(codeName(kept.error().code()))};
    env_.log.error("dead_letters_not_kept", {{"stream", options_.stream},
                                             {"shard", start_.shardId},
                                             {"code", codeName(kept.error().code())},
                                             {"reason", kept.error().message()}});
    auto again = co_await follow(step, std::move(failed), "deadLetters");
    if (!again) co_return false;
  }
  env_.log.warning("dead_letters_kept", {{"stream", options_.stream},
                                         {"shard", start_.shardId},
                                         {"records", count},
                                         {"from", from},
                                         {"to", to},
                                         {"reason", end.reason}});
  host_.deadLettered(count);
  co_return true;
}

rt::Task<bool> ShardRunner::handleEnd() {
  first_.clear();
  last_.clear();
  for (;;) {  // As deliver().
    auto held = co_await awaitLease();
    if (!held) co_return false;
    auto work = [bounds = limits(true)](HandlerCell& cell) { return cell.shardEnded(bounds); };
    auto end = co_await callHandler("shardEnded", std::move(work));
    OutcomeStep step = stepAfter(end, failures_, options_.policy);
    const bool asked = options_.mode == CheckpointMode::kAutomatic || cell_->checkpointer().endAsked();
    if (step.kind == Kind::kDone && asked) break;
    if (step.kind == Kind::kDone) {
      end = {std::nullopt, "shardEnded() returned ok without a checkpoint at the end of the shard"};
      step = stepAfter(end, failures_, options_.policy);
    }
    auto again = co_await follow(step, std::move(end), "shardEnded");
    if (!again) co_return false;
  }
  process(delivered_, true);
  note(ShardActivity::kEnding);
  closed_ = true;
  host_.ended(*end_);
  co_return true;
}

rt::Task<bool> ShardRunner::follow(OutcomeStep step, CallEnd end, const char* call) {
  failures_ = step.counts;
  if (step.kind == Kind::kAgainWhenPrepared) {
    co_await waitPrepared();
    co_return !stopping();
  }
  const int times = failures_.exceptions + failures_.retries;
  if (step.kind == Kind::kAgain || step.kind == Kind::kAgainBackedOff) {
    const rt::Duration wait = step.kind == Kind::kAgain ? step.wait : backoff_.next();
    note(ShardActivity::kRetrying, end.reason);
    if (std::has_single_bit(static_cast<unsigned>(times))) {  // The 1st, 2nd, 4th, 8th … time.
      env_.log.warning("handler_retry", {{"stream", options_.stream},
                                         {"shard", start_.shardId},
                                         {"call", call},
                                         {"times", times},
                                         {"from", first_},
                                         {"to", last_},
                                         {"reason", end.reason}});
    }
    const rt::TimePoint due = rt::laterBy(env_.loop.now(), wait);
    while (!stopping() && env_.loop.now() < due) co_await wake_.until(due);
    co_return !stopping();
  }
  const std::string reason = std::string(call) + ": " + end.reason;
  if (step.kind == Kind::kFatal) {
    host_.fatal(Error(Code::kUserCodeFailed,
                      "stream " + options_.stream + ", shard " + start_.shardId + ": " + reason,
                      "mend the handler and start again: delivery goes on behind the last checkpoint"));
  }
  co_await standStill(reason);
  co_return false;
}

rt::Task<void> ShardRunner::waitPrepared() {
  const auto& wanted = cell_->checkpointer().preparedNow();
  while (!stopping() && wanted) {
    const lease::Lease* row = host_.row(start_.shardId, start_.token);
    if (row != nullptr && (row->pendingCheckpoint == wanted || row->checkpoint >= *wanted)) co_return;
    co_await wake_.until(rt::laterBy(env_.loop.now(), kPreparedCheck));
  }
}

rt::Task<bool> ShardRunner::awaitLease() {
  while (!stopping() && !host_.holds(start_.shardId, start_.token)) {
    co_await wake_.until(rt::laterBy(env_.loop.now(), kLeaseCheck));
  }
  co_return !stopping();
}

rt::Task<void> ShardRunner::standStill(std::string reason) {
  note(ShardActivity::kStopped, reason);
  dropPages();
  host_.stopReading(start_.shardId, start_.token);
  const char* event = "shard_stopped";
  while (!stopping()) {
    env_.log.error(event, {{"stream", options_.stream},
                           {"shard", start_.shardId},
                           {"from", first_},
                           {"to", last_},
                           {"checkpoint", cell_->checkpointer().last().text()},
                           {"reason", reason}});
    event = "shard_still_stopped";
    const rt::TimePoint next = rt::laterBy(env_.loop.now(), kAlarmEvery);
    while (!stopping() && env_.loop.now() < next) co_await wake_.until(next);
  }
}

// The last calls: none if the shard stood still, since its handler was promised no more.
rt::Task<void> ShardRunner::conclude() {
  const bool still = status_.activity == ShardActivity::kStopped;
  const bool callable = cell_->initialized() && !still;
  dropPages();
  if (callable && !lost_) {
    // Of a batch that failed only what the handler has checkpointed by number.
    CallLimits bounds = limits();
    bounds.delivered = std::max(done_, cell_->checkpointer().last());
    auto work = [bounds](HandlerCell& cell) { return cell.shutdownRequested(bounds); };
    auto end = co_await callHandler("shutdownRequested", std::move(work));
    if (cell_->checkpointer().allAsked()) process(bounds.delivered, true);
    if (!end.outcome || end.outcome->kind() != Outcome::Kind::kOk) {
      env_.log.warning("handler_shutdown_failed",
                       {{"stream", options_.stream}, {"shard", start_.shardId}, {"reason", end.reason}});
    }
  }
  if (callable && lost_) {
    auto work = [](HandlerCell& cell) { return cell.leaseLost(); };
    auto end = co_await callHandler("leaseLost", std::move(work));
    if (!end.outcome) {
      env_.log.warning("handler_lease_lost_failed",
                       {{"stream", options_.stream}, {"shard", start_.shardId}, {"reason", end.reason}});
    }
  }
  if (handOver_ && !lost_) {
    host_.ended({.shardId = start_.shardId, .token = start_.token, .kind = block::ShardEnd::Kind::kHandOver});
  }
}

CallLimits ShardRunner::limits(bool atShardEnd) {
  CallLimits limits{.delivered = delivered_, .atShardEnd = atShardEnd};
  const lease::Lease* row = host_.row(start_.shardId, start_.token);
  if (row == nullptr) return limits;
  limits.written = positionOf(row->checkpoint);
  if (row->pendingCheckpoint) {
    limits.prepared =
        PreparedCheckpoint{positionOf(*row->pendingCheckpoint), row->pendingCheckpointState.value_or("")};
  }
  return limits;
}

// In the middle of a call of the handler: the checkpointer is that call's.
void ShardRunner::take(const CheckpointRequest& request) {
  if (lost_) return;
  // A handle's request may have been on its way when the outcome of a call moved further.
  if (request.to <= passed_) return;
  if (request.prepare) {
    host_.prepare(start_.shardId, start_.token, request.to, request.state);
  } else {
    process(request.to, request.to == delivered_);
  }
}

void ShardRunner::process(const lease::Checkpoint& to, bool wholly) {
  const std::int64_t records = wholly ? std::exchange(uncounted_, 0) : 0;
  passed_ = std::max(passed_, to);
  host_.processed(start_.shardId, start_.token, to, records);
}

void ShardRunner::dropPages() {
  closed_ = true;
  pages_.clear();
}

void ShardRunner::note(ShardActivity activity, std::string reason) {
  status_.activity = activity;
  status_.reason = std::move(reason);
}

void ShardRunner::page(std::shared_ptr<const block::ShardPage> page) {
  if (closed_) return;
  pages_.push_back(std::move(page));
  wake_.notify();
}

void ShardRunner::empty() {
  if (closed_ || !options_.emptyCalls) return;
  empty_ = true;
  wake_.notify();
}

void ShardRunner::shardEnd(block::ShardEnd end) {
  end_ = std::move(end);
  wake_.notify();
}

void ShardRunner::readFailed(const Error& error) {
  readFailure_ = error;
  wake_.notify();
}

void ShardRunner::loseLease() {
  lost_ = true;
  wake_.notify();
}

void ShardRunner::handOver() {
  handOver_ = true;
  wake_.notify();
}

void ShardRunner::shutDown() {
  shutDown_ = true;
  wake_.notify();
}

ShardStatus ShardRunner::status() {
  const lease::Lease* row = host_.row(start_.shardId, start_.token);
  if (row != nullptr) status_.checkpoint = positionOf(row->checkpoint);
  status_.failures = failures_.exceptions + failures_.retries;
  return status_;
}

void ShardRunner::checkSlow(rt::TimePoint now) {
  if (!running_ || now < rt::laterBy(running_->since, running_->warnAfter)) return;
  running_->warnAfter *= 2;
  const auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(now - running_->since);
  env_.log.warning("handler_slow", {{"stream", options_.stream},
                                    {"shard", start_.shardId},
                                    {"call", running_->name},
                                    {"ms", ran.count()},
                                    {"from", first_},
                                    {"to", last_}});
}

}  // namespace tidemill::consume

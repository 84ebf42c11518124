#include "consume/shard_coordinator.h"

#include <bit>
#include <utility>

#include "consume/data_loss.h"
#include "consume/start_plan.h"
#include "rt/task_group.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Lease;

// How often run() looks for checkpoints that are due; the interval itself is the option.
constexpr rt::Duration kCheckEvery = 50ms;

// How often shards are looked for that no parent announced.
constexpr rt::Duration kSyncEvery = 60s;

// How soon a listing is asked again that contradicts the rows, and how often before the rows are believed.
constexpr rt::Duration kContradictionRetry = 1s;
constexpr int kContradictionsMax = 5;

// How often a listing with holes is asked again before it is taken as it is.
constexpr int kListingsMax = 3;

// How often a shard that is not listed must be unknown before its records count as lost.
constexpr int kTrimmedProofs = 3;

// How long the end of a shard waits before it is tried again, and how often its children are looked for.
constexpr rt::Duration kEndRetry = 1s;
constexpr int kChildLookupsMax = 10;

// While it lives, discovery is writing.
class StoreSection {
 public:
  explicit StoreSection(int& depth) : depth_(depth) { ++depth_; }
  ~StoreSection() { --depth_; }
  StoreSection(const StoreSection&) = delete;
  StoreSection& operator=(const StoreSection&) = delete;

 private:
  int& depth_;
};

}  // namespace

ShardCoordinator::ShardCoordinator(const rt::Env& env, kinesis::KinesisApi& api, lease::LeaseStore& store,
                                   CoordinatorListener& listener, CoordinatorOptions options)
    : env_(env),
      api_(api),
      listener_(listener),
      options_(std::move(options)),
      tableName_(store.name()),
      book_(env, store, {options_.workerId, options_.checkpointInterval},
            [this](const std::string& shardId) { shardEnded(shardId); }) {}

rt::Task<Result<void>> ShardCoordinator::open() {
  for (;;) {  // Bounded by kContradictionsMax.
    auto view = co_await look();
    if (!view) co_return fail(view.error());
    if (*view) {
      opened_ = true;
      co_return co_await adopt(**view);
    }
    co_await env_.loop.sleepFor(kContradictionRetry);
  }
}

rt::Task<Result<void>> ShardCoordinator::sync() {
  auto view = co_await look();
  if (!view) co_return fail(view.error());
  if (*view) co_return co_await adopt(**view);
  co_return Result<void>();
}

// Rows first: a listing that is younger than the rows cannot have a shard open that they say has ended.
rt::Task<Result<std::optional<StreamView>>> ShardCoordinator::look() {
  nextSync_ = env_.loop.now() + kSyncEvery;
  auto rows = co_await book_.read();
  if (!rows) co_return fail(rows.error());
  const ViewContext context{env_.loop, api_, env_.log, options_.stream};
  auto view = co_await viewStream(context, kListingsMax);
  if (!view && (!opened_ || view.error().code() == Code::kUnknownStream)) co_return fail(view.error());
  if (!view) {
    env_.log.warning("shards_not_listed", {{"stream", options_.stream},
                                           {"code", codeName(view.error().code())},
                                           {"reason", view.error().message()}});
    co_return std::optional<StreamView>();
  }
  auto same = co_await checkCreation(*view);
  if (!same) co_return fail(same.error());
  const auto contradiction = openThoughEnded(*view, book_.rows());
  if (!contradiction) {
    contradictions_ = 0;
    co_return std::optional<StreamView>(std::move(*view));
  }
  if (++contradictions_ >= kContradictionsMax) co_return fail(endedButOpen(tableName_, *contradiction));
  nextSync_ = env_.loop.now() + kContradictionRetry;
  co_return std::optional<StreamView>();
}

rt::Task<Result<void>> ShardCoordinator::checkCreation(const StreamView& view) {
  if (!view.created) co_return Result<void>();
  if (!streamCreated_) {
    auto noted = co_await book_.claimStream(*view.created);
    if (!noted) co_return fail(noted.error());
    streamCreated_ = *noted;
  }
  if (*streamCreated_ == *view.created) co_return Result<void>();
  co_return fail(madeAgain(tableName_, *streamCreated_, *view.created));
}

rt::Task<Result<void>> ShardCoordinator::checkTrimmed(const StreamView& view) {
  std::optional<Error> first;
  const std::vector<std::string> unlisted = unlistedLeases(view, book_.rows());
  for (const std::string& shardId : unlisted) {
    if (started_.contains(shardId)) continue;  // Its reader finds out.
    auto trimmed = co_await isTrimmed(shardId);
    if (!trimmed) co_return fail(trimmed.error());
    if (!*trimmed) continue;
    const std::string after = book_.rows().at(shardId).checkpoint.sequenceNumber();
    env_.log.error("data_lost", {{"stream", options_.stream}, {"shard", shardId}, {"after", after}});
    if (!first) first = recordsTrimmed(options_.stream, shardId, after);
  }
  if (first) co_return fail(std::move(*first));
  co_return Result<void>();
}

// A listing may be stale; a shard that cannot be read either is gone.
rt::Task<Result<bool>> ShardCoordinator::isTrimmed(std::string shardId) {
  const kinesis::IteratorPosition oldest;
  for (int proof = 1;; ++proof) {  // Bounded by kTrimmedProofs.
    auto iterator = co_await api_.getShardIterator(options_.stream, shardId, oldest);
    // Any other failure proves nothing, and meets the shard's reader as well.
    if (iterator || iterator.error().code() != Code::kUnknownStream) co_return false;
    if (proof >= kTrimmedProofs) co_return true;
    co_await env_.loop.sleepFor(kContradictionRetry);
  }
}

rt::Task<Result<void>> ShardCoordinator::adopt(const StreamView& view) {
  auto kept = co_await checkTrimmed(view);
  if (!kept) co_return fail(kept.error());
  const StoreSection section(storing_);
  // A shard that an earlier listing lacked starts at the time that LATEST meant then, so that nothing is
  // skipped.
  rt::WallTime latest = env_.faults.planted("latest-by-local-clock") ? env_.loop.wall() : api_.serverNow();
  std::vector<Lease> rows;
  for (const auto& [key, row] : book_.rows()) {
    if (row.startsAt && *row.startsAt < latest) latest = *row.startsAt;
    rows.push_back(row);
  }
  std::vector<Lease> missing = lease::leasesToCreate(view.shards, rows, options_.initialPosition, latest);
  if (!missing.empty()) {
    auto made = co_await book_.create(std::move(missing));
    if (!made) co_return fail(made.error());
    auto read = co_await book_.read();
    if (!read) co_return fail(read.error());
  }
  auto taken = co_await book_.takeAll();
  if (!taken) co_return fail(taken.error());
  startReadyShards();
  co_return Result<void>();
}

void ShardCoordinator::startReadyShards() {
  const StartPlanOptions plan{.ignoreParents = env_.faults.planted("child-before-parent-end")};
  for (const std::string& key : shardsToStart(book_.rows(), started_, options_.workerId, plan)) {
    started_.insert(key);
    const Lease& lease = book_.rows().at(key);
    env_.log.info("shard_started",
                  {{"stream", options_.stream}, {"shard", key}, {"from", lease.checkpoint.text()}});
    listener_.startShard({key, lease.checkpoint, positionOf(lease, options_.initialPosition.timestamp())});
  }
}

void ShardCoordinator::processed(const std::vector<std::shared_ptr<const block::Block>>& blocks) {
  for (const auto& block : blocks) {
    for (const SequenceNumberRange& range : block->ranges()) {
      book_.processed(range.shardId, lease::Checkpoint::at(range.toSeqNumber), range.recordCount);
    }
    for (const block::ShardEnd& end : block->ends()) ends_.push_back({.end = end});
  }
}

void ShardCoordinator::requestStop() {
  stopRequested_ = true;
  book_.stopTaking();
}

rt::Task<Result<void>> ShardCoordinator::run() {
  rt::TaskGroup discovery(env_.loop);
  discovery.spawn(discover());
  while (!stopRequested_ && !failure_) {
    auto written = co_await book_.writeDue();
    if (!written) failure_ = written.error();
    co_await env_.loop.sleepFor(kCheckEvery);
  }
  while (storing_ > 0) co_await env_.loop.sleepFor(kCheckEvery);
  if (failure_) co_return fail(*failure_);
  co_return Result<void>();  // Discovery waits for the service at most, and ends here.
}

rt::Task<void> ShardCoordinator::discover() {
  while (!stopRequested_ && !failure_) {
    auto done = co_await prepareEnds(true);
    if (done && env_.loop.now() >= nextSync_) done = co_await sync();
    if (!done && !done.error().retryable()) {
      failure_ = done.error();
      co_return;
    }
    if (!done) {
      env_.log.warning("leases_not_synced", {{"stream", options_.stream},
                                             {"code", codeName(done.error().code())},
                                             {"reason", done.error().message()}});
    }
    co_await env_.loop.sleepFor(kCheckEvery);
  }
}

ShardEndPlan ShardCoordinator::planEnd(const PendingEnd& pending,
                                       const std::optional<StreamView>& view) const {
  return planShardEnd({.end = pending.end,
                       .processed = book_.held(pending.end.shardId).processedUpTo(),
                       .leases = book_.rows(),
                       .listing = view ? &view->graph : nullptr,
                       .giveUp = pending.tries >= kChildLookupsMax});
}

rt::Task<Result<void>> ShardCoordinator::prepareEnds(bool mayList) {
  std::optional<StreamView> view;
  // New ends come at the back meanwhile; nobody else takes one away.
  for (std::size_t i = 0; i < ends_.size();) {
    if (mayList && env_.loop.now() < ends_[i].nextTry) {
      ++i;
      continue;
    }
    ShardEndPlan plan = planEnd(ends_[i], view);
    if (plan.step == ShardEndPlan::Step::kAskListing && mayList) {
      auto looked = co_await lookForEnds(view);
      if (!looked) {
        postpone(ends_[i], looked.error().message());
        co_return fail(looked.error());
      }
      plan = planEnd(ends_[i], view);
    }
    if (plan.step == ShardEndPlan::Step::kContradicted && ends_[i].tries >= kChildLookupsMax) {
      co_return fail(endedButListedOpen(ends_[i].end.shardId));
    }
    if (plan.step != ShardEndPlan::Step::kWrite) {
      postpone(ends_[i], plan.reason);
      ++i;
      continue;
    }
    const block::ShardEnd end = ends_[i].end;
    auto prepared = co_await prepareEnd(end, std::move(plan.children));
    if (!prepared) {
      postpone(ends_[i], prepared.error().message());
      co_return fail(prepared.error());
    }
    ends_.erase(ends_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  co_return Result<void>();
}

Error ShardCoordinator::endedButListedOpen(const std::string& shardId) const {
  return Error(Code::kMalformedResponse, "GetRecords ended it, but ListShards has had it open since",
               "start again: the shard is read on from its checkpoint; if it repeats, check the endpoint")
      .within(kinesis::shardContext(options_.stream, shardId));
}

// One listing serves all ends of a round, and the rows that it calls for are made before it is used.
rt::Task<Result<void>> ShardCoordinator::lookForEnds(std::optional<StreamView>& view) {
  if (view) co_return Result<void>();
  auto looked = co_await look();
  if (!looked) co_return fail(looked.error());
  if (!*looked) co_return Result<void>();
  view = std::move(**looked);
  co_return co_await adopt(*view);
}

rt::Task<Result<void>> ShardCoordinator::prepareEnd(block::ShardEnd end, std::vector<Lease> children) {
  const StoreSection section(storing_);
  std::set<std::string> childIds;
  for (const Lease& child : children) childIds.insert(child.leaseKey);
  auto made = co_await book_.create(std::move(children));
  if (!made) co_return fail(made.error());
  if (childIds.empty()) {
    env_.log.warning("shard_ended_without_children", {{"stream", options_.stream}, {"shard", end.shardId}});
  } else {
    auto noted = co_await book_.noteChildren(end.shardId, std::move(childIds));
    if (!noted) co_return fail(noted.error());
  }
  auto read = co_await book_.read();
  if (!read) co_return fail(read.error());
  auto taken = co_await book_.takeAll();
  if (!taken) co_return fail(taken.error());
  // Everything that follows the shard is known: run() may write SHARD_END.
  book_.processed(end.shardId, lease::Checkpoint::shardEnd(), 0);
  co_return Result<void>();
}

void ShardCoordinator::postpone(PendingEnd& pending, const std::string& reason) {
  pending.nextTry = env_.loop.now() + kEndRetry;
  // The 1st, 2nd, 4th, 8th … time.
  if (!std::has_single_bit(static_cast<unsigned>(++pending.tries))) return;
  env_.log.info("shard_end_waits", {{"stream", options_.stream},
                                    {"shard", pending.end.shardId},
                                    {"tries", pending.tries},
                                    {"reason", reason.empty() ? "the shards are not listed" : reason}});
}

void ShardCoordinator::shardEnded(const std::string& shardId) {
  env_.log.info("shard_ended", {{"stream", options_.stream},
                                {"shard", shardId},
                                {"children", book_.rows().at(shardId).childShardIds.size()}});
  startReadyShards();
}

rt::Task<Result<void>> ShardCoordinator::finish() {
  requestStop();
  auto written = co_await book_.writeAll();
  if (!written) co_return fail(written.error());
  auto prepared = co_await prepareEnds(false);
  if (!prepared) co_return fail(prepared.error());
  written = co_await book_.writeAll();
  if (!written) co_return fail(written.error());
  co_return co_await book_.release();
}

}  // namespace tidemill::consume

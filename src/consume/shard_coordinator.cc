#include "consume/shard_coordinator.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "consume/start_plan.h"
#include "rt/task_group.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Lease;

// How often run() looks for writes that are due, and its other tasks for what there is to do.
constexpr rt::Duration kCheckEvery = 50ms;

// How soon a listing is asked again that contradicts the rows when the worker starts.
constexpr rt::Duration kContradictionRetry = 1s;

// How long the end of a shard waits before it is tried again, and how often its children are looked for.
constexpr rt::Duration kEndRetry = 1s;
constexpr int kChildLookupsMax = 10;

// How often rows are read that other workers write and this one waits for, and how many at most.
constexpr rt::Duration kOthersEvery = 500ms;
constexpr std::size_t kAwaitedMax = 50;

// How often it is asked whether the fleet still works in a mode that this worker knows.
constexpr rt::Duration kFleetCheckEvery = 60s;

lease::Checkpoint lastOf(const SequenceNumberRange& range) {
  return lease::Checkpoint::at(range.toSeqNumber, range.toSubSeqNumber.value_or(0));
}

// While it lives, a task is writing.
class StoreSection {
 public:
  explicit StoreSection(int& depth) : depth_(depth) { ++depth_; }
  ~StoreSection() { --depth_; }
  StoreSection(const StoreSection&) = delete;
  StoreSection& operator=(const StoreSection&) = delete;

 private:
  int& depth_;
};

lease::Worker workerOf(const CoordinatorOptions& options, base::Random& random) {
  lease::Worker worker = options.worker;
  if (worker.incarnation.empty()) worker.incarnation = worker.id + "/" + random.uuid();
  return worker;
}

}  // namespace

ShardCoordinator::ShardCoordinator(const rt::Env& env, kinesis::KinesisApi& api, lease::LeaseStore& store,
                                   CoordinatorListener& listener, CoordinatorOptions options)
    : env_(env),
      store_(store),
      listener_(listener),
      options_(std::move(options)),
      book_(env, store,
            {workerOf(options_, env.random), options_.times, options_.checkpointInterval, options_.retries},
            *this),
      taker_(env, book_,
             {.scanEvery = options_.scanEvery,
              .take = options_.take,
              .times = options_.times,
              .previousIncarnation = options_.previousIncarnation}),
      sync_(env, api, book_, options_.stream, options_.initialPosition),
      duties_(env, api, book_, options_.stream, options_.cleanup) {}

rt::Task<Result<void>> ShardCoordinator::open() {
  auto checked = co_await checkFleet();
  if (!checked) co_return fail(checked.error());
  for (;;) {  // Bounded by StreamSync, which gives a listing up that keeps contradicting the rows.
    auto view = co_await sync_.look();
    if (!view) co_return fail(view.error());
    if (*view) {
      auto adopted = co_await adopt(**view);
      if (!adopted) co_return fail(adopted.error());
      co_return co_await takeRound();
    }
    co_await env_.loop.sleepFor(kContradictionRetry);
  }
}

rt::Task<Result<void>> ShardCoordinator::checkFleet() {
  nextFleetCheck_ = env_.loop.now() + kFleetCheckEvery;
  auto checked = co_await store_.checkFleet();
  if (checked || !checked.error().retryable()) co_return std::move(checked);
  env_.log.warning("fleet_not_checked",
                   {{"application", options_.application}, {"reason", checked.error().message()}});
  co_return Result<void>();
}

rt::Task<Result<void>> ShardCoordinator::adopt(const StreamView& view) {
  const StoreSection section(storing_);
  hashRanges_.clear();
  for (const kinesis::Shard& shard : view.shards) {
    const auto range = codec::hashRangeOf(shard.startingHashKey, shard.endingHashKey);
    if (range) hashRanges_.emplace(shard.shardId, *range);
  }
  auto made = co_await sync_.adopt(view);
  if (!made) co_return fail(made.error());
  if (!made->empty()) taker_.hurry();
  startReadyShards();
  co_return Result<void>();
}

rt::Task<Result<void>> ShardCoordinator::takeRound() {
  const StoreSection section(storing_);
  auto taken = co_await taker_.round();
  startReadyShards();
  co_return std::move(taken);
}

void ShardCoordinator::startReadyShards() {
  const StartPlanOptions plan{.ignoreParents = env_.faults.planted("child-before-parent-end"),
                              .unknown = book_.unreadable()};
  for (const std::string& key : shardsToStart(book_.rows(), book_.heldIds(), started_, plan)) {
    const Tenure& tenure = *book_.find(key);
    if (tenure.handingOver()) continue;
    started_.insert(key);
    const Lease& lease = tenure.row();
    env_.log.info("shard_started",
                  {{"stream", options_.stream}, {"shard", key}, {"from", lease.checkpoint.text()}});
    listener_.startShard({.shardId = key,
                          .token = tenure.token(),
                          .from = lease.checkpoint,
                          .position = positionOf(lease, options_.initialPosition.timestamp()),
                          .hashRange = hashRangeOf(lease),
                          .pending = lease.pendingCheckpoint,
                          .pendingState = lease.pendingCheckpointState,
                          .fence = tenure.fence()});
  }
}

std::optional<codec::HashRange> ShardCoordinator::hashRangeOf(const Lease& lease) const {
  const auto written = codec::hashRangeOf(lease.startingHashKey, lease.endingHashKey);
  const auto listed = hashRanges_.find(lease.leaseKey);
  if (written || listed == hashRanges_.end()) return written;
  return listed->second;
}

void ShardCoordinator::leaseLost(const std::string& shardId, std::int64_t token, LeaseLoss loss) {
  ends_.erase(shardId);
  // What another worker took is looked at again in time; what is nobody's may be taken back.
  if (loss == LeaseLoss::kExpired || loss == LeaseLoss::kRowGone) taker_.hurry();
  if (started_.erase(shardId) > 0) listener_.stopShard({shardId, token, false});
}

void ShardCoordinator::leaseWanted(const std::string& shardId, std::int64_t token) {
  if (started_.contains(shardId)) {
    listener_.stopShard({shardId, token, true});
  } else {
    book_.handOver(shardId, token);
  }
}

void ShardCoordinator::shardEndWritten(const std::string& shardId) {
  env_.log.info("shard_ended", {{"stream", options_.stream},
                                {"shard", shardId},
                                {"children", book_.rows().at(shardId).childShardIds.size()}});
  started_.erase(shardId);  // Should an operator rewind the row, the shard is read once more.
  startReadyShards();
}

std::vector<std::shared_ptr<const block::BlockInfo>> ShardCoordinator::deliverable(
    const std::vector<std::shared_ptr<const block::BlockInfo>>& blocks) {
  book_.pump();  // Notices what has run out, so that the event comes before the batch.
  const rt::TimePoint now = env_.loop.now();
  std::vector<std::shared_ptr<const block::BlockInfo>> kept;
  kept.reserve(blocks.size());
  for (const auto& block : blocks) {
    const auto ours = [&](const std::string& shardId, std::int64_t token) {
      return book_.holds(shardId, token, now);
    };
    auto part = block::keepOnly(block, ours);
    if (part != nullptr) kept.push_back(std::move(part));
  }
  return kept;
}

bool ShardCoordinator::isAhead(const SequenceNumberRange& range) const {
  const Tenure* const tenure = book_.find(range.shardId);
  if (tenure != nullptr) return tenure->checkpoints().processedUpTo() < lastOf(range);
  const auto row = book_.rows().find(range.shardId);
  return row != book_.rows().end() && row->second.checkpoint < lastOf(range);
}

void ShardCoordinator::processed(const std::vector<std::shared_ptr<const block::BlockInfo>>& blocks) {
  book_.pump();  // A lease may have run out during the batch: that is told before the batch is.
  for (const auto& block : blocks) {
    for (const block::SliceInfo& slice : block->slices) {
      const SequenceNumberRange& range = slice.range;
      book_.processed(range.shardId, slice.token, lastOf(range), range.recordCount);
    }
    for (const block::ShardEnd& end : block->ends) ended(end);
  }
}

void ShardCoordinator::processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                                 std::int64_t records) {
  book_.processed(shardId, token, to, records);
}

void ShardCoordinator::prepare(const std::string& shardId, std::int64_t token,
                               const lease::Checkpoint& pending, std::optional<std::string> state) {
  book_.prepare(shardId, token, pending, std::move(state));
}

bool ShardCoordinator::holds(const std::string& shardId, std::int64_t token) const {
  return book_.holds(shardId, token, env_.loop.now());
}

void ShardCoordinator::ended(const block::ShardEnd& end) {
  const Tenure* tenure = book_.find(end.shardId);
  if (tenure == nullptr || tenure->token() != end.token) return;  // The new owner meets the end again.
  if (end.kind == block::ShardEnd::Kind::kHandOver) {
    book_.handOver(end.shardId, end.token);
  } else {
    ends_.try_emplace(end.shardId, PendingEnd{.end = end});
  }
}

void ShardCoordinator::requestStop() {
  stopRequested_ = true;
  book_.stopTaking();
}

rt::Task<Result<void>> ShardCoordinator::run() {
  rt::TaskGroup others(env_.loop);
  others.spawn(takeLeases());
  others.spawn(discover());
  while (!stopRequested_ && !failure_) {
    book_.pump();
    if (book_.failure()) failure_ = book_.failure();
    co_await env_.loop.sleepFor(kCheckEvery);
  }
  while (storing_ > 0) {
    book_.pump();
    co_await env_.loop.sleepFor(kCheckEvery);
  }
  if (failure_) {
    co_await book_.settle();
    co_return fail(*failure_);
  }
  co_return Result<void>();  // The other tasks wait for a service at most, and end here.
}

// True if `done` is fine or may be by the next time.
bool ShardCoordinator::note(const Result<void>& done, std::string_view event) {
  if (done) return true;
  if (!done.error().retryable()) {
    if (!failure_) failure_ = done.error();
    return false;
  }
  env_.log.warning(event, {{"stream", options_.stream},
                           {"code", codeName(done.error().code())},
                           {"reason", done.error().message()}});
  return true;
}

rt::Task<void> ShardCoordinator::takeLeases() {
  while (!stopRequested_ && !failure_) {
    if (env_.loop.now() >= taker_.nextRound()) {
      auto done = co_await takeRound();
      if (!note(done, "leases_not_taken")) co_return;
    }
    if (env_.loop.now() >= nextOthersLook_) {
      auto done = co_await watchOthers();
      if (!note(done, "leases_not_read")) co_return;
    }
    co_await env_.loop.sleepFor(kCheckEvery);
  }
}

rt::Task<void> ShardCoordinator::discover() {
  while (!stopRequested_ && !failure_) {
    auto done = co_await discoverOnce();
    if (!note(done, "leases_not_synced")) co_return;
    co_await env_.loop.sleepFor(kCheckEvery);
  }
}

rt::Task<Result<void>> ShardCoordinator::discoverOnce() {
  auto prepared = co_await prepareEnds(true);
  if (!prepared) co_return fail(prepared.error());
  if (env_.loop.now() >= nextFleetCheck_) {
    auto checked = co_await checkFleet();
    if (!checked) co_return fail(checked.error());
  }
  co_return co_await syncIfDue();
}

// One worker of the fleet looks for all; the others find the rows that it makes.
rt::Task<Result<void>> ShardCoordinator::syncIfDue() {
  if (env_.loop.now() < sync_.nextLook()) co_return Result<void>();
  if (!taker_.leads()) {
    duties_.rest();
    sync_.skip();
    co_return Result<void>();
  }
  auto view = co_await sync_.look();
  if (!view) co_return fail(view.error());
  if (!*view) co_return Result<void>();
  auto adopted = co_await adopt(**view);
  if (!adopted) co_return fail(adopted.error());
  const StoreSection section(storing_);
  co_return co_await duties_.work(**view);
}

// What other workers write and this one waits for: the ends of parents, and leases that it asked for.
rt::Task<Result<void>> ShardCoordinator::watchOthers() {
  nextOthersLook_ = env_.loop.now() + kOthersEvery;
  std::set<std::string> awaited = taker_.asked();
  for (const std::string& key : book_.heldIds()) {
    if (started_.contains(key)) continue;
    for (const std::string& parent : book_.find(key)->row().parentShardIds) {
      const auto row = book_.rows().find(parent);
      const bool open = row != book_.rows().end() && !row->second.checkpoint.isShardEnd();
      if (open && book_.find(parent) == nullptr && awaited.size() < kAwaitedMax) awaited.insert(parent);
    }
  }
  if (awaited.empty()) co_return Result<void>();
  std::vector<std::string> keys(awaited.begin(), awaited.end());
  auto read = co_await book_.readRows(std::move(keys));
  if (!read) co_return fail(read.error());
  taker_.lookAtAsked();
  startReadyShards();
  co_return Result<void>();
}

ShardEndPlan ShardCoordinator::planEnd(const PendingEnd& pending,
                                       const std::optional<StreamView>& view) const {
  return planShardEnd({.end = pending.end,
                       .processed = book_.find(pending.end.shardId)->checkpoints().processedUpTo(),
                       .leases = book_.rows(),
                       .listing = view ? &view->graph : nullptr,
                       .giveUp = pending.tries >= kChildLookupsMax});
}

rt::Task<Result<void>> ShardCoordinator::prepareEnds(bool mayList) {
  std::optional<StreamView> view;
  std::vector<std::string> shardIds;
  for (const auto& [shardId, pending] : ends_) shardIds.push_back(shardId);
  for (const std::string& shardId : shardIds) {
    auto done = co_await prepareOne(shardId, mayList, view);
    if (!done) co_return fail(done.error());
  }
  co_return Result<void>();
}

// The lease may be lost during each wait; then the end is no longer among those pending.
rt::Task<Result<void>> ShardCoordinator::prepareOne(std::string shardId, bool mayList,
                                                    std::optional<StreamView>& view) {
  auto pending = ends_.find(shardId);
  if (pending == ends_.end()) co_return Result<void>();
  if (mayList && env_.loop.now() < pending->second.nextTry) co_return Result<void>();
  ShardEndPlan plan = planEnd(pending->second, view);
  if (plan.step == ShardEndPlan::Step::kAskListing && mayList) {
    auto looked = co_await lookForEnds(view);
    if (!looked) {
      postpone(shardId, looked.error().message());
      co_return fail(looked.error());
    }
    pending = ends_.find(shardId);
    if (pending == ends_.end()) co_return Result<void>();
    plan = planEnd(pending->second, view);
  }
  if (plan.step == ShardEndPlan::Step::kContradicted && pending->second.tries >= kChildLookupsMax) {
    co_return fail(endedButListedOpen(shardId));
  }
  if (plan.step != ShardEndPlan::Step::kWrite) {
    postpone(shardId, plan.reason);
    co_return Result<void>();
  }
  const block::ShardEnd end = pending->second.end;
  auto prepared = co_await prepareEnd(end, std::move(plan.children));
  pending = ends_.find(shardId);
  // The lease may have been lost, taken again and read to its end again: that end is still to be prepared.
  const bool same = pending != ends_.end() && pending->second.end.token == end.token;
  if (same && prepared) ends_.erase(pending);
  if (same && !prepared) postpone(shardId, prepared.error().message());
  // On a conflict the row has changed under us: the next write of the lease finds out why.
  if (!prepared && prepared.error().code() != Code::kConflict) co_return fail(prepared.error());
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
  auto looked = co_await sync_.look();
  if (!looked) co_return fail(looked.error());
  if (!*looked) co_return Result<void>();
  view = std::move(**looked);
  co_return co_await adopt(*view);
}

rt::Task<Result<void>> ShardCoordinator::prepareEnd(block::ShardEnd end, std::vector<Lease> children) {
  const StoreSection section(storing_);
  std::vector<std::string> childIds;
  for (Lease& child : children) {
    childIds.push_back(child.leaseKey);
    if (env_.faults.planted("child-at-latest")) child.checkpoint = lease::Checkpoint::latest();
  }
  auto made = co_await book_.create(std::move(children));
  if (!made) co_return fail(made.error());
  if (childIds.empty()) {
    env_.log.warning("shard_ended_without_children", {{"stream", options_.stream}, {"shard", end.shardId}});
  } else {
    std::set<std::string> childSet(childIds.begin(), childIds.end());
    auto noted = co_await book_.noteChildren(end.shardId, std::move(childSet));
    if (!noted) co_return fail(noted.error());
  }
  auto read = co_await book_.readRows(childIds);
  if (!read) co_return fail(read.error());
  // Taken before the parent's end is written, so that they are read on without a pause.
  auto taken = co_await taker_.takeMade(childIds);
  if (!taken && !taken.error().retryable()) co_return fail(taken.error());
  // Everything that follows the shard is known: SHARD_END may be written.
  book_.processed(end.shardId, end.token, lease::Checkpoint::shardEnd(), 0);
  book_.pump();
  co_return Result<void>();
}

void ShardCoordinator::postpone(const std::string& shardId, const std::string& reason) {
  const auto pending = ends_.find(shardId);
  if (pending == ends_.end()) return;
  pending->second.nextTry = env_.loop.now() + kEndRetry;
  // The 1st, 2nd, 4th, 8th … time.
  const int tries = ++pending->second.tries;
  if (!std::has_single_bit(static_cast<unsigned>(tries))) return;
  env_.log.info("shard_end_waits", {{"stream", options_.stream},
                                    {"shard", shardId},
                                    {"tries", tries},
                                    {"reason", reason.empty() ? "the shards are not listed" : reason}});
}

rt::Task<Result<void>> ShardCoordinator::finish() {
  requestStop();
  co_await book_.settle();
  auto prepared = co_await prepareEnds(false);
  auto written = co_await book_.finish();
  if (!prepared) co_return fail(prepared.error());
  co_return std::move(written);
}

}  // namespace tidemill::consume

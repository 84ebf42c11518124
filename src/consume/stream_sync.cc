#include "consume/stream_sync.h"

#include <utility>

#include "consume/data_loss.h"
#include "lease/shard_sync_plan.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Lease;

// How often shards are looked for that no parent announced.
constexpr rt::Duration kLookEvery = 60s;

// How soon a listing is asked again that contradicts the rows, and how often before the rows are believed.
constexpr rt::Duration kContradictionRetry = 1s;
constexpr int kContradictionsMax = 5;

// How often a listing with holes is asked again before it is taken as it is.
constexpr int kListingsMax = 3;

// How often a shard that is not listed must be unknown before its records count as lost.
constexpr int kTrimmedProofs = 3;

}  // namespace

StreamSync::StreamSync(const rt::Env& env, kinesis::KinesisApi& api, LeaseBook& book, std::string stream,
                       KinesisInitialPosition initialPosition)
    : env_(env), api_(api), book_(book), stream_(std::move(stream)), initialPosition_(initialPosition) {}

// Rows first: a listing that is younger than the rows cannot have a shard open that they say has ended.
rt::Task<Result<std::optional<StreamView>>> StreamSync::look() {
  nextLook_ = env_.loop.now() + kLookEvery;
  auto rows = co_await book_.read();
  if (!rows) co_return fail(rows.error());
  const ViewContext context{env_.loop, api_, env_.log, stream_};
  auto view = co_await viewStream(context, kListingsMax);
  if (!view && (!viewed_ || view.error().code() == Code::kUnknownStream)) co_return fail(view.error());
  if (!view) {
    env_.log.warning(
        "shards_not_listed",
        {{"stream", stream_}, {"code", codeName(view.error().code())}, {"reason", view.error().message()}});
    co_return std::optional<StreamView>();
  }
  auto same = co_await checkCreation(*view);
  if (!same) co_return fail(same.error());
  const auto problem = lease::openParentProblem(view->shards);
  if (!problem) {
    inconsistent_ = 0;
  } else if (++inconsistent_ < kContradictionsMax) {
    // Rows must not be made from it: a child would be read beside its parent.
    env_.log.warning("listing_inconsistent", {{"stream", stream_}, {"reason", *problem}});
    nextLook_ = env_.loop.now() + kContradictionRetry;
    co_return std::optional<StreamView>();
  }
  const auto contradiction = openThoughEnded(*view, book_.rows());
  if (!contradiction) {
    contradictions_ = 0;
    viewed_ = true;
    co_return std::optional<StreamView>(std::move(*view));
  }
  if (++contradictions_ >= kContradictionsMax)
    co_return fail(endedButOpen(book_.store().name(), *contradiction));
  nextLook_ = env_.loop.now() + kContradictionRetry;
  co_return std::optional<StreamView>();
}

rt::Task<Result<void>> StreamSync::checkCreation(const StreamView& view) {
  if (!view.created) co_return Result<void>();
  if (!streamCreated_) {
    auto noted = co_await book_.claimStream(*view.created);
    if (!noted) co_return fail(noted.error());
    streamCreated_ = *noted;
  }
  if (*streamCreated_ == *view.created) co_return Result<void>();
  co_return fail(madeAgain(book_.store().name(), *streamCreated_, *view.created));
}

// Whether nobody else finds out what becomes of the shard: neither another worker nor a reader of ours.
bool StreamSync::isUnread(const std::string& shardId) const {
  const auto row = book_.rows().find(shardId);
  if (row == book_.rows().end() || row->second.checkpoint.isShardEnd()) return false;
  if (book_.find(shardId) != nullptr) return false;
  return row->second.leaseOwner.empty() || row->second.leaseOwner == book_.worker().id;
}

rt::Task<Result<void>> StreamSync::checkTrimmed(const StreamView& view) {
  std::optional<Error> first;
  const std::vector<std::string> unlisted = unlistedLeases(view, book_.rows());
  for (const std::string& shardId : unlisted) {
    if (!isUnread(shardId)) continue;
    auto trimmed = co_await isTrimmed(shardId);
    if (!trimmed) co_return fail(trimmed.error());
    // Meanwhile another task may have read that the row is gone, or another worker's.
    if (!*trimmed || !isUnread(shardId)) continue;
    const std::string after = book_.rows().at(shardId).checkpoint.sequenceNumber();
    env_.log.error("data_lost", {{"stream", stream_}, {"shard", shardId}, {"after", after}});
    if (!first) first = recordsTrimmed(stream_, shardId, after);
  }
  if (first) co_return fail(std::move(*first));
  co_return Result<void>();
}

void StreamSync::skip() {
  nextLook_ = env_.loop.now() + kLookEvery;
}

// A listing may be stale; a shard that cannot be read either is gone.
rt::Task<Result<bool>> StreamSync::isTrimmed(std::string shardId) {
  const kinesis::IteratorPosition oldest;
  for (int proof = 1;; ++proof) {  // Bounded by kTrimmedProofs.
    auto iterator = co_await api_.getShardIterator(stream_, shardId, oldest);
    // Any other failure proves nothing, and meets the shard's reader as well.
    if (iterator || iterator.error().code() != Code::kUnknownStream) co_return false;
    if (proof >= kTrimmedProofs) co_return true;
    co_await env_.loop.sleepFor(kContradictionRetry);
  }
}

rt::Task<Result<std::vector<std::string>>> StreamSync::adopt(const StreamView& view) {
  auto kept = co_await checkTrimmed(view);
  if (!kept) co_return fail(kept.error());
  // A shard that an earlier listing lacked starts at the time that LATEST meant then, so that nothing is
  // skipped.
  rt::WallTime latest = env_.faults.planted("latest-by-local-clock") ? env_.loop.wall() : api_.serverNow();
  std::vector<Lease> rows;
  for (const auto& [key, row] : book_.rows()) {
    if (row.startsAt && *row.startsAt < latest) latest = *row.startsAt;
    rows.push_back(row);
  }
  // A row that cannot be read is there nevertheless: without it, the children of its shard would seem to have
  // no ancestor, and start at the initial position.
  for (const std::string& key : book_.unreadable()) {
    if (book_.rows().contains(key)) continue;
    Lease unreadable;
    unreadable.leaseKey = key;
    rows.push_back(std::move(unreadable));
  }
  std::vector<Lease> missing = lease::leasesToCreate(view.shards, rows, initialPosition_, latest);
  std::vector<std::string> made;
  for (const Lease& row : missing) made.push_back(row.leaseKey);
  if (made.empty()) co_return std::move(made);
  auto created = co_await book_.create(std::move(missing));
  if (!created) co_return fail(created.error());
  auto read = co_await book_.read();
  if (!read) co_return fail(read.error());
  co_return std::move(made);
}

}  // namespace tidemill::consume

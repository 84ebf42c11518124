#include "consume/fleet_duties.h"

#include <set>
#include <utility>

#include "kinesis/hash_key.h"
#include "lease/row_health.h"

namespace tidemill::consume {
namespace {

using lease::Lease;

// Rows that one pass deletes at most; the next one goes on.
constexpr std::size_t kRemovedMax = 500;

}  // namespace

FleetDuties::FleetDuties(const rt::Env& env, kinesis::KinesisApi& api, LeaseBook& book, std::string stream,
                         lease::CleanupOptions cleanup)
    : env_(env),
      api_(api),
      book_(book),
      stream_(std::move(stream)),
      cleans_(cleanup.enabled),
      clock_(cleanup, env.loop.now()) {}

rt::Task<Result<void>> FleetDuties::work(const StreamView& view) {
  auto audited = co_await audit(view);
  if (!audited) co_return fail(audited.error());
  if (!cleans_) co_return Result<void>();
  if (clock_.completedIsDue(env_.loop.now())) {
    auto removed = co_await removeCompleted(view);
    if (!removed) co_return fail(removed.error());
    clock_.completedDone(env_.loop.now());
  }
  if (clock_.garbageIsDue(env_.loop.now())) {
    auto removed = co_await removeGarbage(view);
    if (!removed) co_return fail(removed.error());
    clock_.garbageDone(env_.loop.now());
  }
  co_return Result<void>();
}

rt::Task<Result<void>> FleetDuties::audit(const StreamView& view) {
  const std::vector<Lease> rows = book_.allRows();
  for (const lease::RowAnomaly& anomaly : lease::checkListing(rows, view.shards)) {
    env_.log.warning(lease::anomalyEvent(anomaly.kind),
                     {{"stream", stream_}, {"shard", anomaly.leaseKey}, {"reason", anomaly.text}});
  }
  const lease::AuditReport report = auditor_.run(rows, view.shards);
  for (const lease::MissingRange& missing : report.missing) {
    auto noted =
        co_await book_.noteHashRange(missing.leaseKey, missing.startingHashKey, missing.endingHashKey);
    // A row that was deleted meanwhile needs no range.
    if (!noted && noted.error().code() != Code::kConflict) co_return fail(noted.error());
  }
  if (report.hole && report.syncNow) {
    // The sync before this pass made every row that the listing calls for, so the listing has the hole too.
    env_.log.error("shards_do_not_cover_the_stream",
                   {{"stream", stream_},
                    {"first_hash_key", kinesis::formatHashKey(report.hole->first)},
                    {"last_hash_key", kinesis::formatHashKey(report.hole->last)},
                    {"looks", report.seen}});
  }
  co_return Result<void>();
}

rt::Task<Result<void>> FleetDuties::removeCompleted(const StreamView& view) {
  const std::vector<Lease> rows = book_.allRows();
  std::vector<lease::CleanupStep> steps = lease::completedRows(rows, view.shards);
  co_return co_await remove(std::move(steps));
}

rt::Task<Result<void>> FleetDuties::removeGarbage(const StreamView& view) {
  const std::vector<Lease> rows = book_.allRows();
  const std::vector<Lease> suspects = lease::garbageSuspects(rows, view.shards);
  const kinesis::IteratorPosition oldest;
  std::set<std::string> unknown;
  for (const Lease& row : suspects) {
    if (unknown.size() >= kRemovedMax || !book_.taking()) break;  // The next leader goes on.
    auto iterator = co_await api_.getShardIterator(stream_, row.leaseKey, oldest);
    if (!iterator && iterator.error().code() == Code::kUnknownStream) unknown.insert(row.leaseKey);
  }
  std::vector<lease::CleanupStep> steps = lease::garbageRows(suspects, unknown);
  co_return co_await remove(std::move(steps));
}

rt::Task<Result<void>> FleetDuties::remove(std::vector<lease::CleanupStep> steps) {
  if (steps.size() > kRemovedMax) steps.resize(kRemovedMax);
  for (const lease::CleanupStep& step : steps) {
    if (!book_.taking()) break;
    const std::string key = step.row.leaseKey;
    auto removed = co_await book_.remove(key, lease::cleanupReasonName(step.reason));
    if (!removed && removed.error().code() != Code::kConflict) co_return fail(removed.error());
  }
  co_return Result<void>();
}

}  // namespace tidemill::consume

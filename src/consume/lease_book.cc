#include "consume/lease_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Lease;
using lease::LeaseWrite;

// A lease is taken on a condition that somebody else may have broken: a throttled answer is worth another
// try, an outage is left to the next look.
constexpr int kTakeAttemptsMax = 3;

// However many a program asks for.
constexpr int kAttemptsMost = 10;

// A write of a held lease is tried and looked into; what stays open is tried again by pump().
constexpr int kWriteAttemptsMax = 2;

// How long a write whose outcome is open waits before it is tried again. Drawn up to twice as long.
constexpr std::chrono::milliseconds kRetryAfter{250};

// How often finish() looks whether everything is written.
constexpr rt::Duration kSettleCheck = 10ms;

std::int64_t milliseconds(rt::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

std::string_view lossName(LeaseLoss loss) {
  constexpr std::array<std::string_view, 6> kNames = {"expired",      "taken",       "row_gone",
                                                      "row_restored", "handed_over", "row_unreadable"};
  return kNames.at(static_cast<std::size_t>(loss));
}

LeaseBook::LeaseBook(const rt::Env& env, lease::LeaseStore& store, LeaseBookOptions options,
                     LeaseEvents& events)
    : env_(env), store_(store), options_(std::move(options)), events_(events), writes_(env.loop) {}

lease::SettleContext LeaseBook::settleContext(int attemptsMax) const {
  return {.loop = env_.loop,
          .store = store_,
          .random = env_.random,
          .attemptsMax = std::min(options_.retries.attemptsMax.value_or(attemptsMax), kAttemptsMost),
          .backoff = options_.retries.backoff,
          .conflictIsTheft = env_.faults.planted("lost-response-is-theft")};
}

const Tenure* LeaseBook::find(const std::string& shardId) const {
  const auto found = tenures_.find(shardId);
  return found == tenures_.end() ? nullptr : &found->second;
}

Tenure* LeaseBook::held(const std::string& shardId, std::int64_t token) {
  const auto found = tenures_.find(shardId);
  return found == tenures_.end() || found->second.token() != token ? nullptr : &found->second;
}

std::vector<std::string> LeaseBook::heldIds() const {
  std::vector<std::string> ids;
  ids.reserve(tenures_.size());
  for (const auto& [shardId, tenure] : tenures_) ids.push_back(shardId);
  return ids;
}

bool LeaseBook::holds(const std::string& shardId, std::int64_t token, rt::TimePoint now) const {
  const Tenure* tenure = find(shardId);
  if (tenure == nullptr || tenure->token() != token) return false;
  return tenure->valid(now) || env_.faults.planted("zombie-checkpoint");
}

rt::Task<Result<rt::WallTime>> LeaseBook::claimStream(rt::WallTime created) {
  co_return co_await lease::claimStreamSettled(settleContext(), created);
}

rt::Task<Result<void>> LeaseBook::read() {
  auto listing = co_await lease::listSettled(settleContext());
  if (!listing) co_return fail(listing.error());
  std::set<std::string> spoiled;
  for (const lease::UnreadableRow& row : listing->unreadable) {
    noteUnreadable(row.leaseKey, row.reason);
    spoiled.insert(row.leaseKey);
  }
  unreadable_ = std::move(spoiled);
  auto restored = co_await restoreVanished(*listing);
  if (!restored) co_return fail(restored.error());
  std::vector<std::string> backward;
  for (Lease& row : listing->leases) {
    const auto known = rows_.find(row.leaseKey);
    const bool back = known != rows_.end() && row.leaseCounter < known->second.leaseCounter;
    if (back && !tenures_.contains(row.leaseKey)) backward.push_back(row.leaseKey);
    noteRow(std::move(row));
  }
  co_return co_await checkBackward(std::move(backward));
}

rt::Task<Result<void>> LeaseBook::checkBackward(std::vector<std::string> leaseKeys) {
  for (const std::string& key : leaseKeys) {
    auto row = co_await lease::getSettled(settleContext(), key);
    if (!row && row.error().code() == Code::kForeignTable) continue;  // The next listing has it so too.
    if (!row) co_return fail(row.error());
    const auto known = rows_.find(key);
    if (!*row || known == rows_.end() || tenures_.contains(key)) continue;
    if ((*row)->leaseCounter >= known->second.leaseCounter) continue;  // The listing was old.
    const auto anomaly = lease::classify({known->second}, **row);
    if (!anomaly) continue;
    refuse(**row, *anomaly);
    known->second = std::move(**row);
  }
  co_return Result<void>();
}

void LeaseBook::refuse(const Lease& row, const lease::RowAnomaly& anomaly) {
  env_.log.error(
      lease::anomalyEvent(anomaly.kind),
      {{"application", store_.application()},
       {"stream", store_.stream()},
       {"shard", row.leaseKey},
       {"reason", anomaly.text},
       {"hint", "the shard is left alone; start this worker again to go on from what the table says"}});
  refused_.insert_or_assign(row.leaseKey, row.leaseCounter);
}

std::set<std::string> LeaseBook::refused() const {
  std::set<std::string> keys = unreadable_;
  for (const auto& [key, counter] : refused_) keys.insert(key);
  return keys;
}

std::vector<Lease> LeaseBook::allRows() const {
  std::vector<Lease> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

rt::Task<Result<void>> LeaseBook::readRows(std::vector<std::string> leaseKeys) {
  for (const std::string& key : leaseKeys) {
    auto row = co_await lease::getSettled(settleContext(), key);
    if (!row && row.error().code() == Code::kForeignTable) {
      noteUnreadable(key, row.error().message());
      continue;
    }
    if (!row) co_return fail(row.error());
    if (*row) noteRow(std::move(**row));
  }
  co_return Result<void>();
}

// Said once, until it is mended. One spoiled row must not end the work on the others.
void LeaseBook::noteUnreadable(const std::string& leaseKey, const std::string& reason) {
  if (!unreadable_.insert(leaseKey).second) return;
  env_.log.error("lease_row_unreadable",
                 {{"application", store_.application()},
                  {"stream", store_.stream()},
                  {"shard", leaseKey},
                  {"reason", reason},
                  {"hint",
                   "the shard is left alone until the row is mended; its checkpoint is lost if the "
                   "row is deleted"}});
}

void LeaseBook::noteRow(Lease row) {
  if (tenures_.contains(row.leaseKey)) {
    Tenure& tenure = tenures_.at(row.leaseKey);
    // Asking leaves the counter alone, so a listing may be the first to know of it.
    if (!row.wantedBy.empty() && tenure.wantedBy().empty() && row.leaseOwner == options_.worker.id) {
      tenure.askedBy(row.wantedBy);
      events_.leaseWanted(row.leaseKey, tenure.token());
    }
    return;
  }
  const auto [known, isNew] = rows_.try_emplace(row.leaseKey, row);
  if (isNew) return;
  // The counter grows with every write: what was read may be older than what was written meanwhile.
  if (row.leaseCounter < known->second.leaseCounter) return;
  const auto refused = refused_.find(row.leaseKey);
  if (refused != refused_.end() && row.leaseCounter > refused->second) refused_.erase(refused);
  if (row.checkpoint < known->second.checkpoint && row.checkpoint != known->second.checkpoint &&
      row.leaseCounter > known->second.leaseCounter) {
    // As the operator's command does it.
    env_.log.warning(lease::anomalyEvent(lease::RowAnomaly::Kind::kCheckpointRegressed),
                     {{"stream", store_.stream()},
                      {"shard", row.leaseKey},
                      {"from", known->second.checkpoint.text()},
                      {"to", row.checkpoint.text()}});
  }
  known->second = std::move(row);
}

// A row that was there and is no more, of a shard that had not ended, would start at the initial position if
// it were made by the next sync: so it is made again as it was last known. A listing may lack a row that is
// there; making a row that exists does nothing.
rt::Task<Result<void>> LeaseBook::restoreVanished(const lease::LeaseListing& listing) {
  std::set<std::string> present(listing.otherRows.begin(), listing.otherRows.end());
  for (const Lease& row : listing.leases) present.insert(row.leaseKey);
  for (const lease::UnreadableRow& row : listing.unreadable) present.insert(row.leaseKey);
  std::vector<std::string> gone;
  for (const auto& [key, row] : rows_) {
    if (!present.contains(key) && !tenures_.contains(key)) gone.push_back(key);
  }
  for (const std::string& key : gone) {
    auto now = co_await lease::getSettled(settleContext(), key);
    if (!now) co_return fail(now.error());
    if (*now) continue;
    const auto known = rows_.find(key);
    if (known == rows_.end() || tenures_.contains(key)) continue;  // Its next write finds out.
    Lease row = known->second;
    // A child is read only when its parents have ended: so this one had, and was cleaned up.
    const auto reads = [&key](const Lease& child) {
      return child.parentShardIds.contains(key) && child.checkpoint.isSequenceNumber();
    };
    const bool cleaned = std::any_of(listing.leases.begin(), listing.leases.end(), reads);
    if (row.checkpoint.isShardEnd() || cleaned) {
      rows_.erase(key);
      continue;
    }
    ++row.leaseCounter;
    row.leaseOwner.clear();
    row.incarnation.clear();
    row.wantedBy.clear();
    row.checkpointOwner.clear();
    auto made = co_await lease::createSettled(settleContext(), row);
    if (!made) co_return fail(made.error());
    if (tenures_.contains(key)) continue;  // Another task saw it sooner, and took it.
    env_.log.error("lease_row_vanished", {{"application", store_.application()},
                                          {"stream", store_.stream()},
                                          {"shard", key},
                                          {"restored_at", row.checkpoint.text()}});
    // Another worker may have been quicker.
    auto again = co_await lease::getSettled(settleContext(), key);
    if (!again) co_return fail(again.error());
    if (*again) rows_.insert_or_assign(key, std::move(**again));
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::create(std::vector<Lease> rows) {
  std::optional<Error> error;
  rt::TaskGroup group(env_.loop);
  std::set<std::string> begun;
  for (Lease& row : rows) {
    const auto runs = [&begun](const std::string& parent) { return begun.contains(parent); };
    if (std::any_of(row.parentShardIds.begin(), row.parentShardIds.end(), runs)) {
      // A crash must not leave a child's row without its parent's.
      co_await group.join(rt::Duration::max());
      begun.clear();
    }
    while (group.running() >= kWritesMax) {
      // Making thousands outlasts a lease: what is held is renewed meanwhile.
      pump();
      co_await env_.loop.sleepFor(1ms);
    }
    if (error) break;
    begun.insert(row.leaseKey);
    rt::Task<void> task = createOne(std::move(row), error);
    group.spawn(std::move(task));
  }
  co_await group.join(rt::Duration::max());
  if (error) co_return fail(*error);
  co_return Result<void>();
}

rt::Task<void> LeaseBook::createOne(Lease row, std::optional<Error>& error) {
  auto made = co_await lease::createSettled(settleContext(), row);
  if (!made && !error) error = made.error();
}

rt::Task<Result<void>> LeaseBook::take(std::vector<lease::LeaseTake> takes) {
  std::optional<Error> error;
  rt::TaskGroup group(env_.loop);
  for (lease::LeaseTake& one : takes) {
    while (group.running() >= kWritesMax) {
      // Taking thousands outlasts a lease: what was taken first is renewed meanwhile.
      pump();
      co_await env_.loop.sleepFor(1ms);
    }
    if (!taking_ || error) break;
    rt::Task<void> task = takeOne(std::move(one), error);
    group.spawn(std::move(task));
  }
  co_await group.join(rt::Duration::max());
  if (error) co_return fail(*error);
  co_return Result<void>();
}

rt::Task<void> LeaseBook::takeOne(lease::LeaseTake take, std::optional<Error>& error) {
  const auto known = rows_.find(take.leaseKey);
  if (known == rows_.end() || tenures_.contains(take.leaseKey)) co_return;
  const Lease seen = known->second;
  // The wait that led to this take was for the counter of that listing, not for one that was read since.
  if (seen.leaseCounter != take.seenCounter) co_return;
  // Each take has a mark of its own: an earlier one whose outcome stayed open may still arrive, and must not
  // be believed to be this one, from which the lease would run later than it does.
  const lease::Worker self{options_.worker.id,
                           fmt::format("{}/{}", options_.worker.incarnation, ++takesMade_)};
  LeaseWrite write = lease::taking(seen, self);
  write.ignoreCounter = env_.faults.planted("stale-scan-takeover");
  const lease::SettleContext context = settleContext(kTakeAttemptsMax);
  auto taken = co_await lease::writeSettled(context, std::move(write));
  if (!taken) {
    // Somebody was quicker, or the outcome is open: the next look tells.
    const Code code = taken.error().code();
    if (code == Code::kForeignTable) noteUnreadable(take.leaseKey, taken.error().message());
    if (code != Code::kConflict && code != Code::kForeignTable && !error) error = taken.error();
    co_return;
  }
  Lease row = std::move(taken->row);
  const rt::TimePoint sent = env_.faults.planted("lease-clock-from-response") ? env_.loop.now() : taken->sent;
  rows_.insert_or_assign(take.leaseKey, row);
  env_.log.info("lease_taken", {{"shard", take.leaseKey},
                                {"from", seen.leaseOwner},
                                {"reason", lease::takeReasonName(take.reason)},
                                {"waited_ms", milliseconds(take.waited)},
                                {"stream", store_.stream()},
                                {"token", row.leaseCounter}});
  const auto [held, isNew] =
      tenures_.try_emplace(take.leaseKey, std::move(row), sent, options_.times, options_.checkpointInterval);
  // Whoever asked while we had lost it waits still: a take of what is ours already leaves the request.
  const std::string& asker = held->second.wantedBy();
  if (isNew && !asker.empty() && asker != options_.worker.id) {
    events_.leaseWanted(take.leaseKey, held->second.token());
  }
}

rt::Task<void> LeaseBook::ask(std::string leaseKey) {
  const auto known = rows_.find(leaseKey);
  if (known == rows_.end()) co_return;  // Gone since the look that led here.
  const Lease seen = known->second;
  auto asked = co_await store_.ask(seen, options_.worker.id);
  // Asking again does no harm, so whatever went wrong is left to the next look.
  if (asked) {
    env_.log.info("lease_asked_for",
                  {{"stream", store_.stream()}, {"shard", leaseKey}, {"owner", seen.leaseOwner}});
  }
}

rt::Task<Result<void>> LeaseBook::noteChildren(std::string shardId, std::set<std::string> children) {
  auto noted = co_await lease::setChildrenSettled(settleContext(), shardId, children);
  if (!noted) co_return fail(noted.error());
  // During the wait another task may have forgotten the row.
  const auto row = rows_.find(shardId);
  if (row != rows_.end()) row->second.childShardIds = children;
  const auto tenure = tenures_.find(shardId);
  if (tenure != tenures_.end()) tenure->second.setChildren(std::move(children));
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::noteHashRange(std::string shardId, std::string starting,
                                                std::string ending) {
  auto noted = co_await lease::setHashRangeSettled(settleContext(), shardId, starting, ending);
  if (!noted) co_return fail(noted.error());
  const auto row = rows_.find(shardId);
  if (row == rows_.end()) co_return Result<void>();
  row->second.startingHashKey = starting;
  row->second.endingHashKey = ending;
  const auto tenure = tenures_.find(shardId);
  if (tenure != tenures_.end()) tenure->second.setHashRange(std::move(starting), std::move(ending));
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::remove(std::string shardId, std::string_view reason) {
  const auto known = rows_.find(shardId);
  if (known == rows_.end()) co_return Result<void>();
  // What is held is given up first.
  if (tenures_.contains(shardId)) co_return Result<void>();
  const Lease seen = known->second;
  auto removed = co_await lease::removeSettled(settleContext(), seen);
  if (!removed) co_return fail(removed.error());
  rows_.erase(shardId);
  env_.log.info("lease_removed", {{"stream", store_.stream()}, {"shard", shardId}, {"reason", reason}});
  co_return Result<void>();
}

void LeaseBook::processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                          std::int64_t records) {
  Tenure* tenure = held(shardId, token);
  if (tenure == nullptr) return;
  // A record of which an earlier reader had processed a part is behind that part as a whole.
  const lease::Checkpoint& before = tenure->checkpoints().processedUpTo();
  bool behind = to < before;
  if (to.isSequenceNumber() && before.isSequenceNumber() && env_.faults.planted("text-sequence-compare")) {
    behind = to.sequenceNumber() < before.sequenceNumber();
  }
  tenure->processed(behind ? before : to, records);
}

void LeaseBook::prepare(const std::string& shardId, std::int64_t token, const lease::Checkpoint& pending,
                        std::optional<std::string> state) {
  Tenure* tenure = held(shardId, token);
  if (tenure != nullptr) tenure->prepare(pending, std::move(state));
}

void LeaseBook::handOver(const std::string& shardId, std::int64_t token) {
  Tenure* tenure = held(shardId, token);
  if (tenure == nullptr || tenure->wantedBy().empty()) return;
  tenure->handOver();
  pump();
}

void LeaseBook::pump() {
  loseExpired();
  startWrites(kWritesMax);
}

void LeaseBook::loseExpired() {
  if (env_.faults.planted("zombie-checkpoint")) return;
  const rt::TimePoint now = env_.loop.now();
  std::vector<std::string> expired;
  for (const auto& [shardId, tenure] : tenures_) {
    if (!tenure.valid(now)) expired.push_back(shardId);
  }
  for (const std::string& shardId : expired) {
    // Whoever is told of a loss may call again.
    if (tenures_.contains(shardId)) lose(shardId, LeaseLoss::kExpired, options_.worker.id);
  }
}

// In descending order, as KCL. What finds no room comes next, before any lease has its second turn: else the
// last ones would run out while the first ones are renewed again and again.
void LeaseBook::startWrites(std::size_t most) {
  if (settling_) return;
  auto it = sweep_ ? std::make_reverse_iterator(tenures_.upper_bound(*sweep_)) : tenures_.rbegin();
  for (; it != tenures_.rend(); ++it) {
    if (writes_.running() >= most) {
      sweep_ = it->first;
      return;
    }
    startWrite(it->first, it->second);
  }
  sweep_.reset();
}

void LeaseBook::startWrite(const std::string& shardId, Tenure& tenure) {
  auto next = tenure.next(env_.loop.now(), stage_);
  if (!next) return;
  tenure.begin();
  writes_.spawn(perform(shardId, tenure.token(), std::move(*next)));
}

// The task of the write that was made is still counted. What the lease calls for next is not put off; all
// others are only looked at if some found no room before, since looking takes time for each lease.
void LeaseBook::goOnAfter(const std::string& shardId) {
  const auto tenure = tenures_.find(shardId);
  if (tenure != tenures_.end() && !settling_) startWrite(shardId, tenure->second);
  if (sweep_) startWrites(kWritesMax + 1);
}

rt::Task<void> LeaseBook::perform(std::string shardId, std::int64_t token, TenureWrite write) {
  const rt::TimePoint started = env_.loop.now();
  if (!write.firstSent) write.firstSent = started;
  LeaseWrite change = write.write;
  change.ignoreCounter = env_.faults.planted("zombie-checkpoint");
  const lease::SettleContext context = settleContext(kWriteAttemptsMax);
  auto written = co_await lease::writeSettled(context, std::move(change));
  Tenure* tenure = held(shardId, token);
  if (tenure == nullptr) co_return;
  if (!holds(shardId, token, env_.loop.now()) && !env_.faults.planted("lease-clock-from-response")) {
    // Whatever became of the write: others may have counted us out by now.
    lose(shardId, LeaseLoss::kExpired, options_.worker.id);
    co_return;
  }
  if (written) {
    wrote(shardId, *tenure, write, *written);
    co_return;
  }
  if (written.error().code() == Code::kConflict) {
    co_await explainConflict(shardId, token);
    co_return;
  }
  if (written.error().code() == Code::kForeignTable) {
    noteUnreadable(shardId, written.error().message());
    lose(shardId, LeaseLoss::kUnreadable, "");
    co_return;
  }
  notWritten(shardId, *tenure, std::move(write), written.error());
}

void LeaseBook::wrote(const std::string& shardId, Tenure& tenure, const TenureWrite& write,
                      const lease::SettledWrite& written) {
  // Of an earlier attempt, perhaps, whose answer was lost.
  rt::TimePoint sent = std::min(written.sent, *write.firstSent);
  if (env_.faults.planted("lease-clock-from-response")) sent = env_.loop.now();
  tenure.done(write, sent, env_.loop.now());
  rows_.insert_or_assign(shardId, tenure.row());
  lastError_.reset();
  if (write.checkpoint) {
    env_.log.debug("checkpoint_written", {{"shard", shardId}, {"at", write.checkpoint->to.text()}});
  }
  if (write.checkpoint && write.checkpoint->to.isShardEnd()) {
    events_.shardEndWritten(shardId);
  } else if (write.write.kind == LeaseWrite::Kind::kRelease) {
    env_.log.info("lease_released", {{"stream", store_.stream()}, {"shard", shardId}});
    forget(shardId);
  } else if (write.write.kind == LeaseWrite::Kind::kHandOver) {
    lose(shardId, LeaseLoss::kHandedOver, tenure.row().leaseOwner);
  } else if (tenure.wantedBy().empty() && !written.row.wantedBy.empty()) {
    tenure.askedBy(written.row.wantedBy);
    events_.leaseWanted(shardId, tenure.token());
  }
  goOnAfter(shardId);
}

void LeaseBook::notWritten(const std::string& shardId, Tenure& tenure, TenureWrite write,
                           const Error& error) {
  lastError_ = error;
  if (!error.retryable()) {
    if (!failure_) failure_ = error;
    // Should the work be resumed, its outcome is asked for first.
    tenure.unsettled(std::move(write), env_.loop.now() + kRetryAfter);
    return;
  }
  env_.log.warning(write.checkpoint ? "checkpoint_not_written" : "lease_not_written",
                   {{"stream", store_.stream()},
                    {"shard", shardId},
                    {"code", codeName(error.code())},
                    {"reason", error.message()}});
  const auto jitter = std::chrono::milliseconds(
      static_cast<std::int64_t>(env_.random.below(static_cast<std::uint64_t>(kRetryAfter.count()))));
  tenure.unsettled(std::move(write), env_.loop.now() + kRetryAfter + jitter);
}

// The row is not as this worker left it.
rt::Task<void> LeaseBook::explainConflict(std::string shardId, std::int64_t token) {
  auto found = co_await lease::getSettled(settleContext(), shardId);
  const Tenure* tenure = held(shardId, token);
  if (tenure == nullptr) co_return;
  if (!found && found.error().code() == Code::kForeignTable) {
    noteUnreadable(shardId, found.error().message());
    lose(shardId, LeaseLoss::kUnreadable, "");
    co_return;
  }
  if (!found) {  // Nothing more is known than that it is not ours as it was.
    lose(shardId, LeaseLoss::kTaken, "");
    co_return;
  }
  if (!*found) {
    lose(shardId, LeaseLoss::kRowGone, "");
    co_return;
  }
  Lease row = std::move(**found);
  const std::string owner = row.leaseOwner;
  if (row.leaseCounter < tenure->row().leaseCounter) {
    const auto anomaly = lease::classify({tenure->row()}, row);
    if (anomaly) refuse(row, *anomaly);
    rows_.insert_or_assign(shardId, std::move(row));
    lose(shardId, LeaseLoss::kRowRestored, owner);
    co_return;
  }
  if (owner == options_.worker.id) foundTwin(shardId);
  rows_.insert_or_assign(shardId, std::move(row));
  lose(shardId, LeaseLoss::kTaken, owner);
}

void LeaseBook::foundTwin(const std::string& shardId) {
  if (failure_) return;
  failure_ = Error(Code::kWorkerIdInUse,
                   fmt::format("{}: another process works as worker {}", store_.nameOf(shardId),
                               base::quoteIfNeeded(options_.worker.id)),
                   "give each process its own worker id, and start this one again");
}

void LeaseBook::lose(const std::string& shardId, LeaseLoss loss, const std::string& owner) {
  const std::int64_t token = tenures_.at(shardId).token();
  if (loss == LeaseLoss::kHandedOver) {
    env_.log.info("lease_handed_over", {{"shard", shardId}, {"to", owner}, {"stream", store_.stream()}});
  } else {
    env_.log.warning("lease_lost", {{"shard", shardId},
                                    {"reason", lossName(loss)},
                                    {"owner", owner},
                                    {"worker", options_.worker.id},
                                    {"stream", store_.stream()},
                                    {"token", token}});
  }
  forget(shardId);
  events_.leaseLost(shardId, token, loss);
}

void LeaseBook::forget(const std::string& shardId) {
  const auto found = tenures_.find(shardId);
  found->second.fence()->close();
  past_.processed += found->second.checkpoints().recordsProcessed();
  past_.checkpointed += found->second.checkpoints().recordsWritten();
  tenures_.erase(found);
}

rt::Task<void> LeaseBook::settle() {
  settling_ = true;  // With many leases some write would always be on its way.
  co_await writes_.join(rt::Duration::max());
  settling_ = false;
}

rt::Task<Result<void>> LeaseBook::finish() {
  taking_ = false;
  stage_ = TenureStage::kFinishing;
  // Bounded by the time for which the leases are valid.
  while (!tenures_.empty() && !failure_) {
    pump();
    co_await env_.loop.sleepFor(kSettleCheck);
  }
  if (failure_) co_return fail(*failure_);
  if (lastError_) co_return fail(*lastError_);
  co_return Result<void>();
}

CoordinatorTotals LeaseBook::totals() const {
  CoordinatorTotals totals = past_;
  for (const auto& [shardId, tenure] : tenures_) {
    totals.processed += tenure.checkpoints().recordsProcessed();
    totals.checkpointed += tenure.checkpoints().recordsWritten();
  }
  return totals;
}

}  // namespace tidemill::consume

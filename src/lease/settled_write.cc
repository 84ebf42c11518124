#include "lease/settled_write.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <utility>

#include "base/text.h"
#include "rt/backoff.h"

namespace tidemill::lease {
namespace {

// The row's new owner tells who took it; our own name under a counter that we did not write, that there are
// two of us.
Error takenAway(const LeaseStore& store, const LeaseWrite& write, const std::optional<Lease>& row) {
  const std::string name = store.nameOf(write.before.leaseKey);
  if (!row) {
    return Error(Code::kConflict, name + ": the row is gone", "restore the lease table, or start again");
  }
  const std::string owner = row->leaseOwner.empty() ? "nobody" : base::quoteIfNeeded(row->leaseOwner);
  return Error(Code::kConflict,
               fmt::format("{}: the row was written by another; its owner is {}", name, owner),
               "nothing need be done if this worker shares the stream with others");
}

enum class Outcome { kApplied, kNotApplied, kLost };

// What the row says about a write whose answer did not come, or came as a conflict.
rt::Task<Result<Outcome>> inspect(SettleContext context, const LeaseWrite& write,
                                  std::optional<Lease>& found) {
  auto row = co_await context.store.get(write.before.leaseKey);
  if (!row) co_return fail(row.error());
  if (!*row) co_return Outcome::kLost;
  found = **row;
  if (isAppliedTo(write, **row)) co_return Outcome::kApplied;
  co_return refusalOf(write, **row) ? Outcome::kLost : Outcome::kNotApplied;
}

}  // namespace

rt::Task<Result<SettledWrite>> writeSettled(SettleContext context, LeaseWrite write) {
  rt::Backoff backoff(context.backoff, context.random);
  const rt::TimePoint firstSent = context.loop.now();
  for (int attempt = 1;; ++attempt) {  // Bounded by attemptsMax.
    const rt::TimePoint sent = context.loop.now();
    auto written = co_await context.store.write(write);
    if (written) co_return SettledWrite{std::move(*written), sent};
    const bool conflict = written.error().code() == Code::kConflict;
    if (!conflict && !written.error().retryable()) co_return fail(written.error());
    std::optional<Lease> row;
    Result<Outcome> outcome = conflict ? Outcome::kLost : Outcome::kNotApplied;
    if (!context.conflictIsTheft) outcome = co_await inspect(context, write, row);
    if (outcome && *outcome == Outcome::kApplied) co_return SettledWrite{std::move(*row), firstSent};
    if (outcome && *outcome == Outcome::kLost) co_return fail(takenAway(context.store, write, row));
    // A conflict that could not be looked into may be our own write of an earlier attempt.
    const Error& last = outcome ? written.error() : outcome.error();
    if (attempt >= context.attemptsMax || !last.retryable()) co_return fail(last);
    const rt::Duration delay = backoff.next();
    co_await context.loop.sleepFor(delay);
  }
}

namespace {

// Tries `send` until it succeeds, fails for good, or `attemptsMax` is reached.
template <class T>
rt::Task<Result<T>> retry(SettleContext context, std::function<rt::Task<Result<T>>()> send) {
  rt::Backoff backoff(context.backoff, context.random);
  for (int attempt = 1;; ++attempt) {  // Bounded by attemptsMax.
    auto result = co_await send();
    if (result || !result.error().retryable() || attempt >= context.attemptsMax) co_return std::move(result);
    const rt::Duration delay = backoff.next();
    co_await context.loop.sleepFor(delay);
  }
}

}  // namespace

rt::Task<Result<rt::WallTime>> claimStreamSettled(SettleContext context, rt::WallTime created) {
  std::function<rt::Task<Result<rt::WallTime>>()> send = [&store = context.store, created] {
    return store.claimStream(created);
  };
  co_return co_await retry<rt::WallTime>(context, std::move(send));
}

rt::Task<Result<void>> createSettled(SettleContext context, Lease row) {
  std::function<rt::Task<Result<bool>>()> send = [&store = context.store, row] { return store.create(row); };
  auto made = co_await retry<bool>(context, std::move(send));
  if (!made) co_return fail(made.error());
  co_return Result<void>();
}

rt::Task<Result<void>> setChildrenSettled(SettleContext context, std::string leaseKey,
                                          std::set<std::string> children) {
  std::function<rt::Task<Result<void>>()> send = [&store = context.store, leaseKey, children] {
    return store.setChildren(leaseKey, children);
  };
  co_return co_await retry<void>(context, std::move(send));
}

rt::Task<Result<void>> setHashRangeSettled(SettleContext context, std::string leaseKey, std::string starting,
                                           std::string ending) {
  std::function<rt::Task<Result<void>>()> send = [&store = context.store, leaseKey, starting, ending] {
    return store.setHashRange(leaseKey, starting, ending);
  };
  co_return co_await retry<void>(context, std::move(send));
}

rt::Task<Result<void>> removeSettled(SettleContext context, Lease seen) {
  std::function<rt::Task<Result<void>>()> send = [&store = context.store, seen] {
    return store.remove(seen);
  };
  co_return co_await retry<void>(context, std::move(send));
}

rt::Task<Result<std::optional<Lease>>> getSettled(SettleContext context, std::string leaseKey) {
  std::function<rt::Task<Result<std::optional<Lease>>>()> send = [&store = context.store, leaseKey] {
    return store.get(leaseKey);
  };
  co_return co_await retry<std::optional<Lease>>(context, std::move(send));
}

rt::Task<Result<LeaseListing>> listSettled(SettleContext context) {
  std::function<rt::Task<Result<LeaseListing>>()> send = [&store = context.store] { return store.list(); };
  co_return co_await retry<LeaseListing>(context, std::move(send));
}

}  // namespace tidemill::lease

#include "lease/settled_write.h"

#include <functional>
#include <utility>

#include "lease/lease_changes.h"
#include "rt/backoff.h"

namespace tidemill::lease {
namespace {

// One conditional write as data: what must be there, what will be there, and the call that does it.
struct ConditionalWrite {
  Lease before;
  Lease after;
  std::function<rt::Task<Result<Lease>>()> send;
};

enum class Outcome { kApplied, kNotApplied, kLost };

// What the row says about a write whose answer did not come, or came as a conflict.
rt::Task<Result<Outcome>> inspect(SettleContext context, const ConditionalWrite& write) {
  auto row = co_await context.store.get(write.before.leaseKey);
  if (!row) co_return fail(row.error());
  if (!*row) co_return Outcome::kLost;
  if ((*row)->leaseCounter == write.after.leaseCounter && (*row)->leaseOwner == write.after.leaseOwner &&
      (*row)->checkpoint == write.after.checkpoint) {
    co_return Outcome::kApplied;
  }
  co_return (*row)->leaseCounter == write.before.leaseCounter ? Outcome::kNotApplied : Outcome::kLost;
}

rt::Task<Result<Lease>> settle(SettleContext context, ConditionalWrite write) {
  rt::Backoff backoff({}, context.random);
  for (int attempt = 1;; ++attempt) {  // Bounded by attemptsMax.
    auto written = co_await write.send();
    if (written) co_return std::move(*written);
    const bool conflict = written.error().code() == Code::kConflict;
    if (!conflict && !written.error().retryable()) co_return fail(written.error());
    const Result<Outcome> outcome = co_await inspect(context, write);
    if (outcome && *outcome == Outcome::kApplied) co_return std::move(write.after);
    if (outcome && *outcome == Outcome::kLost) {
      co_return fail(Code::kConflict,
                     context.store.nameOf(write.before.leaseKey) + ": another worker wrote the row",
                     "stop the other worker with this application name, or give it another id");
    }
    // A conflict that could not be looked into may be our own write of an earlier attempt.
    const Error& last = outcome ? written.error() : outcome.error();
    if (attempt >= context.attemptsMax || !last.retryable()) co_return fail(last);
    const rt::Duration delay = backoff.next();
    co_await context.loop.sleepFor(delay);
  }
}

// Tries `send` until it succeeds, fails for good, or `attemptsMax` is reached.
template <class T>
rt::Task<Result<T>> retry(SettleContext context, std::function<rt::Task<Result<T>>()> send) {
  rt::Backoff backoff({}, context.random);
  for (int attempt = 1;; ++attempt) {  // Bounded by attemptsMax.
    auto result = co_await send();
    if (result || !result.error().retryable() || attempt >= context.attemptsMax) co_return std::move(result);
    const rt::Duration delay = backoff.next();
    co_await context.loop.sleepFor(delay);
  }
}

}  // namespace

rt::Task<Result<Lease>> checkpointSettled(SettleContext context, Lease held, Checkpoint to) {
  ConditionalWrite write{held, afterCheckpoint(held, to), {}};
  write.send = [&store = context.store, held, to] { return store.checkpoint(held, to); };
  co_return co_await settle(context, std::move(write));
}

rt::Task<Result<Lease>> takeSettled(SettleContext context, Lease seen, std::string owner) {
  ConditionalWrite write{seen, afterTake(seen, owner), {}};
  write.send = [&store = context.store, seen, owner] { return store.take(seen, owner); };
  co_return co_await settle(context, std::move(write));
}

rt::Task<Result<Lease>> releaseSettled(SettleContext context, Lease held) {
  ConditionalWrite write{held, afterRelease(held), {}};
  write.send = [&store = context.store, held] { return store.release(held); };
  co_return co_await settle(context, std::move(write));
}

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

rt::Task<Result<std::vector<Lease>>> listSettled(SettleContext context) {
  std::function<rt::Task<Result<std::vector<Lease>>>()> send = [&store = context.store] {
    return store.list();
  };
  co_return co_await retry<std::vector<Lease>>(context, std::move(send));
}

}  // namespace tidemill::lease

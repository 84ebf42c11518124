#include "consume/lease_taker.h"

#include <algorithm>
#include <utility>

#include "lease/shuffle_leader.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Lease;

// How soon a look follows that was called for between the regular ones.
constexpr rt::Duration kHurry = 500ms;

// How often the counter of a row in our own name must move before another process is certain to be at work.
constexpr int kMovesOfTwin = 2;

}  // namespace

LeaseTaker::LeaseTaker(const rt::Env& env, LeaseBook& book, LeaseTakerOptions options)
    : env_(env), book_(book), options_(std::move(options)) {}

void LeaseTaker::hurry() {
  nextRound_ = std::min(nextRound_, rt::laterBy(env_.loop.now(), kHurry));
}

void LeaseTaker::lookAtAsked() {
  for (const std::string& key : asked_) {
    const auto row = book_.rows().find(key);
    if (row == book_.rows().end() || row->second.leaseOwner != book_.worker().id) continue;
    if (book_.find(key) == nullptr) nextRound_ = env_.loop.now();
  }
}

bool LeaseTaker::leads() const {
  return lease::isLeader(book_.allRows(), book_.worker().id, watch_, env_.loop.now(),
                         options_.times.failover);
}

bool LeaseTaker::mayAdopt(const Lease& row, rt::TimePoint now) {
  const lease::Worker& self = book_.worker();
  const auto of = [&row](const std::string& process) {
    return !process.empty() && row.incarnation.starts_with(process + "/");
  };
  const bool ours = of(self.incarnation) || of(options_.previousIncarnation);
  const bool handedOver = !row.incarnation.empty() && !row.incarnation.starts_with(self.id + "/");
  if (!row.incarnation.empty() && (ours || handedOver)) return true;
  const auto [seen, isNew] = ownSeen_.try_emplace(row.leaseKey, OwnRow{row.leaseCounter, 0});
  if (!isNew && seen->second.counter != row.leaseCounter) {
    // Once may be the last write of a process that has ended: a listing may be old, or the write was late.
    if (++seen->second.moves >= kMovesOfTwin) {
      book_.foundTwin(row.leaseKey);
      return false;
    }
    seen->second.counter = row.leaseCounter;
  }
  const rt::Duration enough =
      std::min<rt::Duration>(options_.times.failover, options_.times.renewEvery() * 5 / 4 + 100ms);
  if (watch_.waited(row.leaseKey, now) >= enough) return true;
  nextRound_ = std::min(nextRound_, rt::laterBy(now, enough / 4 + 1ms));
  return false;
}

rt::Task<Result<void>> LeaseTaker::round() {
  const rt::Duration jitter = rt::Duration(static_cast<std::int64_t>(env_.random.below(
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, (options_.scanEvery / 10).count())))));
  nextRound_ = rt::laterBy(env_.loop.now(), options_.scanEvery - jitter);
  auto read = co_await book_.read();
  if (!read) co_return fail(read.error());
  const rt::TimePoint now = env_.loop.now();
  const std::vector<Lease> rows = book_.allRows();
  watch_.observe(rows, now);

  lease::TakeOptions options = options_.take;
  options.self = book_.worker().id;
  options.failover = options_.times.failover;
  options.leftAlone = book_.refused();
  for (const std::string& key : book_.heldIds()) options.held.insert(key);
  const lease::TakePlan plan = lease::planTakes(rows, watch_, options, now, env_.random);
  std::vector<lease::LeaseTake> takes;
  std::vector<std::string> asks;
  for (const lease::LeaseTake& take : plan.takes) {
    if (take.reason == lease::TakeReason::kAsk) {
      asks.push_back(take.leaseKey);
    } else if (take.reason != lease::TakeReason::kOwn || mayAdopt(book_.rows().at(take.leaseKey), now)) {
      takes.push_back(take);
    }
  }
  asked_.clear();
  for (const std::string& key : asks) {
    co_await book_.ask(key);
    asked_.insert(key);
  }
  co_return co_await book_.take(std::move(takes));
}

rt::Task<Result<void>> LeaseTaker::takeMade(std::vector<std::string> leaseKeys) {
  std::vector<lease::LeaseTake> takes;
  const auto most = static_cast<std::size_t>(options_.take.maxLeases);
  for (const std::string& key : leaseKeys) {
    const auto row = book_.rows().find(key);
    if (row == book_.rows().end() || !row->second.leaseOwner.empty()) continue;
    if (row->second.checkpoint.isShardEnd() || book_.heldCount() + takes.size() >= most) continue;
    takes.push_back({.leaseKey = key,
                     .reason = lease::TakeReason::kUnowned,
                     .from = {},
                     .waited = {},
                     .seenCounter = row->second.leaseCounter});
  }
  co_return co_await book_.take(std::move(takes));
}

}  // namespace tidemill::consume

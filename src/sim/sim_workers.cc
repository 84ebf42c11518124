#include "sim/sim_workers.h"

#include <algorithm>

#include "base/check.h"

namespace tidemill::sim {

struct SimWorkers::Token : rt::Waiter {
  explicit Token(SimWorkers& p) : Waiter(&Token::onFire), pool(p) {}

  static void onFire(rt::Waiter& waiter) {
    auto& self = static_cast<Token&>(waiter);
    SimWorkers& pool = self.pool;
    pool.tokens_.erase(self.place);
    pool.runOne();
  }

  SimWorkers& pool;
  std::list<Token>::iterator place;
};

SimWorkers::SimWorkers(rt::Loop& loop, std::uint64_t seed, SimWorkersOptions options)
    : loop_(loop), random_(seed), options_(options), freeAt_(static_cast<std::size_t>(options.threads)) {
  TIDEMILL_CHECK(options.threads >= 1);
  TIDEMILL_CHECK(options.timeMin >= rt::Duration(1), "equal ends would lose the order of a single thread");
}

SimWorkers::~SimWorkers() {
  kill();
}

void SimWorkers::submit(base::UniqueFunction<void()> work) {
  if (dead_) return;
  const rt::Duration taken(random_.between(options_.timeMin.count(), options_.timeMax.count()));
  const auto thread = std::min_element(freeAt_.begin(), freeAt_.end());
  *thread = std::max(*thread, loop_.now()) + taken;
  functions_.push_back(std::move(work));
  tokens_.emplace_back(*this);
  tokens_.back().place = std::prev(tokens_.end());
  loop_.wakeAt(tokens_.back(), *thread);
}

void SimWorkers::runOne() {
  const std::size_t running = std::min(functions_.size(), freeAt_.size());
  const auto choice = running == 1 ? 0 : static_cast<std::ptrdiff_t>(random_.below(running));
  base::UniqueFunction<void()> work = std::move(functions_[static_cast<std::size_t>(choice)]);
  functions_.erase(functions_.begin() + choice);
  work();
}

void SimWorkers::kill() {
  dead_ = true;
  tokens_.clear();
  std::deque<base::UniqueFunction<void()>> dropped;
  dropped.swap(functions_);
}

}  // namespace tidemill::sim

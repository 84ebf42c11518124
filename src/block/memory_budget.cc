#include "block/memory_budget.h"

#include <utility>

namespace tidemill::block {

BudgetHold::BudgetHold(std::shared_ptr<MemoryBudget> budget, std::int64_t bytes)
    : budget_(std::move(budget)), bytes_(bytes) {}

BudgetHold::BudgetHold(BudgetHold&& other) noexcept
    : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}

BudgetHold& BudgetHold::operator=(BudgetHold&& other) noexcept {
  if (this != &other) {
    giveBack();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

BudgetHold::~BudgetHold() {
  giveBack();
}

void BudgetHold::resize(std::int64_t bytes) {
  if (bytes >= bytes_) {
    budget_->bytes_.take(bytes - bytes_);
  } else {
    budget_->bytes_.release(bytes_ - bytes);
  }
  bytes_ = bytes;
}

void BudgetHold::giveBack() {
  if (budget_ == nullptr || bytes_ == 0) return;
  rt::Loop& loop = budget_->loop_;
  loop.post(
      [budget = std::move(budget_), bytes = std::exchange(bytes_, 0)] { budget->bytes_.release(bytes); });
}

rt::Task<BudgetHold> MemoryBudget::acquire(std::int64_t bytes) {
  co_await bytes_.acquire(bytes);
  // Nothing suspends from here on, so a cancelled caller cannot lose what was acquired.
  BudgetHold hold(shared_from_this(), bytes);
  co_return std::move(hold);
}

}  // namespace tidemill::block

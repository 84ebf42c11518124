// block/memory_budget.h: the bytes that everything in flight may hold together.
#pragma once

#include <cstdint>
#include <memory>

#include "rt/loop.h"
#include "rt/semaphore.h"
#include "rt/task.h"

namespace tidemill::block {

class MemoryBudget;

// Bytes taken from a budget, given back when this is destroyed, on whatever thread that happens.
class BudgetHold {
 public:
  BudgetHold() = default;
  BudgetHold(std::shared_ptr<MemoryBudget> budget, std::int64_t bytes);
  BudgetHold(BudgetHold&& other) noexcept;
  BudgetHold& operator=(BudgetHold&& other) noexcept;
  ~BudgetHold();

  std::int64_t bytes() const { return bytes_; }
  // Makes the hold `bytes` large, at once: what has arrived already must be accounted for. Lane only.
  void resize(std::int64_t bytes);

 private:
  void giveBack();

  std::shared_ptr<MemoryBudget> budget_;
  std::int64_t bytes_ = 0;
};

// Lives on the fetch lane. A fetcher acquires room before it asks for records, so nothing fetched is ever
// dropped; memory in flight stays below the capacity plus one response per shard that is being read.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  MemoryBudget(rt::Loop& loop, std::int64_t capacityBytes) : loop_(loop), bytes_(loop, capacityBytes) {}

  // Waits for room. Fair: a large request is not overtaken.
  rt::Task<BudgetHold> acquire(std::int64_t bytes);

  std::int64_t used() const { return bytes_.capacity() - bytes_.available(); }
  std::int64_t capacity() const { return bytes_.capacity(); }

 private:
  friend class BudgetHold;
  rt::Loop& loop_;
  rt::Semaphore bytes_;
};

}  // namespace tidemill::block

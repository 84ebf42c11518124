#include "block/memory_budget.h"

#include <gtest/gtest.h>

#include <optional>

#include "rt/task_group.h"
#include "sim/sim_loop.h"

namespace tidemill::block {
namespace {

using namespace std::chrono_literals;

rt::Task<void> acquireInto(std::shared_ptr<MemoryBudget> budget, std::int64_t bytes,
                           std::optional<BudgetHold>& out) {
  auto hold = co_await budget->acquire(bytes);
  out = std::move(hold);
}

TEST(MemoryBudget, MakesFetchersWaitUntilABlockIsReleased) {
  sim::SimLoop loop(1);
  auto budget = std::make_shared<MemoryBudget>(loop, 100);
  rt::TaskGroup group(loop);
  std::optional<BudgetHold> first;
  std::optional<BudgetHold> second;
  group.spawn(acquireInto(budget, 80, first));
  loop.runFor(1ms);
  group.spawn(acquireInto(budget, 30, second));
  loop.runFor(1ms);
  ASSERT_TRUE(first);
  EXPECT_FALSE(second);

  first.reset();
  loop.runFor(1ms);

  ASSERT_TRUE(second);
  EXPECT_EQ(budget->used(), 30);
}

TEST(MemoryBudget, CountsWhatArrivedEvenAboveTheCapacity) {
  sim::SimLoop loop(1);
  auto budget = std::make_shared<MemoryBudget>(loop, 100);
  auto hold = loop.run(budget->acquire(10));
  hold.resize(150);
  EXPECT_EQ(budget->used(), 150);
  hold.resize(40);
  EXPECT_EQ(budget->used(), 40);
}

TEST(MemoryBudget, LetsOneOversizedRequestPassAlone) {
  sim::SimLoop loop(1);
  auto budget = std::make_shared<MemoryBudget>(loop, 100);
  auto hold = loop.run(budget->acquire(1000));
  EXPECT_EQ(budget->used(), 1000);
}

}  // namespace
}  // namespace tidemill::block

#include "stream/rate_gate.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "rt/task_group.h"
#include "sim/sim_loop.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

class RateGateTest : public testing::Test {
 protected:
  std::shared_ptr<RateGate> gateOf(std::int64_t rate) {
    return std::make_shared<RateGate>(loop_, RateLimits{.maxRate = 0, .initialRate = rate});
  }
  // One read that is noted as "name:records", and brings what it asks for times `parts`.
  rt::Task<void> read(std::shared_ptr<RateGate> gate, std::string name, int most, int parts) {
    auto hold = co_await gate->acquire(most);
    noted_.push_back(name + ":" + std::to_string(hold.records()));
    hold.settle(static_cast<std::int64_t>(hold.records()) * parts);
  }
  void spawn(const std::shared_ptr<RateGate>& gate, const std::string& name, int most = 100, int parts = 1) {
    tasks_.spawn(read(gate, name, most, parts));
  }
  using Noted = std::vector<std::string>;

  sim::SimLoop loop_{1};
  rt::TaskGroup tasks_{loop_};
  Noted noted_;
};

TEST_F(RateGateTest, WithoutALimitEachReadAsksForTheMost) {
  const auto gate = gateOf(0);
  spawn(gate, "a");
  loop_.runFor(0s);
  spawn(gate, "b");
  loop_.runFor(0s);
  EXPECT_EQ(noted_, (Noted{"a:100", "b:100"}));
}

TEST_F(RateGateTest, AReadAsksForNoMoreThanThereIs) {
  const auto gate = gateOf(20);
  loop_.runFor(500ms);
  spawn(gate, "a");
  loop_.runFor(0s);
  EXPECT_EQ(noted_, Noted{"a:10"});
}

TEST_F(RateGateTest, ReadersThatWaitShareWhatIsThereInTheirOrder) {
  const auto gate = gateOf(30);
  loop_.runFor(10s);
  std::optional<consume::QuotaHold> all(loop_.run(gate->acquire(100)));
  ASSERT_EQ(all->records(), 30);
  for (const char* name : {"a", "b", "c"}) {
    spawn(gate, name);
    loop_.runFor(0s);
  }
  EXPECT_EQ(noted_, Noted{});

  all.reset();

  loop_.runFor(0s);
  EXPECT_EQ(noted_, (Noted{"a:10", "b:10", "c:10"}));
}

TEST_F(RateGateTest, ADebtHoldsTheNextReadUp) {
  const auto gate = gateOf(10);
  loop_.runFor(1s);
  spawn(gate, "a", 10, 3);  // 10 records of three parts each.
  loop_.runFor(0s);
  spawn(gate, "b");
  loop_.runFor(2099ms);
  EXPECT_EQ(noted_, Noted{"a:10"});
  loop_.runFor(1ms);
  EXPECT_EQ(noted_, (Noted{"a:10", "b:1"}));
}

TEST_F(RateGateTest, ANewRateReachesAReaderThatWaits) {
  const auto gate = gateOf(1);
  spawn(gate, "a");
  loop_.runFor(100ms);
  EXPECT_EQ(noted_, Noted{});
  gate->update(1000);
  loop_.runFor(1ms);
  EXPECT_EQ(noted_.size(), 1u);
}

TEST_F(RateGateTest, AReadThatBringsNothingGivesItsPermitsBack) {
  const auto gate = gateOf(10);
  loop_.runFor(1s);
  spawn(gate, "empty", 10, 0);
  loop_.runFor(0s);
  spawn(gate, "a");
  loop_.runFor(0s);
  EXPECT_EQ(noted_, (Noted{"empty:10", "a:10"}));
}

TEST_F(RateGateTest, AReaderThatIsStoppedWhileItWaitsTakesNothingAlong) {
  const auto gate = gateOf(1);
  {
    rt::TaskGroup stopped(loop_);
    stopped.spawn(read(gate, "stopped", 10, 1));
    loop_.runFor(500ms);
  }
  spawn(gate, "a");
  loop_.runFor(500ms);
  EXPECT_EQ(noted_, Noted{"a:1"});
}

TEST_F(RateGateTest, InAnySecondsNoMorePassesThanTheRateAndOneBurst) {
  const auto gate = gateOf(50);
  std::int64_t passed = 0;
  const auto reader = [&]() -> rt::Task<void> {
    for (;;) {  // Until the end of the test.
      auto hold = co_await gate->acquire(1000);
      passed += hold.records();
      hold.settle(hold.records());
      co_await loop_.sleepFor(30ms);
    }
  };
  rt::TaskGroup readers(loop_);
  for (int i = 0; i < 7; ++i) readers.spawn(reader());
  loop_.runFor(10s);
  EXPECT_LE(passed, 50 * 10);
  EXPECT_GE(passed, 50 * 10 - 50);
}

}  // namespace
}  // namespace tidemill::stream

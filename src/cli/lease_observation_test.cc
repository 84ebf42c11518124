#include "cli/lease_observation.h"

#include <gtest/gtest.h>

#include "lease/memory_lease_store.h"
#include "sim/world.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

lease::Lease leaseOf(const std::string& key, const std::string& owner, std::int64_t counter) {
  lease::Lease lease;
  lease.leaseKey = key;
  lease.leaseOwner = owner;
  lease.leaseCounter = counter;
  return lease;
}

rt::TimePoint at(rt::Duration since) {
  return rt::TimePoint(since);
}

TEST(LeaseObservation, TellsAnOwnerThatRenewsFromOneThatDoesNot) {
  LeaseObservation observation;
  observation.look({{leaseOf("a", "alive", 7), leaseOf("b", "dead", 7)}, {}, {}}, at(10s));
  observation.look({{leaseOf("a", "alive", 8), leaseOf("b", "dead", 7)}, {}, {}}, at(12s));
  observation.look({{leaseOf("a", "alive", 8), leaseOf("b", "dead", 7)}, {}, {}}, at(13s));

  EXPECT_TRUE(observation.moved("a"));
  EXPECT_EQ(observation.unchangedFor("a"), 1s);
  EXPECT_FALSE(observation.moved("b"));
  EXPECT_EQ(observation.unchangedFor("b"), 3s);
  EXPECT_EQ(firstAlive(observation, std::nullopt)->leaseKey, "a");
  EXPECT_EQ(firstAlive(observation, "b"), nullptr);
}

TEST(LeaseObservation, SaysNothingOfALeaseThatNobodyHas) {
  LeaseObservation observation;
  observation.look({{leaseOf("a", "w", 7)}, {}, {}}, at(0s));
  observation.look({{leaseOf("a", "", 8)}, {}, {}}, at(1s));  // Released meanwhile.

  EXPECT_TRUE(observation.complete());
  EXPECT_EQ(firstAlive(observation, std::nullopt), nullptr);
  EXPECT_TRUE(refuseWhileAlive(observation, std::nullopt, "released"));
}

TEST(LeaseObservation, NamesTheOwnerThatIsInTheWay) {
  LeaseObservation observation;
  observation.look({{leaseOf("a", "w\n1", 7)}, {}, {}}, at(0s));
  EXPECT_TRUE(refuseWhileAlive(observation, std::nullopt, "released"));
  observation.look({{leaseOf("a", "w\n1", 8)}, {}, {}}, at(1s));

  const auto refused = refuseWhileAlive(observation, std::nullopt, "released");

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLeaseInUse);
  EXPECT_EQ(refused.error().message(), R"(lease a is not released: its owner "w\n1" is alive)");
}

// A table of a dead owner "b" and, if it renews, a living "a".
class ObserveLeases : public testing::Test {
 protected:
  void SetUp() override {
    node_ = &world_.addNode("operator", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    store_ = std::make_unique<lease::MemoryLeaseStore>(node_->env(), "app", "orders", table_);
    table_->rows["b"] = leaseOf("b", "dead", 5);
  }
  // Keeps one row alive for `times` renewals.
  rt::Task<void> renew(std::string key, rt::Duration interval, int times) {
    for (int i = 0; i < times; ++i) {
      co_await world_.loop().sleepFor(interval);
      ++table_->rows[key].leaseCounter;
    }
  }
  LeaseObservation observed(const ObserveOptions& options) {
    auto observation = world_.loop().run(observeLeases(world_.loop(), *store_, options));
    EXPECT_TRUE(observation);
    return std::move(*observation);
  }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  std::shared_ptr<lease::MemoryLeaseTable> table_ = std::make_shared<lease::MemoryLeaseTable>();
  std::unique_ptr<lease::MemoryLeaseStore> store_;
};

TEST_F(ObserveLeases, WatchesADeadOwnerForTheWholeTime) {
  const rt::TimePoint began = world_.loop().now();

  const LeaseObservation observation = observed({.patience = 4s});

  EXPECT_GE(observation.unchangedFor("b"), 4s);
  EXPECT_GE(world_.loop().now() - began, 4s);
  EXPECT_FALSE(observation.moved("b"));
}

TEST_F(ObserveLeases, EndsWhenEveryOwnerHasShownItself) {
  rt::TaskGroup group(world_.loop());
  group.spawn(renew("b", 1500ms, 1));
  const rt::TimePoint began = world_.loop().now();

  const LeaseObservation observation = observed({.patience = 60s});

  EXPECT_TRUE(observation.moved("b"));
  EXPECT_LT(world_.loop().now() - began, 3s);
}

TEST_F(ObserveLeases, MayEndWithTheFirstSignOfLife) {
  table_->rows["a"] = leaseOf("a", "alive", 1);
  rt::TaskGroup group(world_.loop());
  group.spawn(renew("a", 1500ms, 1));
  const rt::TimePoint began = world_.loop().now();

  const LeaseObservation observation = observed({.patience = 60s, .untilOneLives = true});

  EXPECT_TRUE(observation.moved("a"));
  EXPECT_FALSE(observation.complete());
  EXPECT_LT(world_.loop().now() - began, 3s);
}

TEST_F(ObserveLeases, LooksOnceWithoutPatience) {
  const LeaseObservation observation = observed({});

  ASSERT_EQ(observation.listing().leases.size(), 1u);
  EXPECT_EQ(observation.unchangedFor("b"), 0s);
}

}  // namespace
}  // namespace tidemill::cli

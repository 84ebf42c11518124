// Receivers that fail: what may pass starts them again, what lasts stops the context. (Spark's ReceiverSuite
// and D12, D15.)
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lease/lease_store.h"

#include "stream/test_receivers.h"

namespace tidemill {
namespace {

using Names = std::vector<std::string>;

class ReceiverRestartTest : public ReceiverFixture {};

TEST_F(ReceiverRestartTest, AFailureThatPassesLosesRepeatsAndReordersNothing) {
  createStream(2);
  StreamingContext context(*seams_, conf("0"), Seconds(1));
  deliverByShard(context);
  context.start();
  putOverTime(5);
  failReads(25);  // Ten in a row of one shard make its reader give up.
  putOverTime(20);
  world_.runFor(120s);

  EXPECT_EQ(failedReads_, 25);
  ASSERT_GE(events_.names.size(), 4u);
  EXPECT_EQ(Names(events_.names.begin(), events_.names.begin() + 4),
            (Names{"started", "error", "stopped", "started"}));
  EXPECT_EQ(events_.infos[0].name, "orders");
  EXPECT_TRUE(events_.infos[0].active);
  EXPECT_FALSE(events_.infos[0].lastErrorTime);
  EXPECT_FALSE(events_.infos[1].lastErrorMessage.empty());
  EXPECT_TRUE(events_.infos[1].lastErrorTime);
  EXPECT_FALSE(events_.infos[2].active);
  EXPECT_TRUE(events_.infos[3].active);
  EXPECT_EQ(events_.infos[3].restarts, 1);
  EXPECT_EQ(node_->log().count("lease_lost"), 0u);
  const Result<void> end = stopped(context);
  ASSERT_TRUE(end) << end.error().message();
  expectEachOnce();
  EXPECT_EQ(context.totals().received, put_);
  EXPECT_EQ(context.totals().checkpointed, put_);
  EXPECT_EQ(events_.names.back(), "stopped");
}

TEST_F(ReceiverRestartTest, TheFirstRestartComesAfterItsDelayAndTheNextOnesLater) {
  createStream(1);
  StreamingContext context(*seams_, conf("0").set("spark.streaming.receiverRestartDelay", "5s"), Seconds(1));
  deliverByShard(context);
  std::vector<rt::TimePoint> errors;
  std::vector<rt::TimePoint> starts;
  struct Times final : StreamingListener {
    Times(rt::Loop& l, std::vector<rt::TimePoint>& e, std::vector<rt::TimePoint>& s)
        : loop(l), errors(e), starts(s) {}
    void onReceiverStarted(const ReceiverInfo&) override { starts.push_back(loop.now()); }
    void onReceiverError(const ReceiverInfo&) override { errors.push_back(loop.now()); }
    rt::Loop& loop;
    std::vector<rt::TimePoint>& errors;
    std::vector<rt::TimePoint>& starts;
  } times(env().loop, errors, starts);
  context.addStreamingListener(times);
  context.start();
  world_.runFor(3s);
  failReads(30);
  world_.runUntil([&] { return starts.size() == 4; }, 600s);

  ASSERT_EQ(errors.size(), 3u);
  ASSERT_EQ(starts.size(), 4u);
  for (int i = 0; i < 3; ++i) {
    const auto delay = starts[static_cast<std::size_t>(i) + 1] - errors[static_cast<std::size_t>(i)];
    EXPECT_GE(delay, 5s * (1 << i)) << i;
    EXPECT_LT(delay, 5s * (1 << i) + 100ms) << i;
  }
  putOverTime(3);
  EXPECT_TRUE(stopped(context));
  expectEachOnce();
}

TEST_F(ReceiverRestartTest, OneThatKeepsFailingStopsTheContextLoudlyAndTheNextRunLosesNothing) {
  createStream(1);
  StreamingContext context(*seams_, conf("0").set("tidemill.receiver.maxRestarts", "2"), Seconds(1));
  deliverByShard(context);
  context.start();
  putOverTime(3);
  failReads(1 << 20);
  putOverTime(3);

  EXPECT_EQ(failureOf(context), Code::kMalformedResponse);
  EXPECT_EQ(std::count(events_.names.begin(), events_.names.end(), "error"), 3);
  EXPECT_EQ(failedReads_, 30);
  EXPECT_EQ(node_->log().count("receiver_restarted"), 2u);

  intercept_ = nullptr;
  StreamingContext next(*seams_, conf("0"), Seconds(1));
  deliver(next);
  next.start();
  world_.runFor(20s);
  EXPECT_TRUE(stopped(next));
  expectEachOnce();
}

TEST_F(ReceiverRestartTest, ALastingFailureStopsTheContextAtOnce) {
  createStream(1);
  StreamingContext context(*seams_, conf("0"), Seconds(1));
  deliverByShard(context);
  context.start();
  putOverTime(3);
  failReads(1, refused("AccessDeniedException"));

  EXPECT_EQ(failureOf(context), Code::kAccessDenied);

  EXPECT_EQ(std::count(events_.names.begin(), events_.names.end(), "error"), 1);
  EXPECT_EQ(node_->log().count("receiver_restarted"), 0u);
}

TEST_F(ReceiverRestartTest, AGracefulStopDuringARestartProcessesWhatWasRead) {
  createStream(1);
  StreamingContext context(*seams_, conf("0").set("spark.streaming.receiverRestartDelay", "1h"), Seconds(10));
  deliverByShard(context);
  context.start();
  putOverTime(3);
  failReads(10);
  ASSERT_TRUE(world_.runUntil([&] { return events_.names.size() == 3; }, 60s));

  const Result<void> end = stopped(context);

  ASSERT_TRUE(end) << end.error().message();
  expectEachOnce();
  EXPECT_EQ(context.totals().checkpointed, put_);
  EXPECT_EQ(context.totals().unallocated, 0);
  EXPECT_EQ(context.totals().leasesHeld, 0);
}

TEST_F(ReceiverRestartTest, ALeaseThatIsLostDuringARestartIsNotReadOnUnderTheOldToken) {
  createStream(1);
  StreamingContext context(*seams_, conf("0").set("spark.streaming.receiverRestartDelay", "60s"), Seconds(1));
  deliverByShard(context);
  context.start();
  putOverTime(3);
  failReads(10);
  ASSERT_TRUE(world_.runUntil([&] { return events_.names.size() == 3; }, 60s));
  intercept_ = nullptr;
  node_->stall(30s);  // The lease runs out meanwhile, and is taken again.
  putOverTime(5);
  world_.runFor(120s);

  EXPECT_EQ(node_->log().count("lease_lost"), 1u);
  EXPECT_TRUE(stopped(context));
  EXPECT_EQ(delivered_.size(), static_cast<std::size_t>(put_));
  EXPECT_EQ(context.totals().leasesHeld, 0);
}

TEST_F(ReceiverRestartTest, TheRateOfBackpressureIsCarriedOverARestart) {
  createStream(1);
  Conf limited = conf("0");
  limited.set("spark.streaming.receiver.maxRate", "10");
  StreamingContext context(*seams_, limited, Seconds(1));
  deliverByShard(context);
  context.start();
  world_.runFor(3s);
  for (int i = 0; i < 10; ++i) putOverTime(1);  // 20 in a second: twice what may be read.
  failReads(10);
  ASSERT_TRUE(world_.runUntil([&] { return events_.names.size() == 4; }, 120s));
  const auto before = static_cast<std::int64_t>(delivered_.size());
  world_.runFor(5s);
  // Permits of one second, and five more seconds.
  EXPECT_LE(static_cast<std::int64_t>(delivered_.size()) - before, 10 * 7);
  world_.runFor(60s);
  EXPECT_TRUE(stopped(context));
  expectEachOnce();
}

// A lease table that refuses writes while it is told to.
class RefusingStore final : public lease::LeaseStore {
 public:
  RefusingStore(std::unique_ptr<lease::LeaseStore> inner, const bool& refuses, int& refused)
      : LeaseStore(inner->application(), inner->stream()),
        inner_(std::move(inner)),
        refuses_(refuses),
        refused_(refused) {}

  rt::Task<Result<lease::Lease>> write(const lease::LeaseWrite& write) override {
    if (refuses_) {
      ++refused_;
      co_return fail(Code::kExpiredToken, "the credentials have run out");
    }
    co_return co_await inner_->write(write);
  }
  rt::Task<Result<rt::WallTime>> claimStream(rt::WallTime created) override {
    return inner_->claimStream(created);
  }
  rt::Task<Result<lease::LeaseListing>> list() override { return inner_->list(); }
  rt::Task<Result<std::optional<lease::Lease>>> get(const std::string& key) override {
    return inner_->get(key);
  }
  rt::Task<Result<bool>> create(const lease::Lease& lease) override { return inner_->create(lease); }
  rt::Task<Result<void>> setChildren(const std::string& key, const std::set<std::string>& children) override {
    return inner_->setChildren(key, children);
  }
  rt::Task<Result<void>> setHashRange(const std::string& key, const std::string& starting,
                                      const std::string& ending) override {
    return inner_->setHashRange(key, starting, ending);
  }
  rt::Task<Result<void>> ask(const lease::Lease& seen, const std::string& by) override {
    return inner_->ask(seen, by);
  }
  rt::Task<Result<void>> remove(const lease::Lease& seen) override { return inner_->remove(seen); }
  rt::Task<Result<void>> checkFleet() override { return inner_->checkFleet(); }

 private:
  const std::unique_ptr<lease::LeaseStore> inner_;
  const bool& refuses_;
  int& refused_;
};

class RefusingStores final : public lease::LeaseStoreFactory {
 public:
  explicit RefusingStores(lease::LeaseStoreFactory& inner) : inner_(inner) {}
  rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> open(const std::string& application,
                                                            const std::string& stream) override {
    auto store = co_await inner_.open(application, stream);
    if (!store) co_return fail(store.error());
    std::unique_ptr<lease::LeaseStore> refusing =
        std::make_unique<RefusingStore>(std::move(*store), refuses, refused);
    co_return std::move(refusing);
  }
  bool refuses = false;
  int refused = 0;

 private:
  lease::LeaseStoreFactory& inner_;
};

TEST_F(ReceiverRestartTest, LeaseWritesThatAreRefusedForAWhileAreMadeUpForAfterARestart) {
  createStream(1);
  RefusingStores stores(*factory_);
  const stream::Seams seams{env(), stores, sim::testEnvironment()};
  StreamingContext context(seams, conf("0"), Seconds(1));
  deliverByShard(context);
  context.start();
  putOverTime(3);
  stores.refuses = true;
  ASSERT_TRUE(world_.runUntil([&] { return events_.names.size() == 3; }, 60s));
  stores.refuses = false;
  putOverTime(10);
  world_.runFor(10s);

  EXPECT_GE(stores.refused, 1);
  EXPECT_EQ(events_.names, (Names{"started", "error", "stopped", "started"}));
  EXPECT_EQ(node_->log().count("lease_lost"), 0u);
  const Result<void> end = stopped(context);
  ASSERT_TRUE(end) << end.error().message();
  expectEachOnce();
  EXPECT_EQ(context.totals().checkpointed, put_);
  EXPECT_EQ(context.totals().leasesHeld, 0);
}

TEST_F(ReceiverRestartTest, AGracefulStopOutlivesLeaseWritesThatAreRefusedForAWhile) {
  createStream(1);
  RefusingStores stores(*factory_);
  const stream::Seams seams{env(), stores, sim::testEnvironment()};
  StreamingContext context(seams, conf("0"), Minutes(10));
  deliverByShard(context);
  context.start();
  putOverTime(3);
  world_.runFor(3s);
  stores.refuses = true;
  ASSERT_TRUE(world_.runUntil([&] { return events_.names.size() == 3; }, 60s));
  stores.refuses = false;

  const Result<void> end = stopped(context);

  ASSERT_TRUE(end) << end.error().message();
  expectEachOnce();
  EXPECT_EQ(context.totals().checkpointed, put_);
}

}  // namespace
}  // namespace tidemill

#include "stream/guarded_listener.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {
namespace {

// Throws whatever it is told.
class ThrowingListener final : public StreamingListener {
 public:
  void onStreamingStarted() override { news(); }
  void onShardStarted(const std::string&, const std::string&, const std::string&,
                      const std::string&) override {
    news();
  }
  void onReceiverStarted(const ReceiverInfo&) override { news(); }
  void onReceiverError(const ReceiverInfo&) override { news(); }
  void onReceiverStopped(const ReceiverInfo&) override { news(); }
  void onBatchSubmitted(const BatchInfo&) override { news(); }
  void onBatchStarted(const BatchInfo&) override { news(); }
  void onCheckpointUnreadable(const std::string&) override { news(); }
  void onBatchCompleted(const BatchInfo&) override { news(); }
  void onBlockLost(const std::string&, const SequenceNumberRanges&, const std::string&) override { news(); }
  void onBlockRecovered(const std::string&, const SequenceNumberRanges&) override { news(); }
  void onBatchFailed(const BatchInfo&, const std::string&) override { news(); }

  int told = 0;

 private:
  void news() {
    ++told;
    throw std::runtime_error("the listener is broken");
  }
};

class GuardedListenerTest : public ContextFixture {};

TEST_F(GuardedListenerTest, WhateverAListenerThrowsTheStreamGoesOn) {
  createStream(1);
  put({"a", "b"});
  auto context = makeContext();
  ThrowingListener broken;
  context->addStreamingListener(broken);
  std::vector<std::string> seen;
  bool failedOnce = false;
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd) {
    const auto batch = rdd.collect();
    if (!batch.empty() && !std::exchange(failedOnce, true)) throw std::runtime_error("the sink is down");
    seen.insert(seen.end(), batch.begin(), batch.end());
  });
  context->start();
  world_.runFor(10s);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(context->totals().processed, 2);
  EXPECT_GT(broken.told, 20) << "it hears of every batch all the same";
  // Started, shard, receiver started and stopped; batch submitted, started, failed and completed.
  EXPECT_EQ(node_->log().count("listener_failed"), 8u) << "once for each kind of news";
}

TEST_F(GuardedListenerTest, EveryKindOfNewsIsGuarded) {
  ThrowingListener broken;
  stream::GuardedListener guarded(broken, env().log);
  guarded.onStreamingStarted();
  guarded.onShardStarted("", "", "", "");
  guarded.onReceiverStarted({});
  guarded.onReceiverError({});
  guarded.onReceiverStopped({});
  guarded.onBatchSubmitted({});
  guarded.onBatchStarted({});
  guarded.onCheckpointUnreadable("");
  guarded.onBatchCompleted({});
  guarded.onBlockLost("", {}, "");
  guarded.onBlockRecovered("", {});
  guarded.onBatchFailed({}, "");
  EXPECT_EQ(broken.told, 12);
}

}  // namespace
}  // namespace tidemill

// stream/idle_receiver.h: an input whose records come through another input.
#pragma once

#include <cstddef>
#include <vector>

#include "stream/input_receiver.h"
#include "stream/receiver_condition.h"
#include "tidemill/kinesis_utils.h"

namespace tidemill::stream {

// One of several inputs of a stream and application, but not the first, which reads for all: see addInput().
// It is there for the program and for listeners, and nothing ever comes through it.
class IdleReceiver final : public InputReceiver {
 public:
  // References outlive this object.
  IdleReceiver(const rt::Env& env, std::size_t input, const KinesisSource& source, ReceiverHost& host)
      : env_(env), input_(input), source_(source), condition_(env, input, source.streamName, {}, host) {}

  rt::Task<Result<void>> start(BlockInfoList) override {
    env_.log.info("receiver_idle", {{"stream", source_.streamName},
                                    {"application", source_.applicationName},
                                    {"input", input_},
                                    {"reason", "an input before it reads the stream for this application"}});
    condition_.started();
    co_return Result<void>();
  }
  rt::Task<void> drain(bool) override {
    condition_.stopped();
    co_return;
  }
  BlockInfoList deliverable(const BlockInfoList& blocks) override { return blocks; }
  void logged(std::shared_ptr<const block::BlockInfo>) override {}
  void completedUpTo(const consume::ShardStart&, const lease::Checkpoint&) override {}
  void takesOver(const block::BlockInfo&) override {}
  void updateRate(std::int64_t) override {}
  void updateMaxRate(std::int64_t) override {}
  void processed(const BlockInfoList&) override {}
  void released(const BlockInfoList&) override {}
  rt::Task<Result<void>> finish() override { co_return Result<void>(); }
  rt::Task<void> abandon() override { co_return; }

  rt::Task<Result<std::vector<consume::RebuiltBlock>>> rebuild(BlockInfoList) override {
    co_return std::vector<consume::RebuiltBlock>();
  }
  StorageLevel storageLevel() const override { return source_.storageLevel; }
  const std::string& streamName() const override { return source_.streamName; }

  ReceiverInfo info() const override { return condition_.info(); }
  consume::CoordinatorTotals totals() const override { return {}; }
  AggregateTotals aggregates() const override { return {}; }
  kinesis::KinesisApi* api() override { return nullptr; }
  std::int64_t received() const override { return 0; }
  std::int64_t shortOfLevel() const override { return 0; }
  std::int64_t waitingRecords() const override { return 0; }
  std::int64_t leasesHeld() const override { return 0; }
  bool mayHoldLeases() const override { return false; }

 private:
  const rt::Env& env_;
  const std::size_t input_;
  const KinesisSource& source_;
  ReceiverCondition condition_;
};

}  // namespace tidemill::stream

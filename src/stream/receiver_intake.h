// stream/receiver_intake.h: makes blocks of what a program's receiver stores, on the fetch lane.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rt/env.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"
#include "stream/block_generator.h"
#include "stream/rate_gate.h"
#include "stream/receiver_port.h"

namespace tidemill::stream {

// SliceInfo::token of what was not read under a lease.
constexpr std::int64_t kNoLease = 0;

struct IntakeOptions {
  std::string streamName;
  BlockGeneratorOptions blocks;
  RateLimits rate;
};

// Built on the control lane; from then on every call happens on the fetch lane, by messages: open(), close()
// at the end.
class ReceiverIntake : public std::enable_shared_from_this<ReceiverIntake> {
 public:
  // What slices of its blocks call their shard.
  static constexpr const char* kShard = "received";

  // `receipts`: of those who wait until the block is stored.
  using OnBlock =
      std::function<void(std::shared_ptr<const block::Block> block, ReceiverPort::Receipts receipts)>;

  // `onBlock` is called on the fetch lane. `env` outlives this object.
  ReceiverIntake(const rt::Env& env, IntakeOptions options, std::shared_ptr<ReceiverPort> port,
                 OnBlock onBlock);

  void open();
  // On the control lane, when the message of open() is under way: what is stored from now on is taken.
  void openInbox();
  void updateRate(std::int64_t rate);
  void updateMaxRate(std::int64_t rate);
  // The rate counts no more: whoever waits for room is about to end.
  void hurry();
  // One of the blocks that were given out is stored.
  void blockStored();
  // After the inbox was closed: what is in it becomes blocks at once, however many wait.
  void flush();
  void close();

 private:
  rt::Task<void> work();
  void takeIn(std::vector<ReceiverPort::Stored> stored);

  const rt::Env& env_;
  const IntakeOptions options_;
  const std::shared_ptr<ReceiverPort> port_;
  const OnBlock onBlock_;
  // Elements so far: they are numbered in the order in which they came.
  std::uint64_t count_ = 0;
  // Of what is in the block that is being made.
  ReceiverPort::Receipts receipts_;
  bool hurries_ = false;

  std::shared_ptr<RateGate> rateGate_;
  std::unique_ptr<BlockGenerator> generator_;
  std::unique_ptr<rt::Semaphore> stored_;
  std::unique_ptr<rt::TaskGroup> worker_;
};

}  // namespace tidemill::stream

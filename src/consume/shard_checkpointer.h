// consume/shard_checkpointer.h: the Checkpointer that a handler is given.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "consume/lease_fence.h"
#include "lease/checkpoint.h"
#include "tidemill/shard_handler.h"

namespace tidemill::consume {

CheckpointPosition positionOf(const lease::Checkpoint& checkpoint);

// What a handler asked for in the middle of a call.
struct CheckpointRequest {
  lease::Checkpoint to;
  bool prepare = false;
  std::string state{};
};

// What a call may checkpoint, and what stands in the lease row as it begins.
struct CallLimits {
  // The last record that the handler was given, those of this call included.
  lease::Checkpoint delivered;
  // The call is shardEnded(): everything, the end included.
  bool atShardEnd = false;
  CheckpointPosition written{};
  std::optional<PreparedCheckpoint> prepared{};
};

// One for each tenure of a lease. Used by one thread at a time: by the call of the handler between begin()
// and its end, else by the control lane. Handles that were given away are used by any thread at any time:
// what they share with this object is guarded, and requests leave in the order in which positions were taken.
class ShardCheckpointer final : public Checkpointer {
 public:
  using Send = std::function<void(CheckpointRequest)>;

  // `start`: where the lease row stands. `fence` is closed when the lease is lost. `send` is called on the
  // handler's thread, or on that of a handle, and takes the request to the control lane.
  ShardCheckpointer(std::string shardId, lease::Checkpoint start, std::shared_ptr<const LeaseFence> fence,
                    Send send);

  Result<void> checkpoint() override;
  Result<void> checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber) override;
  Result<PreparedCheckpoint> prepareCheckpoint(std::string_view sequenceNumber,
                                               std::uint64_t subSequenceNumber, std::string state) override;
  Result<PreparedCheckpoint> prepareCheckpoint(std::string state) override;
  Result<void> commit(const PreparedCheckpoint& prepared) override;
  const CheckpointPosition& written() const override { return limits_.written; }
  const std::optional<PreparedCheckpoint>& prepared() const override { return limits_.prepared; }
  std::shared_ptr<CheckpointHandle> handle() override;

  void begin(CallLimits limits);

  // Everything up to here is done, by the handler's word or by the outcome of a call.
  lease::Checkpoint last() const;
  void moveTo(const lease::Checkpoint& to);
  // Handles that were given away take nothing more.
  void close();
  // In the last call: whether checkpoint() without a position was asked for, and whether the end of the shard
  // was.
  bool allAsked() const { return allAsked_; }
  bool endAsked() const { return endAsked_; }
  // What was prepared in the last call.
  const std::optional<lease::Checkpoint>& preparedNow() const { return preparedNow_; }

 private:
  struct Shared;
  class KeptHandle;

  Result<PreparedCheckpoint> prepare(const lease::Checkpoint& at, const lease::Checkpoint& last,
                                     std::string state);

  const std::shared_ptr<Shared> shared_;
  std::shared_ptr<CheckpointHandle> handle_;
  CallLimits limits_;
  bool allAsked_ = false;
  bool endAsked_ = false;
  std::optional<lease::Checkpoint> preparedNow_;
};

}  // namespace tidemill::consume

#include "consume/shard_checkpointer.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace tidemill::consume {
namespace {

// A DynamoDB row holds 400 KiB with everything else in it.
constexpr std::size_t kStateBytesMax = 100 << 10;

std::string textOf(const lease::Checkpoint& checkpoint) {
  if (checkpoint.subSequenceNumber() == 0) return checkpoint.text();
  return fmt::format("{}/{}", checkpoint.text(), checkpoint.subSequenceNumber());
}

}  // namespace

CheckpointPosition positionOf(const lease::Checkpoint& checkpoint) {
  return {checkpoint.text(), checkpoint.subSequenceNumber()};
}

ShardCheckpointer::ShardCheckpointer(std::string shardId, lease::Checkpoint start,
                                     std::shared_ptr<const LeaseFence> fence, Send send)
    : shardId_(std::move(shardId)),
      fence_(std::move(fence)),
      send_(std::move(send)),
      last_(std::move(start)),
      limits_{.delivered = last_} {}

void ShardCheckpointer::begin(CallLimits limits) {
  limits_ = std::move(limits);
  allAsked_ = false;
  endAsked_ = false;
  preparedNow_.reset();
}

void ShardCheckpointer::moveTo(const lease::Checkpoint& to) {
  if (to > last_) last_ = to;
}

Error ShardCheckpointer::refusal(std::string what, std::string hint) const {
  return Error(Code::kInvalidArgument, fmt::format("shard {}: {}", shardId_, what), std::move(hint));
}

Result<void> ShardCheckpointer::checkHeld() const {
  // A fence that is open at the beginning of time was not closed for good.
  if (fence_ == nullptr || fence_->open(rt::TimePoint::min())) return {};
  return fail(Code::kLeaseLost, fmt::format("shard {}: the lease is lost, no checkpoint is taken", shardId_),
              "end the call; whoever has the lease now goes on from the last checkpoint");
}

Result<lease::Checkpoint> ShardCheckpointer::checked(std::string_view sequenceNumber,
                                                     std::uint64_t subSequenceNumber) const {
  const auto at = lease::Checkpoint::parse(std::string(sequenceNumber), subSequenceNumber);
  if (!at) {
    return fail(refusal(fmt::format("{} is no sequence number", base::quoteIfNeeded(sequenceNumber)),
                        "pass Record::sequenceNumber as it came"));
  }
  if (*at == last_) return *at;
  if (at->isShardEnd()) {
    if (limits_.atShardEnd) return *at;
    return fail(refusal("SHARD_END before the end of the shard", "checkpoint it in shardEnded()"));
  }
  if (!at->isSequenceNumber()) {
    return fail(refusal(fmt::format("{} is no place to checkpoint", at->text()), "pass a sequence number"));
  }
  if (*at < last_) {
    return fail(refusal(fmt::format("{} lies before the last checkpoint {}", textOf(*at), textOf(last_)),
                        "checkpoints only move forward"));
  }
  if (*at > limits_.delivered) {
    return fail(refusal(
        fmt::format("{} lies behind the last delivered record {}", textOf(*at), textOf(limits_.delivered)),
        "checkpoint only what the handler was given"));
  }
  return *at;
}

Result<void> ShardCheckpointer::moveByHandler(const lease::Checkpoint& to) {
  // As KCL: at the end of a shard its last record stands for the end.
  if (limits_.atShardEnd && (to.isShardEnd() || to == limits_.delivered)) {
    endAsked_ = true;
    return {};
  }
  if (to == last_) return {};
  last_ = to;
  send_({.to = to});
  return {};
}

Result<void> ShardCheckpointer::checkpoint() {
  auto held = checkHeld();
  if (!held) return held;
  allAsked_ = true;
  if (limits_.atShardEnd) endAsked_ = true;
  return {};
}

Result<void> ShardCheckpointer::checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber) {
  auto held = checkHeld();
  if (!held) return held;
  auto at = checked(sequenceNumber, subSequenceNumber);
  if (!at) return fail(at.error());
  return moveByHandler(*at);
}

Result<PreparedCheckpoint> ShardCheckpointer::prepareCheckpoint(std::string_view sequenceNumber,
                                                                std::uint64_t subSequenceNumber,
                                                                std::string state) {
  auto held = checkHeld();
  if (!held) return fail(held.error());
  auto at = checked(sequenceNumber, subSequenceNumber);
  if (!at) return fail(at.error());
  return prepare(*at, std::move(state));
}

Result<PreparedCheckpoint> ShardCheckpointer::prepareCheckpoint(std::string state) {
  auto held = checkHeld();
  if (!held) return fail(held.error());
  return prepare(limits_.atShardEnd ? lease::Checkpoint::shardEnd() : limits_.delivered, std::move(state));
}

Result<PreparedCheckpoint> ShardCheckpointer::prepare(const lease::Checkpoint& at, std::string state) {
  if (state.size() > kStateBytesMax) {
    return fail(refusal(fmt::format("a state of {} bytes beside a prepared checkpoint", state.size()),
                        fmt::format("keep it below {} bytes", kStateBytesMax)));
  }
  PreparedCheckpoint prepared{positionOf(at), state};
  if (at == last_) return prepared;  // There is nothing to commit.
  preparedNow_ = at;
  send_({.to = at, .prepare = true, .state = std::move(state)});
  return prepared;
}

Result<void> ShardCheckpointer::commit(const PreparedCheckpoint& prepared) {
  return checkpoint(prepared.position.sequenceNumber, prepared.position.subSequenceNumber);
}

}  // namespace tidemill::consume

#include "consume/shard_checkpointer.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "rt/guarded.h"

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

// What a checkpointer and its handles have in common. Functions are called by whoever holds `place`.
struct ShardCheckpointer::Shared {
  struct Place {
    lease::Checkpoint last;
    lease::Checkpoint delivered;
    bool closed = false;
  };

  Shared(std::string shard, const lease::Checkpoint& start, std::shared_ptr<const LeaseFence> leaseFence,
         Send sender)
      : shardId(std::move(shard)),
        fence(std::move(leaseFence)),
        send(std::move(sender)),
        place(Place{start, start}) {}

  Result<void> checkHeld(const Place& at) const;
  Result<lease::Checkpoint> checked(const Place& at, std::string_view sequenceNumber,
                                    std::uint64_t subSequenceNumber, bool atShardEnd) const;
  void move(Place& at, const lease::Checkpoint& to) const;
  Error refusal(std::string what, std::string hint) const;

  const std::string shardId;
  const std::shared_ptr<const LeaseFence> fence;
  const Send send;
  rt::Guarded<Place> place;
};

Error ShardCheckpointer::Shared::refusal(std::string what, std::string hint) const {
  return Error(Code::kInvalidArgument, fmt::format("shard {}: {}", shardId, what), std::move(hint));
}

Result<void> ShardCheckpointer::Shared::checkHeld(const Place& at) const {
  // A fence that is open at the beginning of time was not closed for good.
  if (!at.closed && (fence == nullptr || fence->open(rt::TimePoint::min()))) return {};
  return fail(Code::kLeaseLost, fmt::format("shard {}: the lease is lost, no checkpoint is taken", shardId),
              "end the call; whoever has the lease now goes on from the last checkpoint");
}

Result<lease::Checkpoint> ShardCheckpointer::Shared::checked(const Place& now,
                                                             std::string_view sequenceNumber,
                                                             std::uint64_t subSequenceNumber,
                                                             bool atShardEnd) const {
  auto held = checkHeld(now);
  if (!held) return fail(held.error());
  const auto at = lease::Checkpoint::parse(std::string(sequenceNumber), subSequenceNumber);
  if (!at) {
    return fail(refusal(fmt::format("{} is no sequence number", base::quoteIfNeeded(sequenceNumber)),
                        "pass Record::sequenceNumber as it came"));
  }
  if (*at == now.last) return *at;
  if (at->isShardEnd()) {
    if (atShardEnd) return *at;
    return fail(refusal("SHARD_END before the end of the shard", "checkpoint it in shardEnded()"));
  }
  if (!at->isSequenceNumber()) {
    return fail(refusal(fmt::format("{} is no place to checkpoint", at->text()), "pass a sequence number"));
  }
  if (*at < now.last) {
    return fail(refusal(fmt::format("{} lies before the last checkpoint {}", textOf(*at), textOf(now.last)),
                        "checkpoints only move forward"));
  }
  if (*at > now.delivered) {
    return fail(refusal(
        fmt::format("{} lies behind the last delivered record {}", textOf(*at), textOf(now.delivered)),
        "checkpoint only what the handler was given"));
  }
  return *at;
}

void ShardCheckpointer::Shared::move(Place& at, const lease::Checkpoint& to) const {
  if (to == at.last) return;
  at.last = to;
  send({.to = to});
}

// For the time after the call, and for other threads.
class ShardCheckpointer::KeptHandle final : public CheckpointHandle {
 public:
  explicit KeptHandle(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<void> checkpoint() override {
    return shared_->place.with([this](Shared::Place& place) {
      auto held = shared_->checkHeld(place);
      if (held && place.delivered > place.last) shared_->move(place, place.delivered);
      return held;
    });
  }
  Result<void> checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber) override {
    return shared_->place.with([&](Shared::Place& place) -> Result<void> {
      auto at = shared_->checked(place, sequenceNumber, subSequenceNumber, false);
      if (!at) return fail(at.error());
      shared_->move(place, *at);
      return {};
    });
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

ShardCheckpointer::ShardCheckpointer(std::string shardId, lease::Checkpoint start,
                                     std::shared_ptr<const LeaseFence> fence, Send send)
    : shared_(std::make_shared<Shared>(std::move(shardId), start, std::move(fence), std::move(send))),
      handle_(std::make_shared<KeptHandle>(shared_)),
      limits_{.delivered = std::move(start)} {}

std::shared_ptr<CheckpointHandle> ShardCheckpointer::handle() {
  return handle_;
}

void ShardCheckpointer::begin(CallLimits limits) {
  limits_ = std::move(limits);
  shared_->place.with([this](Shared::Place& place) { place.delivered = limits_.delivered; });
  allAsked_ = false;
  endAsked_ = false;
  preparedNow_.reset();
}

lease::Checkpoint ShardCheckpointer::last() const {
  return shared_->place.with([](const Shared::Place& place) { return place.last; });
}

void ShardCheckpointer::moveTo(const lease::Checkpoint& to) {
  shared_->place.with([&](Shared::Place& place) {
    if (to > place.last) place.last = to;
  });
}

void ShardCheckpointer::close() {
  shared_->place.with([](Shared::Place& place) { place.closed = true; });
}

Result<void> ShardCheckpointer::checkpoint() {
  auto held = shared_->place.with([this](Shared::Place& place) { return shared_->checkHeld(place); });
  if (!held) return held;
  allAsked_ = true;
  if (limits_.atShardEnd) endAsked_ = true;
  return {};
}

Result<void> ShardCheckpointer::checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber) {
  return shared_->place.with([&](Shared::Place& place) -> Result<void> {
    auto at = shared_->checked(place, sequenceNumber, subSequenceNumber, limits_.atShardEnd);
    if (!at) return fail(at.error());
    // As KCL: at the end of a shard its last record stands for the end.
    if (limits_.atShardEnd && (at->isShardEnd() || *at == limits_.delivered)) {
      endAsked_ = true;
    } else {
      shared_->move(place, *at);
    }
    return {};
  });
}

Result<PreparedCheckpoint> ShardCheckpointer::prepareCheckpoint(std::string_view sequenceNumber,
                                                                std::uint64_t subSequenceNumber,
                                                                std::string state) {
  return shared_->place.with([&](Shared::Place& place) -> Result<PreparedCheckpoint> {
    auto at = shared_->checked(place, sequenceNumber, subSequenceNumber, limits_.atShardEnd);
    if (!at) return fail(at.error());
    return prepare(*at, place.last, std::move(state));
  });
}

Result<PreparedCheckpoint> ShardCheckpointer::prepareCheckpoint(std::string state) {
  return shared_->place.with([&](Shared::Place& place) -> Result<PreparedCheckpoint> {
    auto held = shared_->checkHeld(place);
    if (!held) return fail(held.error());
    const auto at = limits_.atShardEnd ? lease::Checkpoint::shardEnd() : limits_.delivered;
    return prepare(at, place.last, std::move(state));
  });
}

Result<PreparedCheckpoint> ShardCheckpointer::prepare(const lease::Checkpoint& at,
                                                      const lease::Checkpoint& last, std::string state) {
  if (state.size() > kStateBytesMax) {
    return fail(
        shared_->refusal(fmt::format("a state of {} bytes beside a prepared checkpoint", state.size()),
                         fmt::format("keep it below {} bytes", kStateBytesMax)));
  }
  PreparedCheckpoint prepared{positionOf(at), state};
  if (at == last) return prepared;  // There is nothing to commit.
  preparedNow_ = at;
  shared_->send({.to = at, .prepare = true, .state = std::move(state)});
  return prepared;
}

Result<void> ShardCheckpointer::commit(const PreparedCheckpoint& prepared) {
  return checkpoint(prepared.position.sequenceNumber, prepared.position.subSequenceNumber);
}

}  // namespace tidemill::consume

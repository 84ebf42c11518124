#include "tidemill/kinesis_checkpointer.h"

#include <fmt/format.h>

#include <functional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "consume/checkpoint_tries.h"
#include "lease/checkpoint.h"
#include "rt/guarded.h"
#include "rt/ticker_thread.h"

namespace tidemill {
namespace {

using lease::Checkpoint;

constexpr int kTriesMax = 4;
constexpr Duration kIntervalMax = std::chrono::days(365);
constexpr std::size_t kShardsMax = 10'000;

struct Shard {
  // Null: the timer leaves it alone.
  std::shared_ptr<CheckpointHandle> handle;
  // Checkpointed through this handle.
  std::optional<Checkpoint> last;
  CheckpointCounters counters;
  // Grows with each shard that lost its handle; 0: it has one.
  std::uint64_t idleSince = 0;
};

struct Shards {
  std::map<std::string, Shard> map;
  std::uint64_t idleCount = 0;
  bool down = false;

  void drop(const std::string& shardId) {
    Shard& shard = map[shardId];
    shard.handle.reset();
    shard.idleSince = ++idleCount;
    if (map.size() <= kShardsMax) return;
    auto oldest = map.find(shardId);
    for (auto it = map.begin(); it != map.end(); ++it) {
      if (it->second.idleSince > 0 && it->second.idleSince < oldest->second.idleSince) oldest = it;
    }
    map.erase(oldest);
  }
};

// What a shard looks like before a write.
struct Standing {
  std::shared_ptr<CheckpointHandle> handle;
  std::optional<Checkpoint> last;
};

}  // namespace

struct KinesisCheckpointer::State {
  State(std::shared_ptr<const CheckpointReceiver> from, std::string worker, std::shared_ptr<Clock> time)
      : receiver(std::move(from)),
        workerId(std::move(worker)),
        clock(std::move(time)),
        passes(base::randomSeed()) {}

  Result<ShardProgress> progress(const std::string& shardId) const;
  Standing standing(const std::string& shardId);
  // One checkpoint with its tries; `to` is nothing for the argument-less one.
  Result<void> write(const std::string& shardId, CheckpointHandle& handle,
                     const std::optional<CheckpointPosition>& to, base::Random& random);
  void pass(base::Random& random);
  void checkpoint(const std::string& shardId, base::Random& random);
  Result<CheckpointRemoval> conclude(const std::string& shardId, CheckpointHandle& handle,
                                     base::Random& random);

  const std::shared_ptr<const CheckpointReceiver> receiver;
  const std::string workerId;
  const std::shared_ptr<Clock> clock;
  base::StderrLog log;
  rt::Guarded<Shards> shards;
  // Held by a pass, a removal or the shutdown; taken before `shards`.
  rt::Guarded<base::Random> passes;
  // Last: its thread uses all of the above.
  std::optional<rt::TickerThread> ticker;
};

Result<ShardProgress> KinesisCheckpointer::State::progress(const std::string& shardId) const {
  try {
    return receiver->progress(shardId);
  } catch (...) {  // User code may throw anything; this is the edge.
    return fail(Code::kUserCodeFailed, fmt::format("shard {}: the receiver threw an exception", shardId),
                "progress() tells how far the shard is, and throws nothing");
  }
}

Standing KinesisCheckpointer::State::standing(const std::string& shardId) {
  return shards.with([&](const Shards& all) {
    const auto shard = all.map.find(shardId);
    return shard == all.map.end() ? Standing{} : Standing{shard->second.handle, shard->second.last};
  });
}

Result<void> KinesisCheckpointer::State::write(const std::string& shardId, CheckpointHandle& handle,
                                               const std::optional<CheckpointPosition>& to,
                                               base::Random& random) {
  auto once = [&] {
    return to ? handle.checkpoint(to->sequenceNumber, to->subSequenceNumber) : handle.checkpoint();
  };
  const auto pause = [this](Duration length) { clock->pause(length); };
  const auto done = consume::tryCheckpoint(kTriesMax, random, pause, once);
  shards.with([&](Shards& all) {
    CheckpointCounters& counters = all.map[shardId].counters;
    ++counters.attempts;
    ++(done.last ? counters.successes : counters.failures);
    counters.retries += done.tries - 1;
  });
  if (!done.last) {
    log.warning("checkpoint_failed", {{"worker", workerId},
                                      {"shard", shardId},
                                      {"to", to ? to->sequenceNumber : "everything"},
                                      {"tries", done.tries},
                                      {"code", codeName(done.last.error().code())},
                                      {"reason", done.last.error().message()}});
  }
  return done.last;
}

void KinesisCheckpointer::State::pass(base::Random& random) {
  const auto ids = shards.with([](const Shards& all) {
    std::vector<std::string> found;
    for (const auto& [shardId, shard] : all.map) {
      if (shard.handle != nullptr) found.push_back(shardId);
    }
    return found;
  });
  for (const std::string& shardId : ids) checkpoint(shardId, random);
}

void KinesisCheckpointer::State::checkpoint(const std::string& shardId, base::Random& random) {
  const auto shardProgress = progress(shardId);
  if (!shardProgress) {
    log.warning("checkpoint_failed",
                {{"worker", workerId}, {"shard", shardId}, {"reason", shardProgress.error().message()}});
    return;
  }
  const auto& upTo = shardProgress->upTo;
  if (!upTo) return;
  const auto to = Checkpoint::parse(upTo->sequenceNumber, upTo->subSequenceNumber);
  const Standing now = standing(shardId);
  // What is no number is the handle's to refuse.
  if (now.handle == nullptr || (to && now.last && *to <= *now.last)) return;

  const auto written = write(shardId, *now.handle, upTo, random);
  shards.with([&](Shards& all) {
    Shard& shard = all.map[shardId];
    if (shard.handle != now.handle) return;  // Another one was set meanwhile.
    if (written) shard.last = to;
    if (!written && written.error().code() == Code::kLeaseLost) all.drop(shardId);
  });
}

Result<CheckpointRemoval> KinesisCheckpointer::State::conclude(const std::string& shardId,
                                                               CheckpointHandle& handle,
                                                               base::Random& random) {
  auto shardProgress = progress(shardId);
  if (!shardProgress) return fail(shardProgress.error());
  if (shardProgress->complete) {
    auto written = write(shardId, handle, std::nullopt, random);
    if (!written) return fail(written.error());
    return CheckpointRemoval::kComplete;
  }
  if (!shardProgress->upTo) return CheckpointRemoval::kNotYet;
  const auto to =
      Checkpoint::parse(shardProgress->upTo->sequenceNumber, shardProgress->upTo->subSequenceNumber);
  const Standing now = standing(shardId);
  if (to && now.last && *to <= *now.last) return CheckpointRemoval::kNotYet;
  auto written = write(shardId, handle, shardProgress->upTo, random);
  if (!written) return fail(written.error());
  shards.with([&](Shards& all) { all.map[shardId].last = to; });
  return CheckpointRemoval::kNotYet;
}

KinesisCheckpointer::KinesisCheckpointer(std::shared_ptr<const CheckpointReceiver> receiver,
                                         Duration checkpointInterval, std::string workerId,
                                         std::shared_ptr<Clock> clock)
    : state_(std::make_unique<State>(std::move(receiver), std::move(workerId), std::move(clock))) {
  if (state_->receiver == nullptr || state_->clock == nullptr) {
    throw Error(Code::kUsage, "a KinesisCheckpointer without a receiver or a clock",
                "give it a ShardWatermarks and leave out the clock");
  }
  if (checkpointInterval <= Duration::zero() || checkpointInterval > kIntervalMax) {
    throw Error(
        Code::kInvalidConfig,
        fmt::format("checkpointInterval={} ms is not between 1 ms and 365 days", checkpointInterval.count()),
        "for example Seconds(30)");
  }
  State* state = state_.get();
  state->ticker.emplace(state->clock, checkpointInterval, [state] {
    state->passes.with([state](base::Random& random) { state->pass(random); });
  });
}

KinesisCheckpointer::~KinesisCheckpointer() {
  shutdown();
}

void KinesisCheckpointer::setCheckpointer(const std::string& shardId,
                                          std::shared_ptr<CheckpointHandle> checkpointer) {
  state_->shards.with([&](Shards& all) {
    if (all.down) return;
    if (checkpointer == nullptr) return all.drop(shardId);
    Shard& shard = all.map[shardId];
    if (shard.handle != checkpointer) shard.last.reset();
    shard.handle = std::move(checkpointer);
    shard.idleSince = 0;
  });
}

Result<CheckpointRemoval> KinesisCheckpointer::removeCheckpointer(const std::string& shardId,
                                                                  CheckpointHandle* checkpointer) {
  return state_->passes.with([&](base::Random& random) -> Result<CheckpointRemoval> {
    state_->shards.with([&](Shards& all) { all.drop(shardId); });
    if (checkpointer == nullptr) return CheckpointRemoval::kDropped;
    return state_->conclude(shardId, *checkpointer, random);
  });
}

void KinesisCheckpointer::shutdown() {
  state_->ticker->stop();
  state_->passes.with([this](base::Random& random) {
    const bool first = state_->shards.with([](Shards& all) { return !std::exchange(all.down, true); });
    if (!first) return;
    state_->pass(random);
    state_->shards.with([](Shards& all) {
      for (auto& [shardId, shard] : all.map) shard.handle.reset();
    });
  });
}

std::map<std::string, CheckpointCounters> KinesisCheckpointer::counters() const {
  return state_->shards.with([](const Shards& all) {
    std::map<std::string, CheckpointCounters> found;
    for (const auto& [shardId, shard] : all.map) found.emplace(shardId, shard.counters);
    return found;
  });
}

CheckpointCounters KinesisCheckpointer::counters(const std::string& shardId) const {
  return state_->shards.with([&](const Shards& all) {
    const auto shard = all.map.find(shardId);
    return shard == all.map.end() ? CheckpointCounters{} : shard->second.counters;
  });
}

}  // namespace tidemill

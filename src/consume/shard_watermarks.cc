#include "tidemill/shard_watermarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/text.h"
#include "lease/checkpoint.h"
#include "rt/guarded.h"

namespace tidemill {
namespace {

using lease::Checkpoint;

struct Run {
  Checkpoint upTo;
  bool safe = false;
};

struct Shard {
  std::optional<Checkpoint> received;
  std::optional<Checkpoint> safe;
  // Behind `safe`, in their order; the first one is not safe.
  std::deque<Run> runs;

  void makeSafe(const Checkpoint& upTo) {
    const auto run = std::lower_bound(runs.begin(), runs.end(), upTo,
                                      [](const Run& a, const Checkpoint& b) { return a.upTo < b; });
    if (run == runs.end() || run->upTo != upTo) return;
    run->safe = true;
    while (!runs.empty() && runs.front().safe) {
      safe = runs.front().upTo;
      runs.pop_front();
    }
  }
};

}  // namespace

struct ShardWatermarks::State {
  explicit State(CheckpointAfter when) : after(when) {}

  void makeSafe(const std::string& shardId, const CheckpointPosition& position) {
    const auto upTo = Checkpoint::parse(position.sequenceNumber, position.subSequenceNumber);
    if (!upTo) return;
    shards.with([&](std::map<std::string, Shard>& all) {
      const auto shard = all.find(shardId);
      if (shard != all.end()) shard->second.makeSafe(*upTo);
    });
  }

  const CheckpointAfter after;
  rt::Guarded<std::map<std::string, Shard>> shards;
};

ShardWatermarks::ShardWatermarks(CheckpointAfter after) : state_(std::make_unique<State>(after)) {}

ShardWatermarks::~ShardWatermarks() = default;

Result<void> ShardWatermarks::received(const std::string& shardId, const CheckpointPosition& upTo) {
  auto at = Checkpoint::parse(upTo.sequenceNumber, upTo.subSequenceNumber);
  if (!at || !at->isSequenceNumber()) {
    return fail(
        Code::kInvalidArgument,
        fmt::format("shard {}: {} is no sequence number", shardId, base::quoteIfNeeded(upTo.sequenceNumber)),
        "pass Record::sequenceNumber as it came");
  }
  return state_->shards.with([&](std::map<std::string, Shard>& all) -> Result<void> {
    Shard& shard = all[shardId];
    if (shard.received && *at <= *shard.received) {
      return fail(
          Code::kInvalidArgument,
          fmt::format("shard {}: records up to {}/{} arrive behind {}/{}", shardId, upTo.sequenceNumber,
                      upTo.subSequenceNumber, shard.received->text(), shard.received->subSequenceNumber()),
          "tell of runs in the order of their shard; forget() the shard when its lease is lost");
    }
    shard.received = *at;
    shard.runs.push_back({std::move(*at)});
    return {};
  });
}

void ShardWatermarks::stored(const std::string& shardId, const CheckpointPosition& upTo) {
  if (state_->after == CheckpointAfter::kStored) state_->makeSafe(shardId, upTo);
}

void ShardWatermarks::processed(const std::string& shardId, const CheckpointPosition& upTo) {
  state_->makeSafe(shardId, upTo);
}

void ShardWatermarks::forget(const std::string& shardId) {
  state_->shards.with([&](std::map<std::string, Shard>& all) { all.erase(shardId); });
}

ShardProgress ShardWatermarks::progress(const std::string& shardId) const {
  return state_->shards.with([&](const std::map<std::string, Shard>& all) {
    ShardProgress progress{std::nullopt, true};
    const auto found = all.find(shardId);
    if (found == all.end()) return progress;
    const Shard& shard = found->second;
    progress.complete = shard.runs.empty();
    if (shard.safe) {
      progress.upTo = CheckpointPosition{shard.safe->text(), shard.safe->subSequenceNumber()};
    }
    return progress;
  });
}

}  // namespace tidemill

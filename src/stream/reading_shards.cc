#include "stream/reading_shards.h"

namespace tidemill::stream {
namespace {

using Type = kinesis::IteratorPosition::Type;

}  // namespace

void ReadingShards::start(const consume::ShardStart& start, rt::WallTime serverNow) {
  consume::ShardStart kept = start;
  if (kept.position.type == Type::kLatest) {
    kept.position.type = Type::kAtTimestamp;
    kept.position.timestamp = serverNow;
  }
  shards_.insert_or_assign(start.shardId, std::move(kept));
}

void ReadingShards::stop(const std::string& shardId, std::int64_t token) {
  const auto found = shards_.find(shardId);
  if (found != shards_.end() && found->second.token == token) shards_.erase(found);
}

void ReadingShards::sealed(const block::BlockInfo& block) {
  for (const block::SliceInfo& slice : block.slices) {
    const auto found = shards_.find(slice.range.shardId);
    if (found == shards_.end() || found->second.token != slice.token) continue;
    // Blocks hold whole records of Kinesis: all parts of an aggregated one, or none.
    consume::ShardStart& shard = found->second;
    shard.from = lease::Checkpoint::at(slice.range.toSeqNumber, slice.range.toSubSeqNumber.value_or(0));
    shard.position = {};
    shard.position.type = Type::kAfterSequenceNumber;
    shard.position.sequenceNumber = slice.range.toSeqNumber;
  }
  for (const block::ShardEnd& end : block.ends) stop(end.shardId, end.token);
}

std::vector<consume::ShardStart> ReadingShards::resume() const {
  std::vector<consume::ShardStart> starts;
  starts.reserve(shards_.size());
  for (const auto& [shardId, start] : shards_) starts.push_back(start);
  return starts;
}

}  // namespace tidemill::stream

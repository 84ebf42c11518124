#include "lease/row_health.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "lease/shard_audit.h"

namespace tidemill::lease {
namespace {

RowAnomaly anomaly(RowAnomaly::Kind kind, const std::string& leaseKey, const std::string& what) {
  return {kind, leaseKey, fmt::format("lease {}: {}", leaseKey, what)};
}

std::string positionText(const Checkpoint& checkpoint) {
  if (checkpoint.subSequenceNumber() == 0) return checkpoint.text();
  return fmt::format("{} ({})", checkpoint.text(), checkpoint.subSequenceNumber());
}

// The order among sentinels has no meaning; a number that turns into one has.
bool isBehind(const Checkpoint& now, const Checkpoint& before) {
  return (before.isSequenceNumber() || before.isShardEnd()) && now < before;
}

}  // namespace

std::string_view anomalyEvent(RowAnomaly::Kind kind) {
  switch (kind) {
    case RowAnomaly::Kind::kCheckpointRegressed:
      return "lease_checkpoint_regressed";
    case RowAnomaly::Kind::kCounterRegressed:
      return "lease_counter_regressed";
    case RowAnomaly::Kind::kRowVanished:
      return "lease_row_vanished";
    case RowAnomaly::Kind::kRowReappeared:
      return "lease_row_reappeared";
    case RowAnomaly::Kind::kHashRangeInvalid:
      return "lease_hash_range_invalid";
    case RowAnomaly::Kind::kShardMissing:
      return "shard_missing";
    case RowAnomaly::Kind::kParentMissing:
      return "shard_parent_missing";
    case RowAnomaly::Kind::kStreamRecreated:
      return "stream_recreated";
  }
  return "";
}

bool stopsHolder(RowAnomaly::Kind kind) {
  switch (kind) {
    case RowAnomaly::Kind::kCheckpointRegressed:
    case RowAnomaly::Kind::kCounterRegressed:
    case RowAnomaly::Kind::kRowVanished:
    case RowAnomaly::Kind::kRowReappeared:
    case RowAnomaly::Kind::kStreamRecreated:
      return true;
    case RowAnomaly::Kind::kHashRangeInvalid:
    case RowAnomaly::Kind::kShardMissing:
    case RowAnomaly::Kind::kParentMissing:
      return false;
  }
  return false;
}

std::optional<RowAnomaly> classify(const KnownRow& previous, const std::optional<Lease>& current) {
  using Kind = RowAnomaly::Kind;
  const Lease& before = previous.row;
  if (!current) {
    // Finished rows are cleaned up by whoever leads.
    if (previous.gone || before.checkpoint.isShardEnd()) return std::nullopt;
    return anomaly(Kind::kRowVanished, before.leaseKey,
                   fmt::format("the row was deleted before its shard was finished; its checkpoint was {}",
                               positionText(before.checkpoint)));
  }
  if (isBehind(current->checkpoint, before.checkpoint)) {
    const bool written = !previous.gone && current->leaseCounter > before.leaseCounter;
    return anomaly(Kind::kCheckpointRegressed, before.leaseKey,
                   fmt::format("the checkpoint went back from {} to {} ({}); records between them repeat",
                               positionText(before.checkpoint), positionText(current->checkpoint),
                               written ? "an operator rewound it, or a worker is at fault"
                                       : "the table was restored, or the row made again"));
  }
  if (previous.gone) {
    return anomaly(Kind::kRowReappeared, before.leaseKey,
                   fmt::format("the row that had vanished is back, with counter {} after {}",
                               current->leaseCounter, before.leaseCounter));
  }
  if (current->leaseCounter < before.leaseCounter) {
    return anomaly(Kind::kCounterRegressed, before.leaseKey,
                   fmt::format("the counter went back from {} to {}: the table was restored, or the row made "
                               "again",
                               before.leaseCounter, current->leaseCounter));
  }
  return checkRow(*current);
}

std::optional<RowAnomaly> checkRow(const Lease& lease) {
  const bool empty = lease.startingHashKey.empty() && lease.endingHashKey.empty();
  if (empty || hashRangeOf(lease)) return std::nullopt;
  return anomaly(RowAnomaly::Kind::kHashRangeInvalid, lease.leaseKey,
                 fmt::format("'{}' to '{}' is no range of hash keys; the one of the shard is used",
                             lease.startingHashKey, lease.endingHashKey));
}

std::vector<RowAnomaly> checkListing(const std::vector<Lease>& leases,
                                     const std::vector<kinesis::Shard>& shards) {
  std::set<std::string> listed;
  for (const kinesis::Shard& shard : shards) listed.insert(shard.shardId);
  std::set<std::string> leased;
  std::vector<RowAnomaly> anomalies;
  for (const Lease& lease : leases) {
    const std::string& id = lease.shardId.empty() ? lease.leaseKey : lease.shardId;
    leased.insert(id);
    if (lease.checkpoint.isShardEnd() || listed.contains(id)) continue;
    anomalies.push_back(anomaly(RowAnomaly::Kind::kShardMissing, lease.leaseKey,
                                fmt::format("its shard is not listed, but the checkpoint is {}: records past "
                                            "it are beyond retention, or the stream is another one",
                                            positionText(lease.checkpoint))));
  }
  for (const kinesis::Shard& shard : shards) {
    const std::pair<std::string, std::string> both[] = {{shard.parentShardId, shard.adjacentParentShardId},
                                                        {shard.adjacentParentShardId, shard.parentShardId}};
    for (const auto& [parent, other] : both) {
      if (parent.empty() || listed.contains(parent) || leased.contains(parent) || !listed.contains(other))
        continue;
      anomalies.push_back(anomaly(RowAnomaly::Kind::kParentMissing, shard.shardId,
                                  fmt::format("its parent {} is listed and its parent {} is not; taken for "
                                              "past retention",
                                              other, parent)));
    }
  }
  return anomalies;
}

std::optional<RowAnomaly> checkStream(rt::WallTime claimed, rt::WallTime created) {
  if (claimed == created) return std::nullopt;
  const auto epoch = [](rt::WallTime time) { return time.time_since_epoch().count(); };
  return RowAnomaly{RowAnomaly::Kind::kStreamRecreated, "",
                    fmt::format("the stream was created at {} ms and its leases are of one created at {} ms",
                                epoch(created), epoch(claimed))};
}

}  // namespace tidemill::lease

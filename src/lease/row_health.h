// lease/row_health.h: names for rows, shards and streams that are not as they should be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "lease/lease.h"
#include "rt/time.h"

namespace tidemill::lease {

struct RowAnomaly {
  enum class Kind {
    kCheckpointRegressed,  // Behind what this process knew: a restored backup, an operator, or a faulty peer.
    kCounterRegressed,     // Smaller than before: the row was restored or made again.
    kRowVanished,          // An unfinished row was deleted.
    kRowReappeared,        // A row that had vanished is there again.
    kHashRangeInvalid,     // Neither empty nor a range of hash keys.
    kShardMissing,         // An unfinished row's shard is not in a complete listing: trimmed or deleted.
    kParentMissing,        // One parent of a merge is listed and the other one is not.
    kStreamRecreated,      // The stream was deleted and made again under its name.
  };

  Kind kind = Kind::kCheckpointRegressed;
  std::string leaseKey;  // Empty for kStreamRecreated.
  std::string text;      // What was found, and what it may mean; begins with the key.
};

// The event's name, the same in every version: "lease_checkpoint_regressed", "lease_counter_regressed",
// "lease_row_vanished", "lease_row_reappeared", "lease_hash_range_invalid", "shard_missing",
// "shard_parent_missing", "stream_recreated".
std::string_view anomalyEvent(RowAnomaly::Kind kind);
// True if whoever holds the lease must stop reading the shard: what it knows is not what the table says.
bool stopsHolder(RowAnomaly::Kind kind);

// What this process knew of a row, and whether it was gone when last looked for.
struct KnownRow {
  Lease row;
  bool gone = false;
};

// What is wrong with a row as it is now (nothing: there is none), compared with what was known of it; the
// gravest first. `current` must come from a consistent read or a write of our own that is newer than
// `previous`: an old listing looks like a restored backup.
std::optional<RowAnomaly> classify(const KnownRow& previous, const std::optional<Lease>& current);

// What is wrong with one row by itself.
std::optional<RowAnomaly> checkRow(const Lease& lease);

// What is wrong between the rows and a complete listing of the shards; in the order of both. A parent that is
// missing with all that came before it is past retention and no anomaly.
std::vector<RowAnomaly> checkListing(const std::vector<Lease>& leases,
                                     const std::vector<kinesis::Shard>& shards);

// `claimed` is the time of creation noted in the table, `created` what the service says of the stream now.
std::optional<RowAnomaly> checkStream(rt::WallTime claimed, rt::WallTime created);

}  // namespace tidemill::lease

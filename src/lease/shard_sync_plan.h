// lease/shard_sync_plan.h: which lease rows a listing of shards calls for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "lease/lease.h"
#include "tidemill/initial_position.h"

namespace tidemill::lease {

// The rows to create, parents before children, so that a crash in the middle resumes cleanly (kcl.md 2.8).
// Without any row: LATEST starts the open shards at `serverNow` (fixed in the row), TRIM_HORIZON and
// AT_TIMESTAMP the oldest listed shards. With rows: for each open shard without one, the first missing
// generation below a leased ancestor, as childLease(), once that one is finished or no longer listed: until
// then whoever reads it makes the rows of its children. Without a leased ancestor the initial position
// applies as above, but beside a leased one (the other side of a merge) reading starts at the oldest listed
// shard even at LATEST, where KCL would skip. Rows that exist are never changed. Pure.
std::vector<Lease> leasesToCreate(const std::vector<kinesis::Shard>& shards, const std::vector<Lease>& leases,
                                  const KinesisInitialPosition& initial, rt::WallTime serverNow);

// Why `shards` is no consistent listing: a shard is open, and so may grow, while one of its children is
// listed. Nothing if it is consistent. Rows must not be made from the other kind (kcl.md 2.8).
std::optional<std::string> openParentProblem(const std::vector<kinesis::Shard>& shards);

// The row of a child, made before its parent's SHARD_END is written; `parents` are those of its parents that
// have rows. It starts at its first record whatever the initial position, or records written between reshard
// and discovery would vanish. Only where every parent was asked for from a time and gave no record since does
// the child start at that time too: what is older was never asked for (docs/adr/0006).
Lease childLease(const codec::ChildShard& child, const std::vector<Lease>& parents);

}  // namespace tidemill::lease

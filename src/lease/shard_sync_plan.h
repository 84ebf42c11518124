// lease/shard_sync_plan.h: which lease rows a listing of shards calls for.
#pragma once

#include <vector>

#include "kinesis/kinesis_api.h"
#include "lease/lease.h"
#include "tidemill/initial_position.h"

namespace tidemill::lease {

// The rows to create, parents before children, so that a crash in the middle resumes cleanly (kcl.md 2.8).
// Without any row: LATEST starts the open shards at `serverNow` (fixed in the row), TRIM_HORIZON and
// AT_TIMESTAMP the oldest listed shards. With rows: for each open shard without one, the first missing
// generation below a leased ancestor, as childLease(); without a leased ancestor the initial position applies
// as above. Rows that exist are never changed. Pure.
std::vector<Lease> leasesToCreate(const std::vector<kinesis::Shard>& shards, const std::vector<Lease>& leases,
                                  const KinesisInitialPosition& initial, rt::WallTime serverNow);

// The row of a child, made before its parent's SHARD_END is written; `parents` are those of its parents that
// have rows. It starts at its first record whatever the initial position, or records written between reshard
// and discovery would vanish. Only where every parent was asked for from a time and gave no record since does
// the child start at that time too: what is older was never asked for (docs/adr/0006).
Lease childLease(const codec::ChildShard& child, const std::vector<Lease>& parents);

}  // namespace tidemill::lease

// consume/shard_end.h: when the end of a shard may be written, and which children follow it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "block/block.h"
#include "kinesis/shard_graph.h"
#include "lease/lease.h"

namespace tidemill::consume {

struct ShardEndPlan {
  enum class Step {
    kWrite,         // Make the rows of the children, then write SHARD_END.
    kAskListing,    // Only a listing can tell; plan again with it.
    kWait,          // The listing does not know enough yet; plan again with a later one.
    kContradicted,  // The listing has the shard open; if later ones do too, the shard has not ended.
  };
  Step step = Step::kWrite;
  std::vector<lease::Lease> children;  // For kWrite.
  std::string reason;                  // For kWait and kContradicted.
};

struct ShardEndFacts {
  const block::ShardEnd& end;
  // How far the shard was processed in front of the end.
  const lease::Checkpoint& processed;
  const std::map<std::string, lease::Lease>& leases;
  // Null: there is none.
  const kinesis::ShardGraph* listing = nullptr;
  // Children of which nothing is known are left to a later sync, which finds them below this row.
  bool giveUp = false;
};

// A child may start when every parent is done, and a parent without a row counts as done: so the end waits
// until every listed parent of a child has a row. Pure.
ShardEndPlan planShardEnd(const ShardEndFacts& facts);

}  // namespace tidemill::consume

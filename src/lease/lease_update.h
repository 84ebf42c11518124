// lease/lease_update.h: the writes of lease rows as requests to DynamoDB (kcl.md 1.5).
#pragma once

#include <optional>
#include <set>
#include <string>

#include "dynamo/dynamo_api.h"
#include "lease/lease_write.h"
#include "rt/time.h"

namespace tidemill::lease {

// What a take notes beside the lease: which stream the row is of, and when that stream was made.
struct StreamNote {
  std::string stream;  // Empty: not known, and not noted.
  std::optional<rt::WallTime> created;
};

// Each names only the attributes that it changes, so that those of others stay; none makes a row that is not
// there. The new row comes back with the answer.

// The condition is refusalOf(), the effect applyTo(). Of `note` only a take makes use.
dynamo::UpdateItemRequest updateFor(const std::string& table, const LeaseWrite& write,
                                    const StreamNote& note);
// These leave the counter alone.
dynamo::UpdateItemRequest childrenUpdate(const std::string& table, const std::string& leaseKey,
                                         const std::set<std::string>& children);
dynamo::UpdateItemRequest hashRangeUpdate(const std::string& table, const std::string& leaseKey,
                                          const std::string& starting, const std::string& ending);
// If the owner of `seen` is still the owner.
dynamo::UpdateItemRequest askUpdate(const std::string& table, const Lease& seen, const std::string& by);
// If nothing is noted on that row yet. `note.created` must be there.
dynamo::UpdateItemRequest noteUpdate(const std::string& table, const std::string& leaseKey,
                                     const StreamNote& note);
// If the row is as it was seen and at SHARD_END, or is gone.
dynamo::DeleteItemRequest deleteFor(const std::string& table, const Lease& seen);

}  // namespace tidemill::lease

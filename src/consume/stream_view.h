// consume/stream_view.h: what the service says about a stream at one moment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "kinesis/kinesis_api.h"
#include "kinesis/shard_graph.h"
#include "lease/lease.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::consume {

struct StreamView {
  // When the stream was created; nothing if the server does not say, as some emulators.
  std::optional<rt::WallTime> created;
  std::vector<kinesis::Shard> shards;
  kinesis::ShardGraph graph;  // Of the same shards.
};

// References outlive the calls.
struct ViewContext {
  rt::Loop& loop;
  kinesis::KinesisApi& api;
  base::LogSink& log;
  const std::string& stream;
};

// Reads the stream's summary and all of its shards. A listing with holes is asked for again, `listingsMax`
// times in all (at least 1), and then taken as it is: emulators have such listings always, and a shard that
// was left out is found by a later view. Errors: those of the two calls; kMalformedResponse.
rt::Task<Result<StreamView>> viewStream(ViewContext context, int listingsMax);

// The unfinished leases, in key order, whose shards the view lacks. Either the listing is stale, or the shard
// was trimmed before it was read to its end.
std::vector<std::string> unlistedLeases(const StreamView& view,
                                        const std::map<std::string, lease::Lease>& leases);

// A shard that is open although its lease row says SHARD_END, which no shard of the same stream can be unless
// the listing is stale.
std::optional<std::string> openThoughEnded(const StreamView& view,
                                           const std::map<std::string, lease::Lease>& leases);

// The error for lease rows that belong to an earlier stream of the same name. `table` names the application
// and the stream.
Error madeAgain(const std::string& table, rt::WallTime noted, rt::WallTime created);
Error endedButOpen(const std::string& table, const std::string& shardId);

}  // namespace tidemill::consume

#include "consume/stream_view.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kListingRetry = 1s;

constexpr std::string_view kRemedy =
    "the stream was deleted and made again under its name: read the new one under another application name, "
    "or delete the state of this one to read it from its initial position";

std::string textOf(rt::WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%FT%T}.{:03}Z", seconds, (time - seconds).count());
}

// The check of identity needs the time, reading does not: a server that refuses or lacks the call is read.
bool mayLackSummary(const Error& error) {
  switch (error.code()) {
    case Code::kUnknownOperation:
    case Code::kAccessDenied:
    case Code::kMalformedResponse:
      return true;
    default:
      return false;
  }
}

rt::Task<Result<std::optional<rt::WallTime>>> creationTime(ViewContext context) {
  std::optional<rt::WallTime> created;
  auto summary = co_await context.api.describeStreamSummary(context.stream);
  if (summary && summary->created != rt::WallTime()) created = summary->created;
  if (!summary && !mayLackSummary(summary.error())) co_return fail(summary.error());
  if (!summary) {
    context.log.warning("stream_not_described",
                        {{"stream", context.stream}, {"reason", summary.error().message()}});
  }
  co_return created;
}

}  // namespace

rt::Task<Result<StreamView>> viewStream(ViewContext context, int listingsMax) {
  StreamView view;
  auto created = co_await creationTime(context);
  if (!created) co_return fail(created.error());
  view.created = *created;
  for (int attempt = 1;; ++attempt) {  // Bounded by listingsMax.
    auto shards = co_await kinesis::listAllShards(context.api, context.stream);
    if (!shards) co_return fail(shards.error());
    auto graph = kinesis::ShardGraph::build(*shards);
    if (!graph) co_return fail(graph.error().within("stream " + context.stream));
    view.shards = std::move(*shards);
    view.graph = std::move(*graph);
    const auto problem = view.graph.coverProblem();
    if (!problem) co_return std::move(view);
    if (attempt >= listingsMax) {
      context.log.warning("shard_listing_has_holes", {{"stream", context.stream}, {"problem", *problem}});
      co_return std::move(view);
    }
    co_await context.loop.sleepFor(kListingRetry);
  }
}

std::vector<std::string> unlistedLeases(const StreamView& view,
                                        const std::map<std::string, lease::Lease>& leases) {
  std::vector<std::string> keys;
  for (const auto& [key, lease] : leases) {
    if (!lease.checkpoint.isShardEnd() && view.graph.find(key) == nullptr) keys.push_back(key);
  }
  return keys;
}

std::optional<std::string> openThoughEnded(const StreamView& view,
                                           const std::map<std::string, lease::Lease>& leases) {
  for (const kinesis::Shard* shard : view.graph.open()) {
    const auto row = leases.find(shard->shardId);
    if (row != leases.end() && row->second.checkpoint.isShardEnd()) return shard->shardId;
  }
  return std::nullopt;
}

Error madeAgain(const std::string& table, rt::WallTime noted, rt::WallTime created) {
  return Error(Code::kInvalidConfig,
               fmt::format("{}: the lease rows are of a stream created at {}, but this one was created at {}",
                           table, textOf(noted), textOf(created)),
               std::string(kRemedy));
}

Error endedButOpen(const std::string& table, const std::string& shardId) {
  return Error(
      Code::kInvalidConfig,
      fmt::format("{}: shard {} is open, but its lease row says that it was read to its end", table, shardId),
      std::string(kRemedy));
}

}  // namespace tidemill::consume

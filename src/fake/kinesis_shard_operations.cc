// ListShards, SplitShard and MergeShards.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "fake/fake_kinesis.h"

namespace tidemill::fake {
namespace {

constexpr std::int64_t kShardsPerPageMax = 1000;
constexpr std::size_t kTokenBytes = 408;

// ShardFilter, ready to be asked.
struct ShardChoice {
  std::string type = "FROM_TRIM_HORIZON";
  rt::WallTime time{};
  std::int64_t afterIndex = -1;

  bool admits(const FakeShard& shard, const FakeStream& stream, rt::WallTime now) const {
    if (type == "AT_LATEST") return shard.open();
    if (type == "AFTER_SHARD_ID") return static_cast<std::int64_t>(shard.index) > afterIndex;
    if (type == "FROM_TIMESTAMP") return shard.open() || *shard.closed >= time;
    if (type == "FROM_TRIM_HORIZON") return true;
    const rt::WallTime horizon = std::max(stream.created, now - stream.retention());
    // A time before the horizon is the horizon. Both ends count, so that a parent and its children may come.
    const rt::WallTime at = type == "AT_TIMESTAMP" ? std::max(time, horizon) : horizon;
    return shard.created <= at && (shard.open() || *shard.closed >= at);
  }
};

struct ShardQuery {
  std::string stream;
  std::uint64_t incarnation = 0;
  ShardChoice choice;
  // The first index to list.
  std::int64_t next = 0;
};

Outcome<ShardChoice> choiceOf(const InputValue& input, rt::WallTime now) {
  ShardChoice choice;
  const InputValue* filter = input.find("ShardFilter");
  if (filter == nullptr) return choice;
  choice.type = *filter->textOf("Type");
  const auto time = filter->timeOf("Timestamp");
  const auto shard = filter->textOf("ShardId");
  const bool timed = choice.type == "AT_TIMESTAMP" || choice.type == "FROM_TIMESTAMP";
  if (timed != time.has_value()) {
    return invalidArgument(fmt::format("Timestamp {} be specified for ShardFilter type {}.",
                                       timed ? "must" : "must not", choice.type));
  }
  if ((choice.type == "AFTER_SHARD_ID") != shard.has_value()) {
    return invalidArgument(fmt::format("ShardId {} be specified for ShardFilter type {}.",
                                       shard ? "must not" : "must", choice.type));
  }
  if (time && *time > now) return invalidArgument("Timestamp of ShardFilter must not lie in the future.");
  if (time) choice.time = *time;
  if (shard) {
    const auto index = parseShardId(*shard);
    if (!index) return invalidArgument(fmt::format("Invalid ShardId {} in ShardFilter.", *shard));
    choice.afterIndex = *index;
  }
  return choice;
}

std::string describe(const ShardQuery& query, rt::WallTime now) {
  return fmt::format("{}/{}/{}/{}/{}/{}/{}/shards", now.time_since_epoch().count(), query.incarnation,
                     query.next, query.choice.type, query.choice.time.time_since_epoch().count(),
                     query.choice.afterIndex, query.stream);
}

std::int64_t numberIn(std::string_view text) {
  return base::parseInteger(text).value_or(0);
}

Outcome<ShardQuery> resume(const std::optional<std::string>& payload, rt::WallTime now,
                           std::chrono::milliseconds life, std::string_view token) {
  const auto parts = base::split(payload ? std::string_view(*payload) : std::string_view(), '/');
  if (parts.size() != 8 || parts[7] != "shards") return invalidArgument("NextToken is not valid.");
  const rt::WallTime issued{std::chrono::milliseconds(numberIn(parts[0]))};
  if (now - issued > life)
    return refuse("ExpiredNextTokenException", fmt::format("NextToken {} has expired.", token));
  ShardQuery query;
  query.incarnation = static_cast<std::uint64_t>(numberIn(parts[1]));
  query.next = numberIn(parts[2]);
  query.choice.type = parts[3];
  query.choice.time = rt::WallTime(std::chrono::milliseconds(numberIn(parts[4])));
  query.choice.afterIndex = numberIn(parts[5]);
  query.stream = parts[6];
  return query;
}

}  // namespace

void writeShard(Output& out, const FakeShard& shard) {
  out.beginMap();
  out.member("ShardId", shard.id());
  if (shard.parent) out.member("ParentShardId", formatShardId(*shard.parent));
  if (shard.adjacentParent) out.member("AdjacentParentShardId", formatShardId(*shard.adjacentParent));
  out.key("HashKeyRange");
  out.beginMap();
  out.member("StartingHashKey", formatHashKey(shard.startingHashKey));
  out.member("EndingHashKey", formatHashKey(shard.endingHashKey));
  out.endMap();
  out.key("SequenceNumberRange");
  out.beginMap();
  out.member("StartingSequenceNumber", shard.startingSequenceNumber());
  if (!shard.open()) out.member("EndingSequenceNumber", shard.endingSequenceNumber());
  out.endMap();
  out.endMap();
}

Outcome<void> FakeKinesis::listShards(KinesisCall& call) {
  const InputValue& input = call.input;
  const auto token = input.textOf("NextToken");
  const bool named = input.has("StreamName") || input.has("StreamARN");
  if (!token && !named) return invalidArgument("Either NextToken or StreamName should be provided.");
  if (token && named) return invalidArgument("NextToken and StreamName cannot be provided together.");

  ShardQuery query;
  if (token) {
    for (const auto name : {"ShardFilter", "ExclusiveStartShardId", "StreamCreationTimestamp"}) {
      if (input.has(name))
        return invalidArgument(fmt::format("NextToken and {} cannot be provided together.", name));
    }
    const auto life = call.fault == Fault::kExpiredToken ? std::chrono::milliseconds(-1) : options_.tokenLife;
    auto resumed = resume(pageTokens_.open(*token), call.now, life, *token);
    if (!resumed) return refuse(resumed.error());
    query = std::move(*resumed);
  } else {
    auto choice = choiceOf(input, call.now);
    if (!choice) return refuse(choice.error());
    query.choice = std::move(*choice);
    const auto stream = streamOf(input);
    if (!stream) return refuse(stream.error());
    query.stream = (*stream)->name;
    query.incarnation = (*stream)->incarnation;
    if (const auto start = input.textOf("ExclusiveStartShardId")) {
      const auto index = parseShardId(*start);
      if (!index) return invalidArgument(fmt::format("Invalid ExclusiveStartShardId {}.", *start));
      query.next = std::int64_t{*index} + 1;
    }
  }
  const FakeStream* stream = store_.find(query.stream);
  if (stream == nullptr || stream->incarnation != query.incarnation)
    return refuse(store_.streamNotFound(query.stream));
  if (const auto created = input.timeOf("StreamCreationTimestamp");
      created && std::chrono::floor<std::chrono::seconds>(*created) !=
                     std::chrono::floor<std::chrono::seconds>(stream->created)) {
    return refuse(store_.streamNotFound(query.stream));
  }

  const std::int64_t most =
      std::min(input.integerOf("MaxResults").value_or(kShardsPerPageMax), kShardsPerPageMax);
  const auto known = static_cast<std::int64_t>(stream->shards.size()) -
                     (call.fault == Fault::kStaleList && stream->shards.size() > 1 ? 1 : 0);
  std::int64_t listed = 0;
  bool more = false;
  call.out.beginMap();
  call.out.key("Shards");
  call.out.beginList();
  for (std::int64_t i = query.next; i < known && !more; ++i) {
    const FakeShard* shard = stream->shard(static_cast<std::uint32_t>(i), call.now);
    if (shard == nullptr || !query.choice.admits(*shard, *stream, call.now)) continue;
    if (listed == most) {
      more = true;
      query.next = i;
    } else {
      writeShard(call.out, *shard);
      ++listed;
    }
  }
  call.out.endList();
  if (more) call.out.member("NextToken", pageTokens_.seal(describe(query, call.now), kTokenBytes));
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::splitShard(KinesisCall& call) {
  const auto stream = streamOf(call.input);
  if (!stream) return refuse(stream.error());
  return store_.split(**stream, *call.input.textOf("ShardToSplit"), *call.input.textOf("NewStartingHashKey"),
                      call.now);
}

Outcome<void> FakeKinesis::mergeShards(KinesisCall& call) {
  const auto stream = streamOf(call.input);
  if (!stream) return refuse(stream.error());
  return store_.merge(**stream, *call.input.textOf("ShardToMerge"),
                      *call.input.textOf("AdjacentShardToMerge"), call.now);
}

}  // namespace tidemill::fake

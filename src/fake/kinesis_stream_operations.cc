// Operations on whole streams: create, delete, describe, list, retention.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "fake/fake_kinesis.h"

namespace tidemill::fake {
namespace {

constexpr int kOnDemandShards = 4;
constexpr std::int64_t kStreamsPerPage = 100;
constexpr std::size_t kListTokenBytes = 264;

void writeMode(Output& out, const FakeStream& stream) {
  out.key("StreamModeDetails");
  out.beginMap();
  out.member("StreamMode", stream.onDemand ? "ON_DEMAND" : "PROVISIONED");
  out.endMap();
}

// What both descriptions of a stream share.
void writeCommon(Output& out, const FakeStream& stream) {
  out.member("StreamName", stream.name);
  out.member("StreamARN", stream.arn);
  out.member("StreamStatus", statusName(stream.status));
  writeMode(out, stream);
  out.member("RetentionPeriodHours", stream.retentionHours);
  out.member("StreamCreationTimestamp", stream.created);
  out.key("EnhancedMonitoring");
  out.beginList();
  out.beginMap();
  out.key("ShardLevelMetrics");
  out.beginList();
  out.endList();
  out.endMap();
  out.endList();
  out.member("EncryptionType", "NONE");
}

}  // namespace

Outcome<void> FakeKinesis::createStream(KinesisCall& call) {
  const InputValue* mode = call.input.find("StreamModeDetails");
  const auto count = call.input.integerOf("ShardCount");
  const bool onDemand = mode != nullptr ? mode->textOf("StreamMode") == "ON_DEMAND" : !count;
  if (onDemand && count) {
    return refuse("ValidationException", "ShardCount must not be specified for a stream in ON_DEMAND mode.");
  }
  if (!onDemand && !count) {
    return refuse("ValidationException", "ShardCount must be specified for a stream in PROVISIONED mode.");
  }
  if (call.input.textOf("RecordDistributionStrategy") == "AUTO") {
    return refuse("ValidationException", "RecordDistributionStrategy AUTO is not known to this fake.");
  }
  NewStream wanted;
  wanted.name = *call.input.textOf("StreamName");
  // More than an int's worth is over the account's limit in any case.
  wanted.shards = static_cast<int>(std::min<std::int64_t>(count.value_or(kOnDemandShards), 1'000'000));
  wanted.onDemand = onDemand;
  wanted.recordKiBMax = static_cast<int>(call.input.integerOf("MaxRecordSizeInKiB").value_or(1024));
  return store_.create(wanted, call.now);
}

Outcome<void> FakeKinesis::deleteStream(KinesisCall& call) {
  const auto stream = streamOf(call.input);
  if (!stream) return refuse(stream.error());
  return store_.remove(**stream, call.now);
}

Outcome<void> FakeKinesis::describeStream(KinesisCall& call) {
  const auto found = streamOf(call.input);
  if (!found) return refuse(found.error());
  const FakeStream& stream = **found;
  std::size_t next = 0;
  if (const auto start = call.input.textOf("ExclusiveStartShardId")) {
    const auto index = parseShardId(*start);
    if (!index) return refuse(store_.shardNotFound(*start, stream.name));
    next = std::size_t{*index} + 1;
  }
  const auto most = call.input.integerOf("Limit").value_or(100);
  std::int64_t listed = 0;
  bool more = false;
  call.out.beginMap();
  call.out.key("StreamDescription");
  call.out.beginMap();
  writeCommon(call.out, stream);
  call.out.key("KeyId");
  call.out.null();
  call.out.key("Shards");
  call.out.beginList();
  for (; next < stream.shards.size() && !more; ++next) {
    const FakeShard* shard = stream.shard(static_cast<std::uint32_t>(next), call.now);
    if (shard == nullptr) continue;
    more = listed == most;
    if (!more) writeShard(call.out, *shard);
    ++listed;
  }
  call.out.endList();
  call.out.member("HasMoreShards", more);
  call.out.endMap();
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::describeStreamSummary(KinesisCall& call) {
  const auto stream = streamOf(call.input);
  if (!stream) return refuse(stream.error());
  call.out.beginMap();
  call.out.key("StreamDescriptionSummary");
  call.out.beginMap();
  writeCommon(call.out, **stream);
  call.out.member("OpenShardCount", (*stream)->openShards());
  call.out.member("ConsumerCount", 0);
  call.out.member("MaxRecordSizeInKiB", (*stream)->recordKiBMax);
  call.out.endMap();
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::describeLimits(KinesisCall& call) {
  const auto& streams = store_.streams();
  const auto onDemand =
      std::count_if(streams.begin(), streams.end(), [](const auto& s) { return s.second->onDemand; });
  call.out.beginMap();
  call.out.member("ShardLimit", options_.shardLimit);
  call.out.member("OpenShardCount", store_.openShards());
  call.out.member("OnDemandStreamCount", static_cast<std::int64_t>(onDemand));
  call.out.member("OnDemandStreamCountLimit", 50);
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::listStreams(KinesisCall& call) {
  std::string after(call.input.textOf("ExclusiveStartStreamName").value_or(""));
  if (const auto token = call.input.textOf("NextToken")) {
    const auto payload = pageTokens_.open(*token);
    const auto parts = base::split(payload ? std::string_view(*payload) : std::string_view(), '/');
    if (parts.size() != 3 || parts[2] != "streams") return invalidArgument("NextToken is not valid.");
    const rt::WallTime issued{std::chrono::milliseconds(base::parseInteger(parts[0]).value_or(0))};
    if (call.now - issued > options_.tokenLife) {
      return refuse("ExpiredNextTokenException", fmt::format("NextToken {} has expired.", *token));
    }
    after = parts[1];
  }
  const auto most = static_cast<std::size_t>(call.input.integerOf("Limit").value_or(kStreamsPerPage));
  const auto& streams = store_.streams();
  std::vector<const FakeStream*> page;
  auto at = streams.upper_bound(after);
  for (; at != streams.end() && page.size() < most; ++at) page.push_back(at->second.get());
  const bool more = at != streams.end();

  call.out.beginMap();
  call.out.key("StreamNames");
  call.out.beginList();
  for (const FakeStream* stream : page) call.out.text(stream->name);
  call.out.endList();
  call.out.key("StreamSummaries");
  call.out.beginList();
  for (const FakeStream* stream : page) {
    call.out.beginMap();
    call.out.member("StreamName", stream->name);
    call.out.member("StreamARN", stream->arn);
    call.out.member("StreamStatus", statusName(stream->status));
    writeMode(call.out, *stream);
    call.out.member("StreamCreationTimestamp", stream->created);
    call.out.endMap();
  }
  call.out.endList();
  call.out.member("HasMoreStreams", more);
  if (more) {
    const std::string payload =
        fmt::format("{}/{}/streams", call.now.time_since_epoch().count(), page.back()->name);
    call.out.member("NextToken", pageTokens_.seal(payload, kListTokenBytes));
  }
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::changeRetention(KinesisCall& call) {
  const auto found = usableStreamOf(call.input);
  if (!found) return refuse(found.error());
  FakeStream& stream = **found;
  const auto hours = *call.input.integerOf("RetentionPeriodHours");
  const bool increase = call.operation == "IncreaseStreamRetentionPeriod";
  if (hours < 24) {
    return invalidArgument(
        fmt::format("Minimum allowed retention period is 24 hours. Requested retention period ({} "
                    "hours) is too short.",
                    hours));
  }
  if (increase ? hours < stream.retentionHours : hours > stream.retentionHours) {
    return invalidArgument(
        fmt::format("Requested retention period ({} hours) for stream {} can not be {} than existing "
                    "retention period ({} hours). Use {}RetentionPeriod API.",
                    hours, stream.name, increase ? "shorter" : "longer", stream.retentionHours,
                    increase ? "Decrease" : "Increase"));
  }
  if (stream.status != StreamStatus::kActive) {
    return refuse("ResourceInUseException",
                  fmt::format("Stream {} under account {} not ACTIVE, instead in state {}", stream.name,
                              options_.accountId, statusName(stream.status)));
  }
  stream.retentionHours = static_cast<int>(hours);
  return {};
}

}  // namespace tidemill::fake

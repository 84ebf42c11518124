// PutRecord and PutRecords.
#include <fmt/format.h>

#include "fake/fake_kinesis.h"

namespace tidemill::fake {
namespace {

// Of one call, partition keys included.
constexpr std::size_t kCallBytesMax = 10u << 20;

}  // namespace

struct FakeKinesis::PutTarget {
  FakeShard* shard = nullptr;
  std::string partitionKey;
  std::size_t bytes = 0;
};

Outcome<FakeKinesis::PutTarget> FakeKinesis::putTarget(const FakeStream& stream, const InputValue& entry) {
  // PutRecord takes records without one, and the service then spreads them over the shards.
  const auto given = entry.textOf("PartitionKey");
  std::string partitionKey = given ? std::string(*given) : random_.uuid();
  HashKey key = 0;
  if (const auto text = entry.textOf("ExplicitHashKey")) {
    const auto parsed = parseHashKey(*text);
    if (!parsed) {
      return invalidArgument(
          fmt::format("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                      "Specified value was {}",
                      *text));
    }
    key = *parsed;
  } else {
    key = hashPartitionKey(partitionKey);
  }
  const std::size_t bytes = entry.textOf("Data")->size() + partitionKey.size();
  const auto most = static_cast<std::size_t>(stream.recordKiBMax) * 1024;
  if (bytes > most) {
    return invalidArgument(
        fmt::format("Record of {} bytes, partition key included, is larger than the maximum of {} "
                    "bytes of stream {} under account {}.",
                    bytes, most, stream.name, options_.accountId));
  }
  return PutTarget{&stream.route(key), std::move(partitionKey), bytes};
}

Outcome<std::string> FakeKinesis::putOne(FakeStream& stream, const PutTarget& target, const InputValue& entry,
                                         rt::WallTime now) {
  if (options_.limits) {
    ShardLimits& limits = limitsOf(stream, *target.shard);
    const auto bytes = static_cast<std::int64_t>(target.bytes);
    const bool bytesFit = limits.writeBytes.allows(bytes, now);
    if (!limits.writeRecords.allows(1, now) || !bytesFit) return refuse(rateExceeded(stream, *target.shard));
    limits.writeBytes.take(bytes);
    limits.writeRecords.take(1);
  }
  return store_.put(*target.shard, target.partitionKey, *entry.textOf("Data"), now);
}

Outcome<void> FakeKinesis::putRecord(KinesisCall& call) {
  const auto stream = usableStreamOf(call.input);
  if (!stream) return refuse(stream.error());
  const auto target = putTarget(**stream, call.input);
  if (!target) return refuse(target.error());
  call.stream = (*stream)->name;
  call.shard = target->shard->id();
  if (const auto ordering = call.input.textOf("SequenceNumberForOrdering")) {
    const auto parsed = parseSequence(*ordering);
    const auto second = std::chrono::floor<std::chrono::seconds>(call.now).time_since_epoch().count();
    const bool ours = parsed && parsed->brief == options_.briefSequenceNumbers;
    if (!ours || parsed->recordSecond > second) {
      return invalidArgument(
          fmt::format("ExclusiveMinimumSequenceNumber {} used in PutRecord on stream {} under account "
                      "{} is invalid.",
                      *ordering, (*stream)->name, options_.accountId));
    }
  }
  if (call.input.isTrue("DryRun")) return dryRun();
  const auto sequence = putOne(**stream, *target, call.input, call.now);
  if (!sequence) return refuse(sequence.error());
  call.out.beginMap();
  call.out.member("ShardId", target->shard->id());
  call.out.member("SequenceNumber", *sequence);
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::putRecords(KinesisCall& call) {
  const auto stream = usableStreamOf(call.input);
  if (!stream) return refuse(stream.error());
  const auto& entries = call.input.find("Records")->items;
  // Whatever is wrong with one entry refuses the whole call, before anything is stored.
  std::vector<PutTarget> targets;
  std::size_t bytes = 0;
  for (const auto& entry : entries) {
    auto target = putTarget(**stream, entry);
    if (!target) return refuse(target.error());
    bytes += target->bytes;
    targets.push_back(std::move(*target));
  }
  if (bytes > kCallBytesMax) return invalidArgument("Records size exceeds 10 MB limit");
  if (call.input.isTrue("DryRun")) return dryRun();

  std::int64_t failed = 0;
  call.out.beginMap();
  call.out.key("Records");
  call.out.beginList();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool planned = call.fault == Fault::kPartlyFailed && random_.chance(1, 4);
    Outcome<std::string> sequence =
        planned ? Outcome<std::string>(refuse("InternalFailure", "Internal Service Failure"))
                : putOne(**stream, targets[i], entries[i], call.now);
    call.out.beginMap();
    if (sequence) {
      call.out.member("SequenceNumber", *sequence);
      call.out.member("ShardId", targets[i].shard->id());
    } else {
      ++failed;
      call.out.member("ErrorCode", sequence.error().type);
      call.out.member("ErrorMessage", sequence.error().message);
    }
    call.out.endMap();
  }
  call.out.endList();
  call.out.member("FailedRecordCount", failed);
  call.out.endMap();
  return {};
}

}  // namespace tidemill::fake

// GetShardIterator and GetRecords.
#include <fmt/format.h>

#include "fake/fake_kinesis.h"

namespace tidemill::fake {
namespace {

constexpr std::size_t kPageBytesMax = 10u << 20;
constexpr std::int64_t kPageRecordsMax = 10'000;

ServiceError noSuchShard(std::uint32_t shard, std::string_view stream, std::string_view account) {
  return {"ResourceNotFoundException", fmt::format("Shard {} in stream {} under account {} does not exist",
                                                   formatShardId(shard), stream, account)};
}

bool startsAtNumber(std::string_view type) {
  return type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER";
}

// The refusals that concern only which members come together.
Outcome<void> checkPosition(const InputValue& input, rt::WallTime now) {
  const std::string_view type = *input.textOf("ShardIteratorType");
  const bool number = input.has("StartingSequenceNumber");
  if (type == "AT_TIMESTAMP") {
    const auto time = input.timeOf("Timestamp");
    if (number) {
      return invalidArgument(
          "Must either specify (1) AT_TIMESTAMP and Timestamp or (2) another type and no Timestamp. Request "
          "specified "
          "AT_TIMESTAMP and also a StartingSequenceNumber.");
    }
    if (!time) {
      return invalidArgument(
          "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current "
          "request has no timestamp parameter.");
    }
    if (*time > now) {
      return invalidArgument(
          fmt::format("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                      "timestampInMillis: {}, currentTimestampInMillis: {}",
                      time->time_since_epoch().count(), now.time_since_epoch().count()));
    }
    return {};
  }
  if (startsAtNumber(type) == number) return {};
  return invalidArgument(fmt::format(
      "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
      "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and {} "
      "StartingSequenceNumber.",
      type, number ? "also a" : "no"));
}

// The counter that StartingSequenceNumber holds, if it is one of this shard's.
Outcome<std::uint64_t> counterOf(std::string_view number, const FakeShard& shard, std::string_view stream,
                                 std::string_view account) {
  if (number == "0") return internalFailure();
  const auto parsed = parseSequence(number);
  const std::string used = fmt::format(
      "StartingSequenceNumber {} used in GetShardIterator on shard {} in stream {} "
      "under account {} is invalid",
      number, shard.id(), stream, account);
  if (!parsed || parsed->brief != shard.briefNumbers) return invalidArgument(used + ".");
  if (parsed->shardIndex != shard.index) {
    return invalidArgument(
        fmt::format("Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to a "
                    "shard with {}",
                    formatShardId(parsed->shardIndex), shard.id()));
  }
  if (parsed->shardSecond != shard.second) {
    return invalidArgument(used + " because it did not come from this stream.");
  }
  return parsed->counter;
}

Outcome<std::uint64_t> startingCounter(const InputValue& input, const FakeShard& shard,
                                       std::string_view stream, std::string_view account) {
  const std::string_view type = *input.textOf("ShardIteratorType");
  if (type == "TRIM_HORIZON") return std::uint64_t{0};
  if (type == "LATEST") return shard.nextCounter;
  if (type == "AT_TIMESTAMP") {
    const std::uint64_t position = shard.log.positionOfTime(*input.timeOf("Timestamp"));
    return position == shard.log.end() ? shard.nextCounter : shard.log.at(position).sequence.counter;
  }
  auto counter = counterOf(*input.textOf("StartingSequenceNumber"), shard, stream, account);
  if (counter && type == "AFTER_SEQUENCE_NUMBER" && *counter < kCounterEnd) ++*counter;
  return counter;
}

// What one GetRecords call answers with.
struct Page {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::size_t bytes = 0;
};

Page choosePage(const ShardLog& log, std::uint64_t counter, std::int64_t limit) {
  Page page;
  page.from = page.to = log.positionOfCounter(counter);
  while (page.to < log.end() && page.to - page.from < static_cast<std::uint64_t>(limit)) {
    const std::size_t size = log.sizeAt(page.to);
    if (page.bytes + size > kPageBytesMax && page.to > page.from) break;
    page.bytes += size;
    ++page.to;
  }
  return page;
}

void writeChildren(Output& out, const FakeStream& stream, const FakeShard& shard) {
  out.key("ChildShards");
  out.beginList();
  for (const FakeShard* child : stream.childrenOf(shard.index)) {
    out.beginMap();
    out.member("ShardId", child->id());
    out.key("ParentShards");
    out.beginList();
    for (const auto& parent : {child->parent, child->adjacentParent}) {
      if (parent) out.text(formatShardId(*parent));
    }
    out.endList();
    out.key("HashKeyRange");
    out.beginMap();
    out.member("StartingHashKey", formatHashKey(child->startingHashKey));
    out.member("EndingHashKey", formatHashKey(child->endingHashKey));
    out.endMap();
    out.endMap();
  }
  out.endList();
}

void writeRecord(Output& out, const StoredRecord& record) {
  out.beginMap();
  out.member("SequenceNumber", record.sequenceNumber());
  out.member("ApproximateArrivalTimestamp", record.arrival);
  out.key("Data");
  out.bytes(record.data);
  out.member("PartitionKey", record.partitionKey);
  out.endMap();
}

// The stored records are CBOR already, so a page is a frame around copied bytes.
std::shared_ptr<const codec::Body> frameCbor(const ShardLog& log, const Page& page,
                                             std::string_view members) {
  codec::CborWriter head;
  head.beginMap();
  head.text("Records");
  head.beginArray();
  auto body = std::make_shared<codec::Body>();
  body->reserve(head.buffer().size() + log.encodedBytes(page.from, page.to) + members.size() + 1);
  body->append(head.buffer());
  log.appendEncoded(*body, page.from, page.to);
  body->append("\xff");
  // `members` is a map of its own; its first byte opens it, and its last closes ours.
  body->append(members.substr(1));
  return body;
}

std::shared_ptr<const codec::Body> frameJson(const ShardLog& log, const Page& page,
                                             std::string_view members) {
  Output records(Wire::kJson);
  records.reserve((log.encodedBytes(page.from, page.to) + 64) / 3 * 4);
  records.beginList();
  for (std::uint64_t i = page.from; i < page.to; ++i) writeRecord(records, log.at(i));
  records.endList();
  const std::string list = records.take();
  auto body = std::make_shared<codec::Body>();
  body->reserve(list.size() + members.size() + 16);
  body->append("{\"Records\":");
  body->append(list);
  body->append(",");
  body->append(members.substr(1));
  return body;
}

}  // namespace

Outcome<void> FakeKinesis::getShardIterator(KinesisCall& call) {
  const std::string_view text = *call.input.textOf("ShardId");
  const auto index = parseShardId(text);
  const auto arn = call.input.textOf("StreamARN");
  const std::string name(
      call.input.textOf("StreamName").value_or(arn ? arn->substr(arn->find('/') + 1) : ""));
  if (!index && !name.empty()) return refuse(store_.shardNotFound(text, name));
  const auto stream = usableStreamOf(call.input);
  if (!stream && stream.error().type == "ResourceNotFoundException") {
    return refuse(noSuchShard(*index, name, options_.accountId));
  }
  if (!stream) return refuse(stream.error());
  FakeShard* shard = (*stream)->shard(*index, call.now);
  if (shard == nullptr) return refuse(noSuchShard(*index, name, options_.accountId));
  call.stream = name;
  call.shard = shard->id();

  if (auto position = checkPosition(call.input, call.now); !position) return position;
  const auto counter = startingCounter(call.input, *shard, name, options_.accountId);
  if (!counter) return refuse(counter.error());
  if (call.input.isTrue("DryRun")) return dryRun();
  if (options_.limits) {
    RateLimit& limit = limitsOf(**stream, *shard).iterators;
    if (!limit.allows(1, call.now)) return refuse(rateExceeded(**stream, *shard));
    limit.take(1);
  }
  const ShardCursor cursor{name, (*stream)->incarnation, shard->index, *counter};
  call.out.beginMap();
  call.out.member("ShardIterator", iterators_.issue(cursor, call.now));
  call.out.endMap();
  return {};
}

Outcome<void> FakeKinesis::getRecords(KinesisCall& call) {
  const auto opened = iterators_.open(*call.input.textOf("ShardIterator"), call.now);
  if (!opened) return refuse(opened.error());
  ShardCursor cursor = *opened;
  call.stream = cursor.stream;
  call.shard = formatShardId(cursor.shard);
  FakeStream* stream = store_.find(cursor.stream);
  if (stream == nullptr) return refuse(noSuchShard(cursor.shard, cursor.stream, options_.accountId));
  if (stream->incarnation != cursor.incarnation) return internalFailure();
  const FakeShard* shard = stream->shard(cursor.shard, call.now);
  if (shard == nullptr) return refuse(noSuchShard(cursor.shard, cursor.stream, options_.accountId));
  if (const auto arn = call.input.textOf("StreamARN"); arn && *arn != stream->arn) {
    return invalidArgument(fmt::format("StreamARN {} is not the stream of the ShardIterator.", *arn));
  }
  if (call.input.isTrue("DryRun")) return dryRun();
  if (call.fault == Fault::kExpiredIterator) {
    const auto life = options_.iteratorLife;
    return refuse(expiredIterator(call.now - life - std::chrono::seconds(1), call.now, life));
  }
  ShardLimits* limits = options_.limits ? &limitsOf(*stream, *shard) : nullptr;
  if (limits != nullptr) {
    const bool bytesLeft = limits->readBytes.allows(1, call.now);
    if (!limits->reads.allows(1, call.now) || !bytesLeft) return refuse(rateExceeded(*stream, *shard));
    limits->reads.take(1);
  }

  std::int64_t limit = call.input.integerOf("Limit").value_or(kPageRecordsMax);
  if (call.fault == Fault::kEmptyPage) limit = 0;
  if (call.fault == Fault::kShortPage) limit = std::min<std::int64_t>(limit, 1);
  const ShardLog& log = shard->log;
  const Page page = choosePage(log, cursor.counter, limit);
  if (limits != nullptr) limits->readBytes.take(static_cast<std::int64_t>(page.bytes));
  if (page.to > page.from) cursor.counter = log.at(page.to - 1).sequence.counter + 1;
  // The end is told with the last records or by an empty page after them; clients must know both.
  const bool atEnd = page.to == log.end() && !shard->open();
  const bool ended = atEnd && (page.to == page.from || random_.chance(1, 2));

  Output members(call.out.wire());
  members.beginMap();
  members.key("NextShardIterator");
  const bool bare = call.fault == Fault::kBareEnd && shard->open();
  if (bare) ++calls_.bareEnds;
  if (ended || bare) {
    members.null();
  } else {
    members.text(iterators_.issue(cursor, call.now));
  }
  const auto behind = page.to == log.end()
                          ? std::chrono::milliseconds(0)
                          : std::max(call.now - log.at(page.to).arrival, std::chrono::milliseconds(1));
  members.member("MillisBehindLatest", static_cast<std::int64_t>(behind.count()));
  if (ended) writeChildren(members, *stream, *shard);
  members.endMap();
  const std::string rest = members.take();
  call.body = call.out.wire() == Wire::kCbor ? frameCbor(log, page, rest) : frameJson(log, page, rest);
  return {};
}

}  // namespace tidemill::fake

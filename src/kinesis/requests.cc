#include "kinesis/requests.h"

#include <initializer_list>
#include <utility>

#include "codec/cbor_writer.h"
#include "codec/json_writer.h"

namespace tidemill::kinesis {
namespace {

// A page of records holds 10 MiB of payload; base64, keys and a single record of 10 MiB on top stay below.
constexpr std::size_t kRecordsAnswerMax = 64u << 20;
// A page of 1,000 shards and a token of up to 1 MiB.
constexpr std::size_t kControlAnswerMax = 8u << 20;

aws::Operation jsonOperation(std::string name, std::string body) {
  aws::Operation operation;
  operation.name = std::move(name);
  operation.contentType = kJsonType;
  operation.body = std::move(body);
  operation.answerBytesMax = kControlAnswerMax;
  return operation;
}

using TextMember = std::pair<std::string_view, std::string_view>;

std::string objectOfTexts(std::initializer_list<TextMember> members) {
  codec::JsonWriter json;
  json.beginObject();
  for (const auto& [name, value] : members) {
    json.key(name);
    json.text(value);
  }
  json.endObject();
  return json.take();
}

std::int64_t epochMilliseconds(rt::WallTime time) {
  return time.time_since_epoch().count();
}

std::string putRecordsCbor(const std::string& stream, const std::vector<PutEntry>& entries) {
  codec::CborWriter cbor;
  cbor.beginMap();
  cbor.text("StreamName");
  cbor.text(stream);
  cbor.text("Records");
  cbor.beginArray();
  for (const PutEntry& entry : entries) {
    cbor.beginMap();
    cbor.text("Data");
    cbor.bytes(entry.data);
    cbor.text("PartitionKey");
    cbor.text(entry.partitionKey);
    if (entry.explicitHashKey) {
      cbor.text("ExplicitHashKey");
      cbor.text(*entry.explicitHashKey);
    }
    cbor.end();
  }
  cbor.end();
  cbor.end();
  return cbor.take();
}

std::string putRecordsJson(const std::string& stream, const std::vector<PutEntry>& entries) {
  codec::JsonWriter json;
  json.beginObject();
  json.key("StreamName");
  json.text(stream);
  json.key("Records");
  json.beginArray();
  for (const PutEntry& entry : entries) {
    json.beginObject();
    json.key("Data");
    json.blob(entry.data);
    json.key("PartitionKey");
    json.text(entry.partitionKey);
    if (entry.explicitHashKey) {
      json.key("ExplicitHashKey");
      json.text(*entry.explicitHashKey);
    }
    json.endObject();
  }
  json.endArray();
  json.endObject();
  return json.take();
}

}  // namespace

aws::Operation listShardsRequest(const std::string& stream, const std::optional<std::string>& nextToken) {
  // The service refuses a name beside a token.
  if (nextToken) return jsonOperation("ListShards", objectOfTexts({{"NextToken", *nextToken}}));
  return jsonOperation("ListShards", objectOfTexts({{"StreamName", stream}}));
}

aws::Operation describeStreamSummaryRequest(const std::string& stream) {
  return jsonOperation("DescribeStreamSummary", objectOfTexts({{"StreamName", stream}}));
}

aws::Operation getShardIteratorRequest(const std::string& stream, const std::string& shardId,
                                       const IteratorPosition& position) {
  using Type = IteratorPosition::Type;
  codec::JsonWriter json;
  json.beginObject();
  json.key("StreamName");
  json.text(stream);
  json.key("ShardId");
  json.text(shardId);
  json.key("ShardIteratorType");
  json.text(iteratorTypeName(position.type));
  if (position.type == Type::kAtSequenceNumber || position.type == Type::kAfterSequenceNumber) {
    json.key("StartingSequenceNumber");
    json.text(position.sequenceNumber);
  }
  if (position.type == Type::kAtTimestamp) {
    json.key("Timestamp");
    json.timestamp(epochMilliseconds(position.timestamp));
  }
  json.endObject();
  return jsonOperation("GetShardIterator", json.take());
}

aws::Operation getRecordsRequest(const std::string& iterator, int limit, bool cbor) {
  aws::Operation operation;
  operation.name = "GetRecords";
  operation.retried = false;
  operation.answerBytesMax = kRecordsAnswerMax;
  operation.contentType = cbor ? kCborType : kJsonType;
  if (cbor) {
    codec::CborWriter writer;
    writer.beginMap();
    writer.text("ShardIterator");
    writer.text(iterator);
    writer.text("Limit");
    writer.integer(limit);
    writer.end();
    operation.body = writer.take();
  } else {
    codec::JsonWriter writer;
    writer.beginObject();
    writer.key("ShardIterator");
    writer.text(iterator);
    writer.key("Limit");
    writer.integer(limit);
    writer.endObject();
    operation.body = writer.take();
  }
  return operation;
}

aws::Operation putRecordsRequest(const std::string& stream, const std::vector<PutEntry>& entries, bool cbor) {
  aws::Operation operation =
      jsonOperation("PutRecords", cbor ? putRecordsCbor(stream, entries) : putRecordsJson(stream, entries));
  if (cbor) operation.contentType = kCborType;
  return operation;
}

aws::Operation createStreamRequest(const std::string& stream, int shards) {
  codec::JsonWriter json;
  json.beginObject();
  json.key("StreamName");
  json.text(stream);
  json.key("ShardCount");
  json.integer(shards);
  json.endObject();
  return jsonOperation("CreateStream", json.take());
}

aws::Operation deleteStreamRequest(const std::string& stream) {
  codec::JsonWriter json;
  json.beginObject();
  json.key("StreamName");
  json.text(stream);
  // Registered consumers would make the service refuse.
  json.key("EnforceConsumerDeletion");
  json.boolean(true);
  json.endObject();
  return jsonOperation("DeleteStream", json.take());
}

aws::Operation splitShardRequest(const std::string& stream, const std::string& shardId,
                                 const std::string& newStartingHashKey) {
  return jsonOperation("SplitShard", objectOfTexts({{"StreamName", stream},
                                                    {"ShardToSplit", shardId},
                                                    {"NewStartingHashKey", newStartingHashKey}}));
}

aws::Operation mergeShardsRequest(const std::string& stream, const std::string& shardId,
                                  const std::string& adjacentShardId) {
  return jsonOperation("MergeShards", objectOfTexts({{"StreamName", stream},
                                                     {"ShardToMerge", shardId},
                                                     {"AdjacentShardToMerge", adjacentShardId}}));
}

}  // namespace tidemill::kinesis

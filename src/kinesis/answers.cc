#include "kinesis/answers.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "aws/answer_reader.h"
#include "codec/cbor_value.h"
#include "codec/shard_id.h"
#include "tidemill/sequence_number.h"

namespace tidemill::kinesis {
namespace {

namespace json = boost::json;

using aws::AnswerReader;
using aws::badAnswer;

constexpr std::size_t kDepthMax = 16;

Result<json::object> readObject(std::string_view body) {
  return aws::readAnswerObject(body, kDepthMax);
}

std::optional<std::string> problemOf(const Shard& shard) {
  if (!codec::isShardId(shard.shardId)) return "ShardId that is not one";
  if (!shard.parentShardId.empty() && !codec::isShardId(shard.parentShardId))
    return "ParentShardId that is not one";
  if (!shard.adjacentParentShardId.empty() && !codec::isShardId(shard.adjacentParentShardId)) {
    return "AdjacentParentShardId that is not one";
  }
  if (!isSequenceNumber(shard.startingSequenceNumber)) return "StartingSequenceNumber that is not one";
  if (!shard.open() && !isSequenceNumber(shard.endingSequenceNumber))
    return "EndingSequenceNumber that is not one";
  return std::nullopt;
}

Result<Shard> readShard(const json::value& value) {
  if (!value.is_object()) return fail(badAnswer("has a shard that is not an object"));
  AnswerReader reader(value.get_object());
  Shard shard;
  shard.shardId = reader.text("ShardId");
  shard.parentShardId = reader.textIfThere("ParentShardId");
  shard.adjacentParentShardId = reader.textIfThere("AdjacentParentShardId");
  AnswerReader hashKeys(reader.object("HashKeyRange"));
  shard.startingHashKey = hashKeys.text("StartingHashKey");
  shard.endingHashKey = hashKeys.text("EndingHashKey");
  AnswerReader numbers(reader.object("SequenceNumberRange"));
  shard.startingSequenceNumber = numbers.text("StartingSequenceNumber");
  shard.endingSequenceNumber = numbers.textIfThere("EndingSequenceNumber");
  for (const AnswerReader* part : {&reader, &hashKeys, &numbers}) {
    if (part->problem()) return fail(badAnswer(fmt::format("has a shard that {}", *part->problem())));
  }
  if (const auto problem = problemOf(shard)) return fail(badAnswer(fmt::format("has a {}", *problem)));
  return shard;
}

Error wrongCount(std::size_t got, std::size_t wanted) {
  return badAnswer(fmt::format("has {} outcomes for {} records", got, wanted));
}

// Every outcome says where its record went, or why not.
bool complete(const PutOutcome& outcome) {
  if (!outcome.errorCode.empty()) return true;
  return codec::isShardId(outcome.shardId) && isSequenceNumber(outcome.sequenceNumber);
}

}  // namespace

Result<ListShardsPage> readListShards(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  AnswerReader reader(*object);
  ListShardsPage page;
  for (const json::value& value : reader.array("Shards")) {
    Result<Shard> shard = readShard(value);
    if (!shard) return fail(shard.error());
    page.shards.push_back(std::move(*shard));
  }
  std::string nextToken = reader.textIfThere("NextToken");
  if (!nextToken.empty()) page.nextToken = std::move(nextToken);
  if (reader.problem()) return fail(badAnswer(*reader.problem()));
  return page;
}

Result<StreamSummary> readStreamSummary(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  AnswerReader outer(*object);
  AnswerReader reader(outer.object("StreamDescriptionSummary"));
  StreamSummary summary;
  summary.streamName = reader.text("StreamName");
  summary.streamArn = reader.textIfThere("StreamARN");
  summary.status = reader.text("StreamStatus");
  summary.openShardCount = reader.integer("OpenShardCount", 0);
  summary.retentionPeriodHours = reader.integer("RetentionPeriodHours", 24);
  summary.created = reader.time("StreamCreationTimestamp");
  for (const AnswerReader* part : {&outer, &reader}) {
    if (part->problem()) return fail(badAnswer(*part->problem()));
  }
  return summary;
}

Result<std::string> readShardIterator(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  AnswerReader reader(*object);
  std::string iterator = reader.text("ShardIterator");
  if (reader.problem()) return fail(badAnswer(*reader.problem()));
  return iterator;
}

Result<std::vector<PutOutcome>> readPutRecordsJson(std::string_view body, std::size_t entries) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  AnswerReader reader(*object);
  std::vector<PutOutcome> outcomes;
  for (const json::value& value : reader.array("Records")) {
    if (!value.is_object()) return fail(badAnswer("has an outcome that is not an object"));
    AnswerReader one(value.get_object());
    outcomes.push_back({one.textIfThere("ShardId"), one.textIfThere("SequenceNumber"),
                        one.textIfThere("ErrorCode"), one.textIfThere("ErrorMessage")});
    if (one.problem()) return fail(badAnswer(fmt::format("has an outcome that {}", *one.problem())));
    if (!complete(outcomes.back()))
      return fail(badAnswer("has an outcome with neither a place nor an error"));
  }
  if (reader.problem()) return fail(badAnswer(*reader.problem()));
  if (outcomes.size() != entries) return fail(wrongCount(outcomes.size(), entries));
  return outcomes;
}

Result<std::vector<PutOutcome>> readPutRecordsCbor(std::string_view body, std::size_t entries) {
  const Result<codec::CborValue> answer = codec::parseCbor(body);
  if (!answer) return fail(answer.error());
  const codec::CborValue* records = answer->find("Records");
  if (records == nullptr || records->array() == nullptr) return fail(badAnswer("has no array Records"));
  std::vector<PutOutcome> outcomes;
  for (const codec::CborValue& record : *records->array()) {
    const auto text = [&](std::string_view name) {
      const codec::CborValue* value = record.find(name);
      return value == nullptr || value->text() == nullptr ? std::string() : *value->text();
    };
    outcomes.push_back({text("ShardId"), text("SequenceNumber"), text("ErrorCode"), text("ErrorMessage")});
    if (!complete(outcomes.back()))
      return fail(badAnswer("has an outcome with neither a place nor an error"));
  }
  if (outcomes.size() != entries) return fail(wrongCount(outcomes.size(), entries));
  return outcomes;
}

}  // namespace tidemill::kinesis

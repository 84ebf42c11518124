#include "kinesis/answers.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "base/text.h"
#include "codec/cbor_value.h"
#include "codec/shard_id.h"
#include "tidemill/sequence_number.h"

namespace tidemill::kinesis {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 16;

Error bad(std::string_view what) {
  return Error(Code::kMalformedResponse, fmt::format("the answer {}", what));
}

Result<json::object> readObject(std::string_view body) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code error;
  json::value value = json::parse({body.data(), body.size()}, error, {}, options);
  if (error) return fail(bad(fmt::format("is not JSON ({})", error.message())));
  if (!value.is_object()) return fail(bad("is not a JSON object"));
  return std::move(value.get_object());
}

// The member, or null if it is absent or null.
const json::value* find(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

// Collects the first problem, so that reading a structure stays linear.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view name) {
    const json::value* value = find(object_, name);
    if (value == nullptr) return missing(name);
    return textOf(*value, name);
  }
  std::string textIfThere(std::string_view name) {
    const json::value* value = find(object_, name);
    return value == nullptr ? std::string() : textOf(*value, name);
  }
  std::int64_t integer(std::string_view name, std::int64_t absent) {
    const json::value* value = find(object_, name);
    if (value == nullptr) return absent;
    if (value->is_int64()) return value->get_int64();
    note(name, "is not an integer");
    return absent;
  }
  // Epoch seconds with a fraction. A double holds today's milliseconds exactly once rounded.
  rt::WallTime time(std::string_view name) {
    const json::value* value = find(object_, name);
    if (value == nullptr) return {};
    const double seconds = value->is_double()  ? value->get_double()
                           : value->is_int64() ? static_cast<double>(value->get_int64())
                                               : -1;
    if (!(seconds >= 0 && seconds < 1e11)) {
      note(name, "is not a time");
      return {};
    }
    return rt::WallTime(std::chrono::milliseconds(std::llround(seconds * 1000)));
  }
  // An empty object if it is missing.
  const json::object& object(std::string_view name) {
    static const json::object kEmpty;
    const json::value* value = find(object_, name);
    if (value != nullptr && value->is_object()) return value->get_object();
    note(name, value == nullptr ? "is missing" : "is not an object");
    return kEmpty;
  }
  const json::array& array(std::string_view name) {
    static const json::array kEmpty;
    const json::value* value = find(object_, name);
    if (value != nullptr && value->is_array()) return value->get_array();
    note(name, value == nullptr ? "is missing" : "is not an array");
    return kEmpty;
  }

  void note(std::string_view name, std::string_view problem) {
    if (!problem_) problem_ = fmt::format("has a member {} that {}", name, problem);
  }
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  std::string missing(std::string_view name) {
    note(name, "is missing");
    return {};
  }
  std::string textOf(const json::value& value, std::string_view name) {
    if (value.is_string()) return std::string(value.get_string());
    note(name, "is not a text");
    return {};
  }

  const json::object& object_;
  std::optional<std::string> problem_;
};

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
  if (!value.is_object()) return fail(bad("has a shard that is not an object"));
  Reader reader(value.get_object());
  Shard shard;
  shard.shardId = reader.text("ShardId");
  shard.parentShardId = reader.textIfThere("ParentShardId");
  shard.adjacentParentShardId = reader.textIfThere("AdjacentParentShardId");
  Reader hashKeys(reader.object("HashKeyRange"));
  shard.startingHashKey = hashKeys.text("StartingHashKey");
  shard.endingHashKey = hashKeys.text("EndingHashKey");
  Reader numbers(reader.object("SequenceNumberRange"));
  shard.startingSequenceNumber = numbers.text("StartingSequenceNumber");
  shard.endingSequenceNumber = numbers.textIfThere("EndingSequenceNumber");
  for (const Reader* part : {&reader, &hashKeys, &numbers}) {
    if (part->problem()) return fail(bad(fmt::format("has a shard that {}", *part->problem())));
  }
  if (const auto problem = problemOf(shard)) return fail(bad(fmt::format("has a {}", *problem)));
  return shard;
}

Error wrongCount(std::size_t got, std::size_t wanted) {
  return bad(fmt::format("has {} outcomes for {} records", got, wanted));
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
  Reader reader(*object);
  ListShardsPage page;
  for (const json::value& value : reader.array("Shards")) {
    Result<Shard> shard = readShard(value);
    if (!shard) return fail(shard.error());
    page.shards.push_back(std::move(*shard));
  }
  std::string nextToken = reader.textIfThere("NextToken");
  if (!nextToken.empty()) page.nextToken = std::move(nextToken);
  if (reader.problem()) return fail(bad(*reader.problem()));
  return page;
}

Result<StreamSummary> readStreamSummary(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  Reader outer(*object);
  Reader reader(outer.object("StreamDescriptionSummary"));
  StreamSummary summary;
  summary.streamName = reader.text("StreamName");
  summary.streamArn = reader.textIfThere("StreamARN");
  summary.status = reader.text("StreamStatus");
  summary.openShardCount = reader.integer("OpenShardCount", 0);
  summary.retentionPeriodHours = reader.integer("RetentionPeriodHours", 24);
  summary.created = reader.time("StreamCreationTimestamp");
  for (const Reader* part : {&outer, &reader}) {
    if (part->problem()) return fail(bad(*part->problem()));
  }
  return summary;
}

Result<std::string> readShardIterator(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  Reader reader(*object);
  std::string iterator = reader.text("ShardIterator");
  if (reader.problem()) return fail(bad(*reader.problem()));
  return iterator;
}

Result<std::vector<PutOutcome>> readPutRecordsJson(std::string_view body, std::size_t entries) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  Reader reader(*object);
  std::vector<PutOutcome> outcomes;
  for (const json::value& value : reader.array("Records")) {
    if (!value.is_object()) return fail(bad("has an outcome that is not an object"));
    Reader one(value.get_object());
    outcomes.push_back({one.textIfThere("ShardId"), one.textIfThere("SequenceNumber"),
                        one.textIfThere("ErrorCode"), one.textIfThere("ErrorMessage")});
    if (one.problem()) return fail(bad(fmt::format("has an outcome that {}", *one.problem())));
    if (!complete(outcomes.back())) return fail(bad("has an outcome with neither a place nor an error"));
  }
  if (reader.problem()) return fail(bad(*reader.problem()));
  if (outcomes.size() != entries) return fail(wrongCount(outcomes.size(), entries));
  return outcomes;
}

Result<std::vector<PutOutcome>> readPutRecordsCbor(std::string_view body, std::size_t entries) {
  const Result<codec::CborValue> answer = codec::parseCbor(body);
  if (!answer) return fail(answer.error());
  const codec::CborValue* records = answer->find("Records");
  if (records == nullptr || records->array() == nullptr) return fail(bad("has no array Records"));
  std::vector<PutOutcome> outcomes;
  for (const codec::CborValue& record : *records->array()) {
    const auto text = [&](std::string_view name) {
      const codec::CborValue* value = record.find(name);
      return value == nullptr || value->text() == nullptr ? std::string() : *value->text();
    };
    outcomes.push_back({text("ShardId"), text("SequenceNumber"), text("ErrorCode"), text("ErrorMessage")});
    if (!complete(outcomes.back())) return fail(bad("has an outcome with neither a place nor an error"));
  }
  if (outcomes.size() != entries) return fail(wrongCount(outcomes.size(), entries));
  return outcomes;
}

}  // namespace tidemill::kinesis

#include "fake/kinesis_models.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace tidemill::fake {
namespace {

using Type = MemberRule::Type;

bool isName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

bool isNumber(std::string_view text, std::size_t digitsMax) {
  if (text.empty() || text.size() > digitsMax || (text[0] == '0' && text.size() > 1)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
bool isSequence(std::string_view text) {
  return isNumber(text, 129);
}
bool isHashKey(std::string_view text) {
  return isNumber(text, 39);
}

bool isStreamArn(std::string_view text) {
  const auto parts = base::split(text, ':');
  if (parts.size() != 6 || parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2] != "kinesis")
    return false;
  const bool account =
      parts[4].size() == 12 && parts[4].find_first_not_of("0123456789") == std::string_view::npos;
  return account && parts[5].starts_with("stream/") && parts[5].size() > 7 &&
         parts[5].find_first_of(" \t\r\n") == std::string_view::npos;
}

constexpr TextPattern kName{"[a-zA-Z0-9_.-]+", isName};
constexpr TextPattern kSequence{"^(0|([1-9]\\d{0,128}))$", isSequence};
constexpr TextPattern kHashKey{"^(0|([1-9]\\d{0,38}))$", isHashKey};
constexpr TextPattern kArn{"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+", isStreamArn};

MemberRule nameRule(std::string_view name, bool required = false) {
  return {.name = name, .required = required, .least = 1, .most = 128, .pattern = &kName};
}
MemberRule streamArn() {
  return {.name = "StreamARN", .least = 1, .most = 2048, .pattern = &kArn};
}
MemberRule integer(std::string_view name, std::int64_t least, std::int64_t most = INT64_MAX,
                   bool required = false) {
  return {.name = name, .type = Type::kInteger, .required = required, .least = least, .most = most};
}
MemberRule flag(std::string_view name) {
  return {.name = name, .type = Type::kBoolean};
}
MemberRule time(std::string_view name) {
  return {.name = name, .type = Type::kTime};
}
MemberRule token() {
  return {.name = "NextToken", .least = 1, .most = 1'048'576};
}
MemberRule number(std::string_view name, const TextPattern& pattern, bool required = false) {
  return {.name = name, .required = required, .pattern = &pattern};
}
MemberRule oneOf(std::string_view name, bool required, std::vector<std::string_view> values) {
  return {.name = name, .required = required, .values = std::move(values)};
}
MemberRule blob(std::string_view name) {
  return {.name = name, .type = Type::kBlob, .required = true, .most = 10'485'760};
}
MemberRule partitionKey(bool required) {
  return {.name = "PartitionKey", .required = required, .least = 1, .most = 256};
}

MemberRule shardFilter() {
  return {.name = "ShardFilter",
          .type = Type::kMap,
          .children = {oneOf("Type", true,
                             {"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST",
                              "AT_TIMESTAMP", "FROM_TIMESTAMP"}),
                       nameRule("ShardId"), time("Timestamp")}};
}

std::map<std::string_view, InputModel> makeModels() {
  const MemberRule name = nameRule("StreamName");
  std::map<std::string_view, InputModel> models;
  models["CreateStream"] = {
      nameRule("StreamName", true),
      integer("ShardCount", 1),
      integer("MaxRecordSizeInKiB", 1024, 10'240),
      integer("WarmThroughputMiBps", 0),
      oneOf("RecordDistributionStrategy", false, {"AUTO", "USER_PARTITION_KEY"}),
      MemberRule{.name = "StreamModeDetails",
                 .type = Type::kMap,
                 .children = {oneOf("StreamMode", true, {"PROVISIONED", "ON_DEMAND"})}}};
  models["DeleteStream"] = {name, streamArn(), flag("EnforceConsumerDeletion")};
  models["DescribeStream"] = {name, streamArn(), integer("Limit", 1, 10'000),
                              nameRule("ExclusiveStartShardId")};
  models["DescribeStreamSummary"] = {name, streamArn()};
  models["DescribeLimits"] = {};
  models["ListStreams"] = {integer("Limit", 1, 10'000), nameRule("ExclusiveStartStreamName"), token()};
  models["ListShards"] = {name,
                          streamArn(),
                          token(),
                          nameRule("ExclusiveStartShardId"),
                          integer("MaxResults", 1, 10'000),
                          time("StreamCreationTimestamp"),
                          shardFilter()};
  models["GetShardIterator"] = {
      name,
      streamArn(),
      nameRule("ShardId", true),
      oneOf("ShardIteratorType", true,
            {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"}),
      number("StartingSequenceNumber", kSequence),
      time("Timestamp"),
      flag("DryRun")};
  models["GetRecords"] = {MemberRule{.name = "ShardIterator", .required = true, .least = 1, .most = 512},
                          integer("Limit", 1, 10'000), streamArn(), flag("DryRun")};
  models["PutRecord"] = {name,
                         streamArn(),
                         blob("Data"),
                         partitionKey(false),
                         number("ExplicitHashKey", kHashKey),
                         number("SequenceNumberForOrdering", kSequence),
                         flag("DryRun")};
  models["PutRecords"] = {
      name, streamArn(), flag("DryRun"),
      MemberRule{.name = "Records",
                 .type = Type::kList,
                 .required = true,
                 .least = 1,
                 .most = 500,
                 .children = {blob("Data"), number("ExplicitHashKey", kHashKey), partitionKey(true)}}};
  models["SplitShard"] = {name, streamArn(), nameRule("ShardToSplit", true),
                          number("NewStartingHashKey", kHashKey, true)};
  models["MergeShards"] = {name, streamArn(), nameRule("ShardToMerge", true),
                           nameRule("AdjacentShardToMerge", true)};
  models["IncreaseStreamRetentionPeriod"] = {name, streamArn(),
                                             integer("RetentionPeriodHours", 1, 8760, true)};
  models["DecreaseStreamRetentionPeriod"] = models["IncreaseStreamRetentionPeriod"];
  return models;
}

}  // namespace

const InputModel* kinesisModel(std::string_view operation) {
  static const auto* const models = new std::map<std::string_view, InputModel>(makeModels());
  const auto found = models->find(operation);
  return found == models->end() ? nullptr : &found->second;
}

}  // namespace tidemill::fake

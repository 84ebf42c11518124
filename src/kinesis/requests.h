// kinesis/requests.h: what the operations look like on the wire, ready to be sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/call.h"
#include "kinesis/kinesis_api.h"

namespace tidemill::kinesis {

inline constexpr std::string_view kJsonType = "application/x-amz-json-1.1";
inline constexpr std::string_view kCborType = "application/x-amz-cbor-1.1";

aws::Operation listShardsRequest(const std::string& stream, const std::optional<std::string>& nextToken);
aws::Operation describeStreamSummaryRequest(const std::string& stream);
aws::Operation getShardIteratorRequest(const std::string& stream, const std::string& shardId,
                                       const IteratorPosition& position);
aws::Operation getRecordsRequest(const std::string& iterator, int limit, bool cbor);
aws::Operation putRecordsRequest(const std::string& stream, const std::vector<PutEntry>& entries, bool cbor);
aws::Operation createStreamRequest(const std::string& stream, int shards);
aws::Operation deleteStreamRequest(const std::string& stream);
aws::Operation splitShardRequest(const std::string& stream, const std::string& shardId,
                                 const std::string& newStartingHashKey);
aws::Operation mergeShardsRequest(const std::string& stream, const std::string& shardId,
                                  const std::string& adjacentShardId);

}  // namespace tidemill::kinesis

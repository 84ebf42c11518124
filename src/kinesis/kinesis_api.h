// kinesis/kinesis_api.h: the operations of Amazon Kinesis that a consumer needs, one function each.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/records_page.h"
#include "rt/task.h"
#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::kinesis {

// One shard as ListShards describes it.
struct Shard {
  std::string shardId;
  std::string parentShardId;          // Empty: none.
  std::string adjacentParentShardId;  // Empty: not the child of a merge.
  std::string startingHashKey;        // Decimal, inclusive.
  std::string endingHashKey;          // Decimal, inclusive.
  std::string startingSequenceNumber;
  std::string endingSequenceNumber;  // Empty: the shard is open.

  bool open() const { return endingSequenceNumber.empty(); }
};

struct StreamSummary {
  std::string streamName;
  std::string streamArn;
  std::string status;  // CREATING, ACTIVE, UPDATING or DELETING.
  std::int64_t openShardCount = 0;
  std::int64_t retentionPeriodHours = 24;
  // When the stream was created (server's clock): tells a recreated stream of the same name apart.
  rt::WallTime created{};
};

// Where an iterator starts.
struct IteratorPosition {
  enum class Type { kTrimHorizon, kLatest, kAtTimestamp, kAtSequenceNumber, kAfterSequenceNumber };
  Type type = Type::kTrimHorizon;
  std::string sequenceNumber;  // For the two sequence number types.
  rt::WallTime timestamp{};    // For kAtTimestamp; milliseconds are kept.
};
// "TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER", …
std::string_view iteratorTypeName(IteratorPosition::Type type);

struct ListShardsPage {
  std::vector<Shard> shards;
  std::optional<std::string> nextToken;
};

struct PutEntry {
  std::string data;
  std::string partitionKey;
  std::optional<std::string> explicitHashKey;
};
// One for each entry, in order.
struct PutOutcome {
  std::string shardId;         // Empty if it failed.
  std::string sequenceNumber;  // Empty if it failed.
  std::string
      errorCode;  // Empty if it was stored; else ProvisionedThroughputExceededException or InternalFailure.
  std::string errorMessage;  // One line without control characters or secrets, as errorCode.
};

// Every call ends within the client's call timeout. Errors carry the stream (and shard) in their message; the
// codes that a caller may act on are named with each function, and any call may fail with kThrottled,
// kServiceError, kUnreachable, kTimeout, kAccessDenied, kInvalidSignature, kExpiredToken, kMalformedResponse.
// Retryable failures of control calls have already been retried by the client. Lives on one lane.
class KinesisApi {
 public:
  virtual ~KinesisApi() = default;

  // One page of all shards of the stream. With a token the stream name is not sent, as the service demands.
  // kUnknownStream, kExpiredNextToken, kResourceInUse (not now).
  virtual rt::Task<Result<ListShardsPage>> listShardsPage(const std::string& stream,
                                                          const std::optional<std::string>& nextToken) = 0;
  // kUnknownStream.
  virtual rt::Task<Result<StreamSummary>> describeStreamSummary(const std::string& stream) = 0;
  // kUnknownStream (also for an unknown shard), kInvalidArgument (a position that is not of this shard).
  virtual rt::Task<Result<std::string>> getShardIterator(const std::string& stream,
                                                         const std::string& shardId,
                                                         const IteratorPosition& position) = 0;
  // Not retried here: throttling and expired iterators are for the shard's own pace. `limit` is 1 to 10,000.
  // kExpiredIterator, kThrottled, kUnknownStream. `shardId` and `stream` only name the culprit in errors.
  virtual rt::Task<Result<codec::RecordsPage>> getRecords(const std::string& stream,
                                                          const std::string& shardId,
                                                          const std::string& iterator, int limit) = 0;
  // At most 500 entries and 10 MiB in one call. A successful call may hold failed entries.
  virtual rt::Task<Result<std::vector<PutOutcome>>> putRecords(const std::string& stream,
                                                               const std::vector<PutEntry>& entries) = 0;
  // kResourceInUse if it exists.
  virtual rt::Task<Result<void>> createStream(const std::string& stream, int shards) = 0;
  virtual rt::Task<Result<void>> deleteStream(const std::string& stream) = 0;
  // The stream must be ACTIVE (kResourceInUse otherwise); it is UPDATING for a while afterwards.
  virtual rt::Task<Result<void>> splitShard(const std::string& stream, const std::string& shardId,
                                            const std::string& newStartingHashKey) = 0;
  virtual rt::Task<Result<void>> mergeShards(const std::string& stream, const std::string& shardId,
                                             const std::string& adjacentShardId) = 0;

  // A moment that the service's clock has passed for certain: for AT_TIMESTAMP, where a later moment would
  // skip records. About a second behind while answers come. Before the first answer: this machine's wall
  // clock.
  virtual rt::WallTime serverNow() const = 0;
};

// How errors name a shard: "stream orders, shard shardId-000000000000".
std::string shardContext(const std::string& stream, const std::string& shardId);

// Follows the pages of ListShards to the end. Bounded: 20,000 shards.
rt::Task<Result<std::vector<Shard>>> listAllShards(KinesisApi& api, const std::string& stream);

}  // namespace tidemill::kinesis

// tidemill/kinesis_utils.h: streams of Kinesis records, with the parameters of Spark's KinesisUtils.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/credentials.h"
#include "tidemill/dstream.h"
#include "tidemill/initial_position.h"
#include "tidemill/storage_level.h"

namespace tidemill {

// How much goes to CloudWatch. (Spark's and KCL's levels)
enum class MetricsLevel { NONE, SUMMARY, DETAILED };

namespace stream {

// One input of a context: which stream, read how.
struct KinesisSource {
  std::string applicationName;
  std::string streamName;
  std::string endpointUrl;  // Empty: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, else the region's.
  std::string regionName;   // Empty: AWS_REGION, AWS_DEFAULT_REGION.
  KinesisInitialPosition initialPosition = KinesisInitialPosition::Latest();
  Duration checkpointInterval{};
  StorageLevel storageLevel = StorageLevel::MEMORY_AND_DISK_2;
  std::optional<AwsCredentials> credentials;  // None: from the environment.

  // Kept, and used as soon as leases lie in DynamoDB and metrics go to CloudWatch. In this version leases lie
  // in the state directory and nothing is sent to CloudWatch. None: the credentials above.
  std::optional<AwsCredentials> dynamoDbCredentials = std::nullopt;
  std::optional<AwsCredentials> cloudWatchCredentials = std::nullopt;
  MetricsLevel metricsLevel = MetricsLevel::DETAILED;
  std::set<std::string> metricsEnabledDimensions = {"Operation", "ShardId"};
};

}  // namespace stream

namespace detail {

// What a stream without a handler uses: the payload.
struct CopyPayload {
  std::string operator()(const Record& record) const { return std::string(record.text()); }
};

// The records of an input; `handler` runs in the tasks, each time a block is computed.
template <class T, class Handler>
class RecordsNode final : public RddNode<T> {
 public:
  RecordsNode(TaskRunner& runner, std::vector<std::shared_ptr<const RecordBlock>> blocks,
              std::shared_ptr<const Handler> handler)
      : RddNode<T>(runner), blocks_(std::move(blocks)), handler_(std::move(handler)) {}
  std::size_t partitions() const override { return blocks_.size(); }
  void compute(std::size_t partition, FunctionRef<void(T&&)> emit) const override {
    blocks_[partition]->forEachRecord([&](const Record& record) { emit(T((*handler_)(record))); });
  }
  std::int64_t count(std::size_t partition) const override {
    // A handler of the user must run: it may throw, or count by itself.
    if constexpr (!std::is_same_v<Handler, CopyPayload>) return RddNode<T>::count(partition);
    return blocks_[partition]->recordCount();
  }

 private:
  const std::vector<std::shared_ptr<const RecordBlock>> blocks_;
  const std::shared_ptr<const Handler> handler_;
};

template <class Handler>
auto makeKinesisStream(StreamingContext& context, const stream::KinesisSource& source, Handler handler) {
  using T = std::decay_t<std::invoke_result_t<const Handler&, const Record&>>;
  const int input = GraphAccess::addKinesisInput(context, source);
  auto shared = std::make_shared<const Handler>(std::move(handler));
  return DStream<T>(GraphAccess::core(context), [input, shared](BatchContext& batch) {
    return RDD<T>(std::make_shared<RecordsNode<T, Handler>>(
        *batch.tasks, batch.blocks[static_cast<std::size_t>(input)], shared));
  });
}

}  // namespace detail

// Parameters, all overloads: `kinesisAppName` names the lease table; `endpointUrl` and `regionName` may be
// empty (see KinesisSource); `checkpointInterval` is the least time between two lease checkpoints of a shard.
// A messageHandler is f(const Record&) -> T, called on worker threads on views that are valid during the
// call. Throws Error(kInvalidConfig or kUsage), naming the parameter.
class KinesisUtils {
 public:
  // A stream of payloads, each copied into a string of bytes.
  static DStream<std::string> createStream(StreamingContext& context, const std::string& kinesisAppName,
                                           const std::string& streamName, const std::string& endpointUrl,
                                           const std::string& regionName,
                                           KinesisInitialPosition initialPosition,
                                           Duration checkpointInterval, StorageLevel storageLevel);
  static DStream<std::string> createStream(StreamingContext& context, const std::string& kinesisAppName,
                                           const std::string& streamName, const std::string& endpointUrl,
                                           const std::string& regionName,
                                           KinesisInitialPosition initialPosition,
                                           Duration checkpointInterval, StorageLevel storageLevel,
                                           const std::string& awsAccessKeyId,
                                           const std::string& awsSecretKey);

  template <class Handler>
    requires std::is_invocable_v<const Handler&, const Record&>
  static auto createStream(StreamingContext& context, const std::string& kinesisAppName,
                           const std::string& streamName, const std::string& endpointUrl,
                           const std::string& regionName, KinesisInitialPosition initialPosition,
                           Duration checkpointInterval, StorageLevel storageLevel, Handler messageHandler) {
    return detail::makeKinesisStream(context,
                                     sourceOf(kinesisAppName, streamName, endpointUrl, regionName,
                                              initialPosition, checkpointInterval, storageLevel),
                                     std::move(messageHandler));
  }
  template <class Handler>
    requires std::is_invocable_v<const Handler&, const Record&>
  static auto createStream(StreamingContext& context, const std::string& kinesisAppName,
                           const std::string& streamName, const std::string& endpointUrl,
                           const std::string& regionName, KinesisInitialPosition initialPosition,
                           Duration checkpointInterval, StorageLevel storageLevel, Handler messageHandler,
                           const std::string& awsAccessKeyId, const std::string& awsSecretKey) {
    stream::KinesisSource source = sourceOf(kinesisAppName, streamName, endpointUrl, regionName,
                                            initialPosition, checkpointInterval, storageLevel);
    source.credentials = AwsCredentials(awsAccessKeyId, awsSecretKey);
    return detail::makeKinesisStream(context, source, std::move(messageHandler));
  }

 private:
  static stream::KinesisSource sourceOf(const std::string& kinesisAppName, const std::string& streamName,
                                        const std::string& endpointUrl, const std::string& regionName,
                                        KinesisInitialPosition initialPosition, Duration checkpointInterval,
                                        StorageLevel storageLevel);
};

}  // namespace tidemill

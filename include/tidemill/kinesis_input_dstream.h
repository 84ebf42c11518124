// tidemill/kinesis_input_dstream.h: the builder of Spark 2.2 and later, with its defaults.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tidemill/kinesis_utils.h"

namespace tidemill {

class KinesisInputDStream {
 public:
  // Setters may come in any order. Required: streamingContext, streamName, checkpointAppName; build() checks
  // them in this order and throws Error(kInvalidConfig) naming the first that is missing.
  //
  //   auto stream = KinesisInputDStream::builder().streamingContext(context).streamName("orders")
  //                     .checkpointAppName("app").build();
  class Builder {
   public:
    Builder& streamingContext(StreamingContext& context) {
      context_ = &context;
      return *this;
    }
    Builder& streamName(std::string name) {
      source_.streamName = std::move(name);
      return *this;
    }
    Builder& checkpointAppName(std::string name) {
      source_.applicationName = std::move(name);
      return *this;
    }
    // Default: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, else the region's own, which without regionName()
    // is Spark's https://kinesis.us-east-1.amazonaws.com.
    Builder& endpointUrl(std::string url) {
      source_.endpointUrl = std::move(url);
      return *this;
    }
    // Default: us-east-1; with endpointUrl() alone, AWS_REGION or what the url says.
    Builder& regionName(std::string region) {
      source_.regionName = std::move(region);
      return *this;
    }
    // Default: Latest.
    Builder& initialPosition(KinesisInitialPosition position) {
      source_.initialPosition = position;
      return *this;
    }
    // The older name of initialPosition(), which Spark keeps as deprecated.
    Builder& initialPositionInStream(InitialPositionInStream position) { return initialPosition(position); }
    // Default: the batch interval.
    Builder& checkpointInterval(Duration interval) {
      checkpointInterval_ = interval;
      return *this;
    }
    // Default: MEMORY_AND_DISK_2.
    Builder& storageLevel(StorageLevel level) {
      source_.storageLevel = level;
      return *this;
    }
    // Default: from the environment.
    Builder& kinesisCredentials(AwsCredentials credentials) {
      source_.credentials = std::move(credentials);
      return *this;
    }

    // What becomes of records for which the message handler throws. Default: what tidemill.handler.onError
    // says, and by default that is HandlerPolicy::failBatch().
    Builder& handlerPolicy(HandlerPolicy policy) {
      source_.handlerPolicy = std::move(policy);
      return *this;
    }

    // These four are kept, and used as soon as leases lie in DynamoDB and metrics go to CloudWatch. In this
    // version leases lie in the state directory and nothing is sent to CloudWatch.
    // Default of both: the credentials for Kinesis.
    Builder& dynamoDBCredentials(AwsCredentials credentials) {
      source_.dynamoDbCredentials = std::move(credentials);
      return *this;
    }
    Builder& cloudWatchCredentials(AwsCredentials credentials) {
      source_.cloudWatchCredentials = std::move(credentials);
      return *this;
    }
    // Default: DETAILED.
    Builder& metricsLevel(MetricsLevel level) {
      source_.metricsLevel = level;
      return *this;
    }
    // Default: Operation and ShardId.
    Builder& metricsEnabledDimensions(std::set<std::string> dimensions) {
      source_.metricsEnabledDimensions = std::move(dimensions);
      return *this;
    }

    // A stream of payloads.
    DStream<std::string> build() const;
    // handler: const Record& -> T.
    template <class Handler>
      requires std::is_invocable_v<const Handler&, const Record&>
    auto buildWithMessageHandler(Handler handler) const {
      return detail::makeKinesisStream(checkedContext(), finished(), std::move(handler));
    }

   private:
    StreamingContext& checkedContext() const;
    stream::KinesisSource finished() const;

    StreamingContext* context_ = nullptr;
    stream::KinesisSource source_;
    std::optional<Duration> checkpointInterval_;
  };

  static Builder builder() { return {}; }
};

}  // namespace tidemill

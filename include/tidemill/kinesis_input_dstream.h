// tidemill/kinesis_input_dstream.h: the builder of Spark 2.2 and later, with its defaults.
#pragma once

#include <optional>
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
    // Default: https://kinesis.us-east-1.amazonaws.com, as in Spark; with regionName() alone, that region's.
    Builder& endpointUrl(std::string url) {
      endpointUrl_ = std::move(url);
      return *this;
    }
    // Default: us-east-1.
    Builder& regionName(std::string region) {
      regionName_ = std::move(region);
      return *this;
    }
    // Default: Latest.
    Builder& initialPosition(KinesisInitialPosition position) {
      source_.initialPosition = position;
      return *this;
    }
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
    std::optional<std::string> endpointUrl_;
    std::optional<std::string> regionName_;
    std::optional<Duration> checkpointInterval_;
  };

  static Builder builder() { return {}; }
};

}  // namespace tidemill

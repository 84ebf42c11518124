#include "tidemill/kinesis_utils.h"

#include <utility>

#include "stream/context_core.h"
#include "stream/kinesis_options.h"
#include "tidemill/kinesis_input_dstream.h"

namespace tidemill {

DStream<std::string> KinesisUtils::createStream(StreamingContext& context, const std::string& kinesisAppName,
                                                const std::string& streamName, const std::string& endpointUrl,
                                                const std::string& regionName,
                                                KinesisInitialPosition initialPosition,
                                                Duration checkpointInterval, StorageLevel storageLevel) {
  return createStream(context, kinesisAppName, streamName, endpointUrl, regionName, initialPosition,
                      checkpointInterval, storageLevel, detail::CopyPayload());
}

DStream<std::string> KinesisUtils::createStream(StreamingContext& context, const std::string& kinesisAppName,
                                                const std::string& streamName, const std::string& endpointUrl,
                                                const std::string& regionName,
                                                KinesisInitialPosition initialPosition,
                                                Duration checkpointInterval, StorageLevel storageLevel,
                                                const std::string& awsAccessKeyId,
                                                const std::string& awsSecretKey) {
  return createStream(context, kinesisAppName, streamName, endpointUrl, regionName, initialPosition,
                      checkpointInterval, storageLevel, detail::CopyPayload(), awsAccessKeyId, awsSecretKey);
}

stream::KinesisSource KinesisUtils::sourceOf(const std::string& kinesisAppName, const std::string& streamName,
                                             const std::string& endpointUrl, const std::string& regionName,
                                             KinesisInitialPosition initialPosition,
                                             Duration checkpointInterval, StorageLevel storageLevel) {
  stream::KinesisSource source;
  source.applicationName = kinesisAppName;
  source.streamName = streamName;
  source.endpointUrl = endpointUrl;
  source.regionName = regionName;
  source.initialPosition = initialPosition;
  source.checkpointInterval = checkpointInterval;
  source.storageLevel = storageLevel;
  return source;
}

std::shared_ptr<const detail::KinesisBacking> detail::backingOf(StreamingContext& context,
                                                                const stream::KinesisSource& source) {
  const auto core = GraphAccess::core(context);
  KinesisBlocksSource blocks;
  blocks.regionName = source.regionName;
  blocks.endpointUrl = source.endpointUrl;
  blocks.read = stream::readConfigurationsOf(core->conf(), core->batchInterval(), source.storageLevel);
  blocks.credentials = source.credentials;
  return std::make_shared<const KinesisBacking>(
      KinesisBacking{ContextAccess::gate(context.sparkContext()), std::move(blocks)});
}

StreamingContext& KinesisInputDStream::Builder::checkedContext() const {
  const auto missing = [](const char* parameter) {
    return Error(Code::kInvalidConfig, std::string("required parameter ") + parameter + " is missing",
                 "set it on the builder before build()");
  };
  if (context_ == nullptr) throw missing("streamingContext");
  if (source_.streamName.empty()) throw missing("streamName");
  if (source_.applicationName.empty()) throw missing("checkpointAppName");
  return *context_;
}

stream::KinesisSource KinesisInputDStream::Builder::finished() const {
  stream::KinesisSource source = source_;
  // Spark's default, unless the endpoint says which region it is in.
  if (source.endpointUrl.empty() && source.regionName.empty()) source.regionName = "us-east-1";
  source.checkpointInterval =
      checkpointInterval_.value_or(detail::GraphAccess::core(checkedContext())->batchInterval());
  return source;
}

DStream<std::string> KinesisInputDStream::Builder::build() const {
  return buildWithMessageHandler(detail::CopyPayload());
}

}  // namespace tidemill

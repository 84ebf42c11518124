// tidemill/kinesis_utils.h: streams of Kinesis records, with the parameters of Spark's KinesisUtils.
#pragma once

#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/credentials.h"
#include "tidemill/dstream.h"
#include "tidemill/handler_policy.h"
#include "tidemill/initial_position.h"
#include "tidemill/kinesis_backed_block_rdd.h"
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

  // None: what tidemill.handler.onError says.
  std::optional<HandlerPolicy> handlerPolicy = std::nullopt;

  // Filled in by the context. The kTypeMark of the handler and of what it makes of a record, and of how many
  // inputs of this stream and application the records come through this one. 0: through another one, and
  // nothing through this.
  const void* handler = nullptr;
  int readsFor = 1;
};

}  // namespace stream

namespace detail {

// Its address tells types apart.
template <class T>
inline constexpr char kTypeMark = 0;

// What a stream without a handler uses: the payload.
struct CopyPayload {
  std::string operator()(const Record& record) const { return std::string(record.text()); }
};

// The records of an input; `handler` runs in the tasks, each time a block is computed. `failures` decides
// what its exceptions do; null: they are the task's.
template <class T, class Handler>
class RecordsNode final : public KinesisNode<T> {
 public:
  RecordsNode(TaskRunner& runner, std::vector<std::shared_ptr<const RecordBlock>> blocks,
              std::shared_ptr<const Handler> handler, std::shared_ptr<HandlerFailures> failures,
              std::shared_ptr<const KinesisBacking> backing)
      : KinesisNode<T>(runner),
        blocks_(std::move(blocks)),
        handler_(std::move(handler)),
        failures_(std::move(failures)),
        backing_(std::move(backing)) {}
  std::size_t partitions() const override { return blocks_.size(); }
  Partition partition(std::size_t index) const override {
    Partition one = blocks_[index]->partition();
    one.index = index;
    return one;
  }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    std::size_t index = 0;
    blocks_[partition]->forEachRecord([&](const Record& record) {
      emit.makeRoom();  // What it throws is no failure of the handler.
      if constexpr (std::is_same_v<Handler, CopyPayload>) {
        emit.addCopy(record.data);
      } else {
        handle(partition, index++, record, emit);
      }
    });
  }
  std::int64_t count(std::size_t partition) const override {
    // A handler of the user must run: it may throw, or count by itself.
    if constexpr (!std::is_same_v<Handler, CopyPayload>) return RddNode<T>::count(partition);
    return blocks_[partition]->recordCount();
  }
  const KinesisBacking& backing() const override { return *backing_; }
  MessageHandler<T> handler() const override {
    if constexpr (std::is_same_v<Handler, CopyPayload>) return nullptr;
    return [handler = handler_](const Record& record) -> T { return (*handler)(record); };
  }

 private:
  // Adds nothing if the record is left out.
  void handle(std::size_t partition, std::size_t index, const Record& record, Emit<T>& emit) const {
    for (int attempt = 1;; ++attempt) {  // Bounded by attemptsMax().
      try {
        return emit.add([&]() -> decltype(auto) { return (*handler_)(record); });
      } catch (const std::bad_alloc&) {
        throw;  // The machine's trouble: no record is given up for it.
      } catch (...) {
        if (failures_ == nullptr) throw;
        if (attempt < failures_->attemptsMax()) continue;
        failures_->failed(partition, index, record);
        return;
      }
    }
  }

  const std::vector<std::shared_ptr<const RecordBlock>> blocks_;
  const std::shared_ptr<const Handler> handler_;
  const std::shared_ptr<HandlerFailures> failures_;
  const std::shared_ptr<const KinesisBacking> backing_;
};

std::shared_ptr<const KinesisBacking> backingOf(StreamingContext& context,
                                                const stream::KinesisSource& source);

template <class T, class Handler>
class KinesisInput final : public StreamNode<T> {
 public:
  KinesisInput(StreamPlace place, int input, Handler handler, std::shared_ptr<const KinesisBacking> backing)
      : StreamNode<T>(place, "kinesis", {}, place.interval),
        input_(static_cast<std::size_t>(input)),
        handler_(std::make_shared<const Handler>(std::move(handler))),
        backing_(std::move(backing)) {}

 protected:
  std::optional<RDD<T>> compute(BatchContext& batch, Time time) override {
    const auto found = batch.batches.find(time);
    if (found == batch.batches.end()) return std::nullopt;
    const InputBatch& of = *found->second;
    return RDD<T>(std::make_shared<RecordsNode<T, Handler>>(*batch.tasks, of.blocks[input_], handler_,
                                                            of.handlerFailures[input_], backing_));
  }

 private:
  const std::size_t input_;
  const std::shared_ptr<const Handler> handler_;
  const std::shared_ptr<const KinesisBacking> backing_;
};

template <class Handler>
auto makeKinesisStream(StreamingContext& context, const stream::KinesisSource& source, Handler handler) {
  using T = std::decay_t<std::invoke_result_t<const Handler&, const Record&>>;
  const int input = GraphAccess::addKinesisInput(context, source, &kTypeMark<std::pair<T, Handler>>);
  return DStream<T>(addNode<KinesisInput<T, Handler>>(GraphAccess::core(context), input, std::move(handler),
                                                      backingOf(context, source)));
}

}  // namespace detail

// Parameters, all overloads: `kinesisAppName` names the lease table; `endpointUrl` and `regionName` may be
// empty (see KinesisSource); `checkpointInterval` is the least time between two lease checkpoints of a shard.
// A messageHandler is f(const Record&) -> T, called on worker threads on views that are valid during the
// call; it runs in the tasks, each time a block is computed, so a record may see it more than once. What it
// throws is judged by the HandlerPolicy, by default that of the configuration (tidemill.handler.onError).
// Throws Error(kInvalidConfig or kUsage), naming the parameter.
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
                           HandlerPolicy handlerPolicy) {
    stream::KinesisSource source = sourceOf(kinesisAppName, streamName, endpointUrl, regionName,
                                            initialPosition, checkpointInterval, storageLevel);
    source.handlerPolicy = std::move(handlerPolicy);
    return detail::makeKinesisStream(context, source, std::move(messageHandler));
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

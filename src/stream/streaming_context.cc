#include "tidemill/streaming_context.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "stream/context_core.h"
#include "stream/handler_conf.h"
#include "stream/shared_stream.h"
#include "tidemill/dstream.h"

namespace tidemill {

StreamingContext::StreamingContext(Conf conf, Duration batchInterval)
    : StreamingContext(Context(std::move(conf)), batchInterval) {}

StreamingContext::StreamingContext(const stream::Seams& seams, Conf conf, Duration batchInterval)
    : StreamingContext(Context(seams, std::move(conf)), batchInterval) {}

StreamingContext::StreamingContext(const Context& context, Duration batchInterval)
    : core_(std::make_shared<stream::ContextCore>(detail::ContextAccess::world(context), batchInterval)),
      context_(detail::ContextAccess::on(core_->world())) {}

StreamingContext::StreamingContext(std::shared_ptr<stream::ContextCore> core)
    : core_(std::move(core)), context_(detail::ContextAccess::on(core_->world())) {}

StreamingContext::~StreamingContext() = default;

std::unique_ptr<StreamingContext> StreamingContext::getOrCreate(const std::string& directory,
                                                                const Factory& factory, bool createOnError) {
  if (directory.empty()) {
    throw Error(Code::kUsage, "getOrCreate() without a checkpoint directory",
                "name one, such as file:/var/lib/orders");
  }
  auto context = factory();
  if (context == nullptr) {
    throw Error(Code::kUsage, "the factory of getOrCreate() gave no context",
                "return the StreamingContext that it makes");
  }
  context->core_->resume(directory, createOnError);
  return context;
}

std::unique_ptr<StreamingContext> StreamingContext::getActive(const Context& context) {
  auto core = stream::ContextCore::activeOn(*detail::ContextAccess::world(context));
  if (core == nullptr) return nullptr;
  return std::unique_ptr<StreamingContext>(new StreamingContext(std::move(core)));
}

std::unique_ptr<StreamingContext> StreamingContext::getActiveOrCreate(const Context& context,
                                                                      const Factory& factory) {
  auto active = getActive(context);
  return active != nullptr ? std::move(active) : factory();
}

std::unique_ptr<StreamingContext> StreamingContext::getActiveOrCreate(const Context& context,
                                                                      const std::string& directory,
                                                                      const Factory& factory,
                                                                      bool createOnError) {
  auto active = getActive(context);
  return active != nullptr ? std::move(active) : getOrCreate(directory, factory, createOnError);
}

void StreamingContext::checkpoint(const std::string& directory) {
  core_->setCheckpointDirectory(directory);
}

void StreamingContext::start() {
  core_->start();
}

void StreamingContext::requestStop(bool stopGracefully) {
  core_->requestStop(stopGracefully);
}

Result<void> StreamingContext::stop(bool stopSparkContext, bool stopGracefully) {
  Result<void> end;
  if (getState() != StreamingContextState::INITIALIZED) {
    if (auto may = core_->mayAwait(); !may) return may;
    requestStop(stopGracefully);
    end = awaitTermination();
  }
  if (stopSparkContext) context_->stop();
  return end;
}

Result<void> StreamingContext::stop() {
  return stop(core_->settings().getBoolean("spark.streaming.stopSparkContextByDefault"));
}

Result<void> StreamingContext::awaitTermination() {
  return core_->awaitTermination();
}

bool StreamingContext::awaitTerminationOrTimeout(Duration patience) {
  return core_->awaitTerminationOrTimeout(patience);
}

void StreamingContext::remember(Duration duration) {
  constexpr Duration kLongest = std::chrono::hours(24);
  if (duration < Duration(0) || duration > kLongest) {
    throw Error(Code::kInvalidConfig, fmt::format("remember {} ms", duration.count()),
                "choose between 0 and 24 hours");
  }
  core_->editableGraph().remember = duration;
}

StreamingContextState StreamingContext::getState() const {
  return core_->state();
}

StreamingTotals StreamingContext::totals() const {
  return core_->totals();
}

void StreamingContext::addStreamingListener(StreamingListener& listener) {
  core_->addListener(listener);
}

namespace {

constexpr Duration kCheckpointIntervalMax = std::chrono::hours(24);

std::string streamOf(const stream::KinesisSource& source) {
  return base::quoteIfNeeded(source.streamName);
}

}  // namespace

namespace detail {

int GraphAccess::addKinesisInput(StreamingContext& context, const stream::KinesisSource& source,
                                 const void* handler) {
  if (source.applicationName.empty()) {
    throw Error(Code::kInvalidConfig,
                fmt::format("stream {}: the application name is empty", streamOf(source)),
                "give a name; the lease table is called by it");
  }
  if (source.streamName.empty()) {
    throw Error(Code::kInvalidConfig,
                fmt::format("application {}: the stream name is empty", source.applicationName),
                "name the Kinesis stream to read");
  }
  const Duration interval = source.checkpointInterval;
  if (interval < Duration(0) || interval > kCheckpointIntervalMax) {
    throw Error(Code::kInvalidConfig,
                fmt::format("stream {}: a checkpoint interval of {} ms", streamOf(source), interval.count()),
                "choose between 0 and 24 hours, for example Seconds(10)");
  }
  stream::KinesisSource input = source;
  if (!input.handlerPolicy) input.handlerPolicy = stream::handlerPolicyOf(context.core_->conf());
  stream::checkHandlerPolicy(*input.handlerPolicy, input.streamName);
  input.handler = handler;
  return stream::addInput(context.core_->editableGraph().inputs, std::move(input));
}

StreamPlace GraphAccess::place(stream::ContextCore& core) {
  return {core.weak_from_this(), core.editableGraph().run, core.batchInterval()};
}

void GraphAccess::addNode(stream::ContextCore& core, std::shared_ptr<StreamNodeBase> node) {
  auto& nodes = core.editableGraph().nodes;
  for (const auto& parent : node->parents()) {
    if (parent->place().core.lock().get() == &core) continue;
    throw Error(Code::kUsage, fmt::format("{} joins streams of two contexts", node->kind()),
                "make both streams from the same StreamingContext");
  }
  node->setId(static_cast<int>(nodes.size()));
  nodes.push_back(std::move(node));
}

void GraphAccess::setUid(stream::ContextCore& core, StreamNodeBase& node, std::string uid) {
  constexpr std::size_t kLongest = 100;
  const bool good =
      !uid.empty() && uid.size() <= kLongest && uid.front() != '.' &&
      uid.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
          std::string::npos;
  if (!good) {
    throw Error(Code::kUsage, fmt::format("uid {} of {}", base::quoteIfNeeded(uid), node.uid()),
                "choose 1 to 100 letters, digits, dots, dashes and underscores, and no dot in front");
  }
  for (const auto& other : core.editableGraph().nodes) {
    if (other.get() == &node || other->uid() != uid) continue;
    throw Error(Code::kUsage, fmt::format("two operators have the uid {}", uid),
                "give every operator a name of its own");
  }
  node.setUid(std::move(uid));
}

void GraphAccess::addOutput(stream::ContextCore& core, std::string name, std::shared_ptr<StreamNodeBase> of,
                            std::function<void(BatchContext&)> body) {
  core.editableGraph().outputs.push_back({std::move(name), std::move(of), std::move(body)});
}

}  // namespace detail
}  // namespace tidemill

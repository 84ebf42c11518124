#include "tidemill/consumer.h"

#include <utility>

#include "consume/consumer_core.h"

namespace tidemill {

std::string_view consumerStateName(ConsumerState state) {
  switch (state) {
    case ConsumerState::kNew:
      return "new";
    case ConsumerState::kStarting:
      return "starting";
    case ConsumerState::kRunning:
      return "running";
    case ConsumerState::kStopping:
      return "stopping";
    case ConsumerState::kStopped:
      return "stopped";
  }
  return "unknown";
}

std::string_view shardActivityName(ShardActivity activity) {
  switch (activity) {
    case ShardActivity::kInitializing:
      return "initializing";
    case ShardActivity::kWaiting:
      return "waiting";
    case ShardActivity::kProcessing:
      return "processing";
    case ShardActivity::kRetrying:
      return "retrying";
    case ShardActivity::kStopped:
      return "stopped";
    case ShardActivity::kEnding:
      return "ending";
  }
  return "unknown";
}

Consumer::Consumer(ConsumerOptions options, ShardHandlerFactory factory)
    : core_(std::make_shared<consume::ConsumerCore>(nullptr, std::move(options), std::move(factory))) {}

Consumer::Consumer(const consume::ConsumerSeams& seams, ConsumerOptions options, ShardHandlerFactory factory)
    : core_(std::make_shared<consume::ConsumerCore>(&seams, std::move(options), std::move(factory))) {}

Consumer::~Consumer() = default;

void Consumer::start() {
  core_->start();
}

void Consumer::requestStop() {
  core_->requestStop();
}

Result<void> Consumer::stop() {
  if (!core_->started()) return {};
  requestStop();
  return awaitTermination();
}

Result<void> Consumer::awaitTermination() {
  return core_->awaitTermination();
}

bool Consumer::awaitTerminationOrTimeout(Duration patience) {
  return core_->awaitTerminationOrTimeout(patience);
}

ConsumerState Consumer::state() const {
  return core_->state();
}

ConsumerStatus Consumer::status() const {
  return core_->status();
}

}  // namespace tidemill

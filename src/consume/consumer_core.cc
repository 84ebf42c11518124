#include "consume/consumer_core.h"

#include <utility>

#include "aws/curl_options.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kPublishEvery = 500ms;

http::ProductionOptions productionOptions(const ConsumerOptions& options) {
  http::ProductionOptions production;
  production.workers = options.handlerThreads;
  production.curl = aws::curlOptionsFrom(aws::processEnvironment());
  return production;
}

ConsumerOptions checkedOptions(ConsumerOptions options, const ShardHandlerFactory& factory) {
  auto valid = options.validate();
  if (!valid) throw Error(valid.error());
  if (!factory) {
    throw Error(Code::kUsage, "the factory for handlers is empty",
                "give a function that makes a ShardHandler");
  }
  return options;
}

std::unique_ptr<OwnWorld> ownWorldUnless(const ConsumerSeams* borrowed, const ConsumerOptions& options) {
  if (borrowed != nullptr) return nullptr;
  return std::make_unique<OwnWorld>(options);
}

}  // namespace

OwnWorld::OwnWorld(const ConsumerOptions& options)
    : production(log, productionOptions(options)),
      leases(production.env(), options, aws::processEnvironment()) {}

ConsumerCore::ConsumerCore(const ConsumerSeams* borrowed, ConsumerOptions options,
                           ShardHandlerFactory factory)
    : options_(checkedOptions(std::move(options), factory)),
      factory_(std::move(factory)),
      own_(ownWorldUnless(borrowed, options_)),
      seams_(borrowed != nullptr
                 ? *borrowed
                 : ConsumerSeams{own_->production.env(), own_->leases, aws::processEnvironment()}) {}

ConsumerCore::~ConsumerCore() {
  if (own_ == nullptr) {
    end();
  } else {
    own_->production.onControlLane([this] { end(); });
  }
}

void ConsumerCore::end() {
  alive_.reset();
  root_.reset();
  engine_.reset();
}

void ConsumerCore::start() {
  if (stopped_) {
    throw Error(Code::kUsage, "the consumer has stopped and cannot be started again", "make a new Consumer");
  }
  if (started_.exchange(true)) return;
  seams_.env.loop.post([this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) begin();
  });
}

void ConsumerCore::begin() {
  if (options_.workerId.empty()) options_.workerId = "consumer-" + seams_.env.random.uuid();
  engine_ = std::make_unique<ConsumerEngine>(seams_, options_, factory_);
  if (earlyStop_) engine_->requestStop();
  root_ = std::make_unique<rt::TaskGroup>(seams_.env.loop);
  root_->spawn(publishStatus());
  root_->spawn(live());
}

rt::Task<void> ConsumerCore::live() {
  auto result = co_await engine_->run();
  result_ = std::move(result);
  stopped_ = true;
  publish(ConsumerState::kStopped);
  ended_.set();
}

rt::Task<void> ConsumerCore::publishStatus() {
  while (!stopped_) {
    publish(engine_->status().state);
    co_await seams_.env.loop.sleepFor(kPublishEvery);
  }
}

void ConsumerCore::publish(ConsumerState state) {
  ConsumerStatus status = engine_->status();
  status.state = state;
  status_.with([&status](ConsumerStatus& published) { published = std::move(status); });
}

void ConsumerCore::requestStop() {
  if (!started_) return;
  seams_.env.loop.post([this, alive = std::weak_ptr<char>(alive_)] {
    if (alive.expired()) return;
    if (engine_ == nullptr) {
      earlyStop_ = true;
    } else {
      engine_->requestStop();
    }
  });
}

Result<void> ConsumerCore::awaitTermination() {
  ended_.wait();
  return result_;
}

}  // namespace tidemill::consume

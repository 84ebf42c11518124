// consume/consumer_core.h: what stands behind a Consumer.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/log.h"
#include "consume/consumer_engine.h"
#include "consume/consumer_seams.h"
#include "consume/own_leases.h"
#include "http/production_env.h"
#include "rt/blocking_event.h"
#include "rt/guarded.h"
#include "rt/task_group.h"
#include "tidemill/consumer.h"

namespace tidemill::consume {

// The world that a Consumer(options, factory) makes for itself.
struct OwnWorld {
  explicit OwnWorld(const ConsumerOptions& options);

  base::StderrLog log;
  http::ProductionEnv production;
  OwnLeases leases;
};

// The user's threads talk to the engine on the control lane by messages; what they read is published. In a
// borrowed world whoever made it runs the lane, and starts and destroys the core on it.
class ConsumerCore {
 public:
  ConsumerCore(const ConsumerSeams* borrowed, ConsumerOptions options, ShardHandlerFactory factory);
  ~ConsumerCore();

  void start();
  void requestStop();
  bool started() const { return started_; }
  Result<void> awaitTermination();
  bool awaitTerminationOrTimeout(Duration patience) { return ended_.waitFor(patience); }
  ConsumerState state() const { return status().state; }
  ConsumerStatus status() const {
    return status_.with([](const ConsumerStatus& status) { return status; });
  }

 private:
  void begin();
  void end();
  rt::Task<void> live();
  rt::Task<void> publishStatus();
  void publish(ConsumerState state);

  ConsumerOptions options_;
  const ShardHandlerFactory factory_;
  std::unique_ptr<OwnWorld> own_;
  const ConsumerSeams seams_;

  std::atomic<bool> started_{false};
  std::atomic<bool> stopped_{false};
  rt::Guarded<ConsumerStatus> status_;
  rt::BlockingEvent ended_;
  Result<void> result_;  // Written before ended_ is set, read after.

  // Of the control lane.
  // Messages to the lane hold it weakly, so that one which outlives this object does nothing.
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unique_ptr<ConsumerEngine> engine_;
  bool earlyStop_ = false;  // A stop from another thread that overtook the start.
  std::unique_ptr<rt::TaskGroup> root_;
};

}  // namespace tidemill::consume

// stream/context_core.h: what stands behind a StreamingContext.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consume/aggregate_counters.h"
#include "rt/blocking_event.h"
#include "rt/guarded.h"
#include "rt/shutdown_signals.h"
#include "rt/task_group.h"
#include "stream/context_world.h"
#include "stream/engine.h"
#include "stream/graph.h"
#include "stream/guarded_listener.h"
#include "stream/seams.h"
#include "tidemill/streaming_context.h"

namespace tidemill::stream {

// The user's threads talk to the engine on the control lane by messages; what they read (state, totals) is
// published. In a borrowed world whoever made it runs the lane, and starts and destroys the context on it.
class ContextCore : public std::enable_shared_from_this<ContextCore> {
 public:
  ContextCore(std::shared_ptr<ContextWorld> world, Duration batchInterval);
  ~ContextCore();

  Graph& editableGraph();
  // Null: none is active there.
  static std::shared_ptr<ContextCore> activeOn(ContextWorld& world);
  void setCheckpointDirectory(const std::string& directory);
  // Windows and state go on with what the directory holds.
  void resume(const std::string& directory, bool createOnError);
  std::shared_ptr<const Graph> graph() const { return graph_; }
  void addListener(StreamingListener& listener);
  void start();
  void requestStop(bool graceful);
  // kUsage: this thread would wait for itself.
  Result<void> mayAwait() const;
  Result<void> awaitTermination();
  // Throws what mayAwait() gives.
  bool awaitTerminationOrTimeout(Duration patience);
  StreamingContextState state() const { return state_; }
  StreamingTotals totals() const;
  Duration batchInterval() const { return batchInterval_; }
  // For those who put the program together.
  const Conf& conf() const { return conf_; }
  // A copy, for any thread.
  Conf settings() const {
    return settings_.with([](const Conf& conf) { return conf; });
  }
  // Throws Error(kInvalidConfig). The engine hears of it by message.
  void change(const std::string& key, const std::string& value);
  const std::shared_ptr<ContextWorld>& world() const { return world_; }

 private:
  class TotalsPublisher;

  // Plans, checks and takes the environment, which holds one active streaming context; throws what is wrong.
  void activate();
  void leaveEnvironment();
  void begin();
  rt::Task<void> live();
  void publishTotals();
  void warnOfSettings();

  const std::shared_ptr<ContextWorld> world_;
  const Seams& seams_;
  // Of the control lane from start() on. The copy has the same values.
  Conf conf_;
  rt::Guarded<Conf> settings_;
  const Duration batchInterval_;
  std::shared_ptr<Graph> graph_ = std::make_shared<Graph>();
  std::vector<StreamingListener*> listeners_;
  std::unique_ptr<StreamingListener> publisher_;
  // Those of the program.
  std::vector<std::unique_ptr<GuardedListener>> guarded_;

  std::atomic<StreamingContextState> state_{StreamingContextState::INITIALIZED};
  std::atomic<std::int64_t> received_{0};
  std::atomic<std::int64_t> processed_{0};
  std::atomic<std::int64_t> checkpointed_{0};
  consume::AggregateCounters aggregates_;
  std::atomic<std::int64_t> skipped_{0};
  std::atomic<std::int64_t> deadLettered_{0};
  std::atomic<std::int64_t> leftOut_{0};
  std::atomic<std::int64_t> blocksLost_{0};
  std::atomic<std::int64_t> blocksRebuilt_{0};
  std::atomic<std::int64_t> blocksShortOfLevel_{0};
  std::atomic<std::int64_t> blockMemoryMost_{0};
  std::atomic<std::int64_t> blockHeldMost_{0};
  std::atomic<std::int64_t> unallocated_{0};
  std::atomic<std::int64_t> leasesHeld_{0};
  // Made before the engine, gone before the end is told: from then on signals do what they did before.
  std::unique_ptr<rt::ShutdownSignals> signals_;
  rt::BlockingEvent ended_;
  Result<void> result_;  // Written before ended_ is set, read after.

  // Of the control lane.
  // Messages to the lane hold it weakly, so that one which outlives this object does nothing.
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unique_ptr<Engine> engine_;
  // A stop from another thread that overtook the start.
  std::optional<bool> earlyStop_;
  std::unique_ptr<rt::TaskGroup> root_;
};

}  // namespace tidemill::stream

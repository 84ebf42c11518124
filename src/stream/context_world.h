// stream/context_world.h: what stands behind a Context: lanes, workers, block store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "block/block_store.h"
#include "consume/shard_paces.h"
#include "http/production_env.h"
#include "lease/lease_store.h"
#include "rt/blocking_event.h"
#include "rt/gate.h"
#include "rt/task_group.h"
#include "stream/partition_store.h"
#include "stream/seams.h"
#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// The lanes, threads and sockets that a Context(conf) makes for itself.
struct OwnWorld {
  explicit OwnWorld(const Conf& conf);

  base::StderrLog log;
  http::ProductionEnv production;
  const std::unique_ptr<lease::LeaseStoreFactory> leases;
};

// Shared by a Context and the streaming contexts on it; RDDs hold its gate and may outlive it. In a borrowed
// world whoever made it runs the lane, and nobody can wait for it.
class ContextWorld {
 public:
  ContextWorld(std::optional<Seams> borrowed, Conf conf);
  ~ContextWorld();
  ContextWorld(const ContextWorld&) = delete;
  ContextWorld& operator=(const ContextWorld&) = delete;

  const Seams& seams() const { return seams_; }
  const Conf& conf() const { return conf_; }
  const std::shared_ptr<rt::Gate<ContextWorld>>& gate() const { return gate_; }
  bool borrowed() const { return own_ == nullptr; }
  // Of the control lane. What RDDs and programs put here.
  block::BlockStore& blocks() const { return *blocks_; }
  // The same; what is lent comes first. Null: the block is nowhere.
  std::shared_ptr<const block::BlockSource> find(const std::string& id) const;
  // From now on the blocks that `lent` knows are found, too: those of the batch that a streaming context on
  // this world works on. They stay its own: nobody else removes or replaces them. Null: none any more.
  using FindBlock = std::function<std::shared_ptr<const block::BlockSource>(const std::string& id)>;
  void lendBlocks(FindBlock lent) { lent_ = std::move(lent); }
  // For persisted RDDs that stand on this world: memory alone. Callable from any thread.
  const std::shared_ptr<PartitionStore>& partitions() const { return partitions_; }
  // For the fetch lane.
  const std::shared_ptr<consume::ShardPaces>& paces() const { return paces_; }

  // Runs `work` on the control lane and waits until it has run; at once in a borrowed world. Never on a lane.
  void onControlLane(const std::function<void()>& work);
  // The same from a thread of the user. kUsage: this thread cannot wait for the lane.
  Result<void> visitLane(const std::function<void()>& work);

  // Runs a task on the control lane and waits for its result. kUsage: nobody can wait in a borrowed world;
  // this thread cannot; the context was stopped.
  template <class T>
  Result<T> await(rt::Task<Result<T>> task);

  // Actions on this context fail from now on, those that wait are woken.
  void stop();
  bool stopped() const { return gate_->closed(); }

 private:
  template <class T>
  struct Answer {
    std::optional<Result<T>> result;
    rt::BlockingEvent ended;
  };
  // Belongs to the lane. However it ends, whoever waits is woken, after the task is gone.
  template <class T>
  struct Pending {
    struct Wake {
      std::shared_ptr<Answer<T>> answer;
      ~Wake() { answer->ended.set(); }
    };
    Wake wake;
    rt::Task<Result<T>> task;

    Pending(std::shared_ptr<Answer<T>> answer, rt::Task<Result<T>> t)
        : wake{std::move(answer)}, task(std::move(t)) {}
  };
  template <class T>
  static rt::Task<void> run(std::unique_ptr<Pending<T>> pending);

  Result<void> mayWait() const;

  const Conf conf_;
  std::unique_ptr<OwnWorld> own_;
  const Seams seams_;
  const std::shared_ptr<rt::Gate<ContextWorld>> gate_;
  const std::shared_ptr<consume::ShardPaces> paces_;
  const std::shared_ptr<PartitionStore> partitions_;

  // Of the control lane.
  std::unique_ptr<block::BlockStore> blocks_;
  FindBlock lent_;
  // What threads of the user wait for. Null: stopped.
  std::unique_ptr<rt::TaskGroup> awaited_;
};

// What actions on a context that is gone fail with.
Error contextStopped();

template <class T>
rt::Task<void> ContextWorld::run(std::unique_ptr<Pending<T>> pending) {
  auto result = co_await pending->task;
  pending->wake.answer->result.emplace(std::move(result));
  pending.reset();
}

template <class T>
Result<T> ContextWorld::await(rt::Task<Result<T>> task) {
  if (auto may = mayWait(); !may) return fail(may.error());
  auto answer = std::make_shared<Answer<T>>();
  auto pending = std::make_unique<Pending<T>>(answer, std::move(task));
  seams_.env.loop.post([this, pending = std::move(pending)]() mutable {
    if (awaited_ != nullptr) awaited_->spawn(run(std::move(pending)));
  });
  answer->ended.wait();
  if (!answer->result) return fail(contextStopped());
  return std::move(*answer->result);
}

}  // namespace tidemill::stream

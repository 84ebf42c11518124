// sim/workloads/restarting_driver.h: the program of a driver, whose successors go on where it has crashed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lease/memory_lease_store.h"
#include "sim/workloads/batch_checker.h"
#include "sim/workloads/checkpoint_place.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/drawn_driver.h"
#include "sim/workloads/log_view.h"
#include "sim/workloads/test_account.h"
#include "sim/world.h"
#include "stream/seams.h"
#include "tidemill/dstream.h"
#include "tidemill/streaming_context.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::sim {

// Of checkpoint directories, whether in a folder or in an object store.
inline constexpr char kCheckpointFolder[] = "checkpoints";

// One checkpoint directory, and what its writers do.
struct WatchedDirectory {
  std::unique_ptr<LogView> log;
  std::unique_ptr<BatchChecker> batches;
};

// What outlives the drivers of a world.
struct Drivers {
  Drivers(World& theWorld, std::uint64_t seed, bool withFaults, DrawnDriver what)
      : world(theWorld), faults(withFaults), trouble(seed ^ 0x74726f75626c65ULL), drawn(std::move(what)) {}

  World& world;
  const bool faults;
  // Of what the drivers' own steps call forth.
  base::Random trouble;
  const DrawnDriver drawn;
  std::shared_ptr<lease::MemoryLeaseTables> tables = std::make_shared<lease::MemoryLeaseTables>();
  std::shared_ptr<lease::MemoryLeaseTable> leases = tables->at("app", kStream);
  std::unique_ptr<DeliveryChecker> delivery;
  std::unique_ptr<CheckpointPlace> place;
  std::vector<Node*> nodes;
  // By node; one for all where they share a directory, none where they have none.
  std::vector<WatchedDirectory> watched;
  std::uint64_t lives = 0;
  int stops = 0;
  int outages = 0;
  int damaged = 0;
  // Second drivers that were started on the directory of one that runs, and were kept out.
  int intruders = 0;
  std::uint64_t windows = 0;
  std::uint64_t states = 0;
  std::uint64_t across = 0;
  std::uint64_t slowBatches = 0;
  std::uint64_t claims = 0;
  // Of the log in the object store.
  std::uint64_t newestChunk = 0;
  // Nobody is started any more.
  bool ending = false;

  void addCompared(const BatchChecker& batches);
  WatchedDirectory* watchedOf(std::size_t node);
};

// The worker's id, and the node's name.
std::string driverName(std::size_t node);

// The user's program: a sink that commits in one step, and windows and state that are compared.
class RestartingDriver final : public NodeProgram, private StreamingListener {
 public:
  RestartingDriver(rt::Env& env, Drivers& drivers, std::size_t node);
  ~RestartingDriver() override;

  void stopGracefully();
  // Starts a second driver on the same directory, if this one has it: it must be fenced, and this one go on.
  void intrude();
  bool stopped() const { return context_->getState() == StreamingContextState::STOPPED; }
  Result<void> end() { return context_->awaitTermination(); }
  StreamingTotals totals() const { return context_->totals(); }
  bool lostShards() const { return lostShards_; }
  // Batches that this process has completed.
  int completed() const { return completed_; }
  // I13, I6, I18.
  void look();
  void onLeaseLost(const std::string& shardId);

 private:
  using Word = std::pair<std::string, std::int64_t>;

  std::unique_ptr<StreamingContext> define();
  static DStream<Word> wordsIn(const DStream<Delivered>& records);
  void addWindows(const DStream<Delivered>& records);
  void addState(const DStream<Delivered>& records);
  void mayFail(std::string_view point);
  void commit(const std::vector<Delivered>& records, const BatchInfo& batch);
  void onShardStarted(const std::string& streamName, const std::string& shardId, const std::string& from,
                      const std::string& afterSequenceNumber) override;
  void onBatchSubmitted(const BatchInfo& batch) override;
  void onBatchStarted(const BatchInfo& batch) override;
  void onBatchCompleted(const BatchInfo& batch) override;
  // At any await of what begins now.
  void armCrash();
  // I6.
  void lookAtIntruder();
  // I18: also among faults a graceful stop ends, with its grace.
  void lookAtStop();

  const std::unique_ptr<rt::WorkerPool> jobs_;
  rt::Env env_;
  Drivers& drivers_;
  const std::size_t node_;
  const std::uint64_t life_;
  const JobShape job_;
  std::unique_ptr<BatchChecker> own_;
  BatchChecker* checker_ = nullptr;
  std::set<std::string> started_;
  bool lostShards_ = false;
  std::optional<rt::TimePoint> askedToStop_;
  int completed_ = 0;
  lease::MemoryLeaseStoreFactory leases_;
  stream::Seams seams_;
  std::unique_ptr<StreamingContext> context_;

  // Another process of the same host, while it lives.
  struct Intruder;
  std::unique_ptr<Intruder> intruder_;
};

}  // namespace tidemill::sim

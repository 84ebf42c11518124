// stream/engine.h: the life of one context: batch ticks, jobs, graceful stop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "block/tiered_block_store.h"
#include "consume/shard_paces.h"
#include "rt/channel.h"
#include "rt/file_system.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "stream/batch_history.h"
#include "stream/batch_ledger.h"
#include "stream/batch_plan.h"
#include "stream/batch_presence.h"
#include "stream/dead_letter_office.h"
#include "stream/folder_looks.h"
#include "stream/graph.h"
#include "stream/job_runner.h"
#include "stream/kinesis_receiver.h"
#include "stream/partition_store.h"
#include "stream/rate_controller.h"
#include "stream/seams.h"
#include "stream/stored_blocks.h"
#include "tidemill/conf.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::stream {

// Lives on the control lane; made for one run. Destroying it abandons everything at once.
class Engine final : public ReceiverHost, private BatchLedgerHost {
 public:
  // References outlive this object; listeners are told on the control lane. `paces`: of the shards, shared
  // with all else that reads them.
  Engine(const Seams& seams, const Conf& conf, Duration batchInterval, std::shared_ptr<const Graph> graph,
         std::vector<StreamingListener*> listeners, std::shared_ptr<consume::ShardPaces> paces);
  ~Engine() override;

  // From the start to the end; the result says why it ended, success for a requested stop.
  rt::Task<Result<void>> run();
  // May be called again: a stop without grace cuts a graceful one short.
  void requestStop(bool graceful);

  // A setting that may change has changed in the Conf.
  void settingChanged(const std::string& key);

  StreamingTotals totals() const;
  // What the batch that is being worked on delivers of the block. Null: the block is of no such batch.
  std::shared_ptr<const block::BlockSource> find(const std::string& blockId) const;

 private:
  struct Event {
    enum class Kind { kStarted, kFailed, kStopGracefully, kStopTimedOut, kStopAtOnce, kStopped };
    Kind kind;
    // Of kFailed, and of a kStopped that did not go well.
    std::optional<Error> failure = std::nullopt;
  };

  void onBlock(std::size_t input, std::shared_ptr<const block::BlockInfo> block) override;
  consume::ShardStart onShardStarted(std::size_t input, const std::string& streamName,
                                     const consume::ShardStart& start) override;
  void onShardLost(std::size_t input, const consume::ShardStop& stop) override;
  bool logsBlocks() const override { return ledger_ != nullptr; }
  bool isLogged(std::size_t input, const block::SliceInfo& slice) const override {
    return ledger_ != nullptr && ledger_->isLogged(input, slice);
  }
  void onReceiver(ReceiverEvent event, const ReceiverInfo& receiver) override;
  void onReceiverFailed(const Error& error) override;

  rt::Task<void> start();
  rt::Task<Result<void>> lockState();
  rt::Task<Result<void>> openStore();
  std::shared_ptr<const Batch> deliverable(const Batch& batch);
  rt::Task<Result<void>> startReceivers();
  std::unique_ptr<InputReceiver> makeReceiver(std::size_t input);
  void beginBatches();
  // Events until the end; the result says why.
  rt::Task<Result<void>> live();
  rt::Task<void> tick();
  void allocate(Time time);
  void submit(Batch batch);
  std::unique_ptr<RateController> makeRates();
  // A batch: engine_batch.cc.
  rt::Task<void> processBatches();
  rt::Task<Result<void>> processBatch(std::shared_ptr<const Batch> whole);
  // One try: `batch` becomes what was delivered of it.
  rt::Task<Result<void>> tryBatch(std::shared_ptr<const Batch>& batch, int attempt);
  // The same with every block where it should be; `unreadable` is filled with what was not.
  rt::Task<Result<void>> runBatch(std::shared_ptr<const Batch>& batch, int attempt,
                                  std::vector<std::string>& unreadable);
  // The same batch, of which the first try begins.
  std::shared_ptr<const Batch> begun(const Batch& batch);
  void noteFailed(const Batch& batch, int attempt, const Error& error);
  void markProcessed(const Batch& batch);
  rt::Task<Result<void>> findHistory(std::vector<BlockRecovery*> inputs);
  void batchDone(std::shared_ptr<const Batch> whole, std::shared_ptr<const Batch> delivered, int attempt);
  void release(const Batch& whole);
  // The checkpoint directory, if there is one: engine_checkpoint.cc.
  void onBlockLogged(std::size_t input, std::shared_ptr<const block::BlockInfo> block) override;
  void onLedgerFailed(const Error& error) override;
  rt::Task<Result<void>> openLedger();
  Result<void> matchProgram();
  void takeLeft(std::size_t input, const BlockInfoList& blocks);
  std::set<std::string> snapshotsDue(Time time) const;
  rt::Task<void> storeSnapshots(std::shared_ptr<std::vector<StateSnapshot>> taken);
  rt::Task<void> storeLastState();
  rt::Task<Result<void>> logAllocated();
  rt::Task<Result<void>> logCompleted(std::shared_ptr<const Batch> whole,
                                      std::shared_ptr<const Batch> delivered);
  void cleanLedger(Time completed);
  rt::Task<Result<void>> closeLedger();
  rt::Task<void> abandonLedger();
  rt::Task<void> tryToCloseLedger();
  // What an earlier process has left: engine_restart.cc.
  rt::Task<Result<void>> restart();
  void restoreFiles(const Batch& batch);
  rt::Task<Result<void>> storePositions();
  void forgetState();
  rt::Task<Result<void>> restoreState();
  void pushRestart();
  // The end: engine_stop.cc.
  void beginGracefulStop();
  void stopStarting();
  rt::Task<void> cutStart();
  rt::Task<void> releaseLeases();
  rt::Task<void> stopGracefully();
  rt::Task<void> drainReceivers();
  rt::Task<Result<void>> finishReceivers();
  Duration grace() const;
  rt::Task<void> awaitGraceDeadline();
  Error stopTimedOut() const;
  rt::Task<void> stopAtOnce();
  rt::Task<void> closeStore();
  rt::Task<void> closePartitions();

  const Seams& seams_;
  const rt::Env& env_;
  const Conf& conf_;
  const Duration interval_;
  const std::shared_ptr<const Graph> graph_;
  // Null: backpressure is off.
  const std::unique_ptr<RateController> rates_;
  const std::vector<StreamingListener*> listeners_;

  BatchPlan plan_;
  FolderLooks folders_;
  std::optional<BatchTimes> times_;
  std::int64_t ticks_ = 0;
  bool busy_ = false;
  // Shared with the outputs that run: none of them ever runs beside another process on this state.
  std::shared_ptr<rt::FileLock> stateLock_;
  // Of persisted RDDs.
  std::shared_ptr<PartitionStore> partitions_;
  WorkerLife life_;
  std::unique_ptr<StoredBlocks> blocks_;
  block::TieredBlockStore* tiered_ = nullptr;
  std::unique_ptr<BatchPresence> presence_;
  // By block id, of the batch that is being worked on: its current try holds them.
  std::map<std::string, std::weak_ptr<const BlockView>> views_;
  // All of them, until the batch has succeeded.
  std::shared_ptr<const Views> lastViews_;
  BatchHistory history_;
  // For each input, what an earlier process has left.
  std::vector<BlockInfoList> left_;
  std::vector<std::unique_ptr<InputReceiver>> receivers_;
  // Null: there is no checkpoint directory.
  std::unique_ptr<BatchLedger> ledger_;
  // Batches of an earlier process that are run again, and the time of the last one that it allocated.
  std::vector<Batch> again_;
  std::optional<Time> lastAllocated_;
  // Leases that come later find nothing left for them.
  rt::TimePoint awaitedUntil_{};
  // The time before the first batch whose blocks the directory has.
  std::optional<Time> sinceStart_;
  // Of the last batch that this process has completed.
  std::optional<Time> lastCompleted_;
  // Of operators with state, by uid: times of the newest snapshots that have survived.
  std::map<std::string, Time> snapshots_;
  // Of the batch that is worked on.
  std::shared_ptr<std::vector<StateSnapshot>> takenSnapshots_;
  DeadLetterOffice letters_;
  rt::Channel<Event> events_;
  rt::Channel<std::shared_ptr<const Batch>> batches_;
  std::optional<Error> batchFailure_;
  // Before the groups whose tasks wait for it.
  rt::TaskGroup snapshotting_;
  std::unique_ptr<rt::TaskGroup> ticker_;
  std::unique_ptr<rt::TaskGroup> processor_;
  // Of a graceful stop.
  rt::TimePoint graceEnds_{};
  // One that came before the first batch.
  bool cutShort_ = false;
  bool startsReceivers_ = false;
  // The start, and later the graceful stop: tasks that a stop without grace cuts short.
  std::unique_ptr<rt::TaskGroup> phase_;
};

}  // namespace tidemill::stream

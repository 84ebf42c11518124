// tidemill/consumer.h: reads a stream shard by shard, sharing it with other workers. (KCL: Scheduler, Worker)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/aggregation.h"
#include "tidemill/consumer_options.h"
#include "tidemill/result.h"
#include "tidemill/shard_handler.h"
#include "tidemill/time.h"

namespace tidemill {

namespace consume {
struct ConsumerSeams;
class ConsumerCore;
}  // namespace consume

enum class ConsumerState {
  kNew,
  kStarting,  // Opens the lease table and takes its first leases.
  kRunning,
  kStopping,
  kStopped,
};
// "new", "starting", …
std::string_view consumerStateName(ConsumerState state);

enum class ShardActivity {
  kInitializing,
  kWaiting,     // For records.
  kProcessing,  // A call is running.
  kRetrying,    // A call failed and is made again later.
  kStopped,     // Until the process starts again; see ShardStatus::reason.
  kEnding,      // The end of the shard is being written.
};
// "initializing", "waiting", …
std::string_view shardActivityName(ShardActivity activity);

struct ShardStatus {
  std::string shardId;
  ShardActivity activity = ShardActivity::kInitializing;
  // Of the lease row, as last written.
  CheckpointPosition checkpoint;
  // How far the records of the last batch were behind the tip; negative: unknown.
  Duration millisBehindLatest{-1};
  // Calls in a row that did not succeed.
  int failures = 0;
  // Why it stands still or is tried again; never the content of a record.
  std::string reason;
};

struct ConsumerStatus {
  ConsumerState state = ConsumerState::kNew;
  // Drawn if the options gave none.
  std::string workerId;
  // Of this run: records given to handlers at least once, records behind which a lease checkpoint was
  // written, and records that went to the dead letters.
  std::int64_t delivered = 0;
  std::int64_t checkpointed = 0;
  std::int64_t deadLettered = 0;
  // Of this run.
  AggregateTotals aggregates = {};
  // The shards that this worker reads, by shard id.
  std::vector<ShardStatus> shards;
};

// One worker of an application. Make it, start it, wait for its end:
//
//   class Printer final : public ShardHandler {
//     Outcome processRecords(const RecordBatch& batch, Checkpointer&) override {
//       for (const Record& record : batch.records) std::cout << record.text() << '\n';
//       return Outcome::ok();
//     }
//   };
//   ConsumerOptions options;
//   options.applicationName = "printer";
//   options.streamName = "orders";
//   Consumer consumer(options, [](const std::string&) { return std::make_unique<Printer>(); });
//   consumer.start();
//   Result<void> end = consumer.awaitTermination();
//
// Records are delivered at least once and in order within their shard; children of a shard are read after it.
// Thread safe. In a world of its own (the first constructor) it starts its threads when it is made and joins
// them when it is destroyed, which waits for handler calls that are running.
class Consumer {
 public:
  // Throws Error(kInvalidConfig) naming the option, and Error(kUsage) for an empty factory.
  Consumer(ConsumerOptions options, ShardHandlerFactory factory);
  // Borrows its surroundings: simulation and tests. Made, used and destroyed on their control lane.
  Consumer(const consume::ConsumerSeams& seams, ConsumerOptions options, ShardHandlerFactory factory);
  // Ends without grace if it still runs: nothing more is written, and its leases run out.
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Begins in the background; failures to begin are what awaitTermination() gives: kNoCredentials,
  // kUnknownStream, kForeignTable (the lease table serves another stream or is none), kWorkerIdInUse,
  // kUnsupportedFleet, … A second call does nothing; throws Error(kUsage) after the end.
  void start();
  // Asks for the end and returns at once. Running calls end, shutdownRequested() is called, lease checkpoints
  // are written and leases given up, so that other workers go on at once. Calls that take longer than
  // shutdownGrace are left alone and not waited for.
  void requestStop();
  // requestStop() and awaitTermination().
  Result<void> stop();
  // Blocks until the consumer has stopped. An error says why it stopped by itself.
  Result<void> awaitTermination();
  // False if it still runs after `patience`.
  bool awaitTerminationOrTimeout(Duration patience);

  ConsumerState state() const;
  // At most half a second old.
  ConsumerStatus status() const;

 private:
  std::shared_ptr<consume::ConsumerCore> core_;
};

}  // namespace tidemill

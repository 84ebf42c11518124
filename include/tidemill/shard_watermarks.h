// tidemill/shard_watermarks.h: how far the shards are whose records are handled out of step with their
// arrival.
#pragma once

#include <memory>
#include <string>

#include "tidemill/kinesis_checkpointer.h"
#include "tidemill/result.h"
#include "tidemill/shard_handler.h"

namespace tidemill {

// When a record is safe. (`kinesis.checkpoint.after`)
enum class CheckpointAfter {
  kProcessed,  // Its outputs have succeeded: nothing is lost even if everything kept here is.
  kStored,     // It lies in a store that outlives the process. As Spark does it.
};

// Notes runs of records (blocks, batches) of each shard from their arrival on. What may be checkpointed ends
// where the first run begins that is not safe, in whatever order runs become so. Holds one entry for each run
// between its arrival and the moment when it and all before it are safe; whoever receives bounds that number.
// Thread safe.
class ShardWatermarks final : public CheckpointReceiver {
 public:
  explicit ShardWatermarks(CheckpointAfter after = CheckpointAfter::kProcessed);
  ~ShardWatermarks() override;

  // A run has arrived whose last record is at `upTo`. In the order of the shard. kInvalidArgument if `upTo`
  // is no sequence number, or not behind the run before.
  Result<void> received(const std::string& shardId, const CheckpointPosition& upTo);
  // The run that ends at `upTo` is stored, or its outputs have succeeded, which counts as stored too. Runs
  // that are not known (any more) are ignored.
  void stored(const std::string& shardId, const CheckpointPosition& upTo);
  void processed(const std::string& shardId, const CheckpointPosition& upTo);
  // The shard is another worker's: what comes later counts from new.
  void forget(const std::string& shardId);

  ShardProgress progress(const std::string& shardId) const override;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace tidemill

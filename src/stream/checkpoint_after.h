// stream/checkpoint_after.h: what the lease checkpoints of a context follow.
#pragma once

#include "tidemill/conf.h"
#include "tidemill/shard_watermarks.h"

namespace tidemill::stream {

inline CheckpointAfter checkpointAfter(const Conf& conf) {
  const bool stored = conf.getText("kinesis.checkpoint.after") == "stored";
  return stored ? CheckpointAfter::kStored : CheckpointAfter::kProcessed;
}

}  // namespace tidemill::stream

// stream/shared_stream.h: several inputs of one stream and application.
#pragma once

#include <vector>

#include "tidemill/kinesis_utils.h"

namespace tidemill::stream {

// Adds an input, and returns its place. Where an input before it reads the same stream for the same
// application, that one reads for both, each record once: KinesisSource::readsFor. Throws Error(kUsage) if
// one reader cannot do what both ask for. (Spark: receivers are workers of one application, which share its
// shards; more receivers than shards are idle)
int addInput(std::vector<KinesisSource>& inputs, KinesisSource added);

}  // namespace tidemill::stream

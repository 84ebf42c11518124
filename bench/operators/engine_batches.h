// operators/engine_batches.h: what batches of many blocks cost the whole engine.
#pragma once

#include <cstddef>

namespace tidemill::bench {

// Runs `rounds` batches of `blocks` blocks of one record each through a StreamingContext with its own
// threads, and prints what one takes from the tick to its end, as one JSON object. False: it ended early.
bool engineBatches(int rounds, std::size_t blocks);

}  // namespace tidemill::bench

// stream/graph.h: what the user's program consists of.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tidemill::stream {

struct OutputOperation {
  std::string name;
  std::function<void(detail::BatchContext&)> body;
};

// Filled while the program is put together, then read only.
struct Graph {
  std::vector<KinesisSource> inputs;
  std::vector<OutputOperation> outputs;
  int streams = 0;
};

}  // namespace tidemill::stream

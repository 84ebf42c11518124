// fake/dynamo_capacity.h: the units of throughput that a call consumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json_writer.h"
#include "fake/input_value.h"

namespace tidemill::fake {

// Halves of a unit: an eventually consistent read of 4 KiB is one.
struct ConsumedUnits {
  std::string table;
  std::int64_t tableHalves = 0;
  // Of the index that a query or scan read.
  std::string index{};
  bool globalIndex = true;
  std::int64_t indexHalves = 0;
};

// At least one half; every 4 KiB that is begun counts.
std::int64_t readHalves(std::size_t bytes, bool consistent);
// Every KiB that is begun of the larger of the item before and the item after.
std::int64_t writeHalves(std::size_t before, std::size_t after);

// "ConsumedCapacity" of the answer, if ReturnConsumedCapacity of `input` asks for it.
void writeConsumed(codec::JsonWriter& out, const InputValue& input, const ConsumedUnits& units);
// The same as a list, for batches.
void writeConsumed(codec::JsonWriter& out, const InputValue& input, const std::vector<ConsumedUnits>& units);

}  // namespace tidemill::fake

// codec/test_modes.h: for suites that run twice, as Spark's do: with records of their own and with aggregated
// ones.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/test_kpl.h"
#include "tidemill/record.h"

namespace tidemill::codec {

inline std::string modeName(const testing::TestParamInfo<Aggregation>& mode) {
  return mode.param == Aggregation::kPart ? "Aggregated" : "Plain";
}
inline auto plainAndAggregated() {
  return testing::Values(Aggregation::kNone, Aggregation::kPart);
}

// The records that one record of Kinesis is taken apart into.
inline int partsOf(Aggregation mode) {
  return mode == Aggregation::kPart ? 3 : 1;
}

// A page as GetRecords gives it, with a record of each number, whose data begin with the number: a record of
// its own, or one with partsOf() parts, the last of which has a hash key.
inline RecordsPage pageIn(Aggregation mode, const std::vector<std::string>& numbers,
                          std::optional<std::string> next = "next", std::int64_t millisBehind = 0) {
  std::vector<OuterRecord> outer;
  for (const std::string& number : numbers) {
    const std::string aggregate = aggregateOf(
        {{"key-0", number + "/0"}, {"key-1", number + "/1"}, {"key-2", number + "/2", std::string("7")}});
    outer.push_back({number, mode == Aggregation::kPart ? aggregate : number + "/0"});
  }
  return kplPageOf(outer, std::move(next), millisBehind);
}

}  // namespace tidemill::codec

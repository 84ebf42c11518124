// stream/test_numbers.h: integers as records, for tests that count which of them arrive.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "codec/test_kpl.h"
#include "codec/test_modes.h"
#include "kinesis/kinesis_api.h"
#include "tidemill/record.h"

namespace tidemill {

// The integers from `first` to `last` as entries of PutRecords, over all quarters of the hash keys: each a
// record of its own, or several in one record as the Kinesis Producer Library packs them.
inline std::vector<kinesis::PutEntry> numberEntries(int first, int last, Aggregation mode) {
  // The middle of each quarter.
  static const std::array<std::string, 4> kHashKeys = {
      "42535295865117307932921825928971026432", "127605887595351923798765477786913079296",
      "212676479325586539664609129644855132160", "297747071055821155530452781502797185024"};
  std::vector<kinesis::PutEntry> entries;
  for (int begin = first; begin <= last; begin += codec::partsOf(mode)) {
    const std::string& hashKey = kHashKeys[entries.size() % kHashKeys.size()];
    if (mode == Aggregation::kNone) {
      entries.push_back({std::to_string(begin), "key", hashKey});
      continue;
    }
    std::vector<codec::PartPlan> parts;
    for (int number = begin; number <= std::min(last, begin + codec::partsOf(mode) - 1); ++number) {
      parts.push_back({"key", std::to_string(number), hashKey});
    }
    entries.push_back({codec::aggregateOf(parts), "a", hashKey});
  }
  return entries;
}

inline int numberIn(const Record& record) {
  return std::stoi(std::string(record.text()));
}

}  // namespace tidemill

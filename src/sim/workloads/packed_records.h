// sim/workloads/packed_records.h: records as the Kinesis Producer Library packs them, and what was packed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tidemill::sim {

// One of the records that are packed together.
struct PackedPart {
  std::string partitionKey;
  std::string text;

  friend bool operator==(const PackedPart&, const PackedPart&) = default;
};

// Packs, and remembers what is in each payload, so that a checker knows it without the code under test.
class PackedRecords {
 public:
  // The payload of one record with all `parts`: magic, protobuf message, MD5.
  std::string pack(const std::vector<PackedPart>& parts);
  // Null: `payload` was not made here, it is a record of its own.
  const std::vector<PackedPart>* find(std::string_view payload) const;

 private:
  std::map<std::string, std::vector<PackedPart>, std::less<>> byPayload_;
};

}  // namespace tidemill::sim

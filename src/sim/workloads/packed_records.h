// sim/workloads/packed_records.h: records as the Kinesis Producer Library packs them, and what was packed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
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
  // The same with an MD5 that is not that of the message: nobody can tell what is in it, so that it is given
  // as it is, marked.
  std::string packDamaged(const std::vector<PackedPart>& parts);
  bool isDamaged(std::string_view payload) const { return damaged_.count(payload) > 0; }
  std::uint64_t damaged() const { return damaged_.size(); }
  // Null: `payload` is a record of its own.
  const std::vector<PackedPart>* find(std::string_view payload) const;

 private:
  std::map<std::string, std::vector<PackedPart>, std::less<>> byPayload_;
  std::set<std::string, std::less<>> damaged_;
};

}  // namespace tidemill::sim

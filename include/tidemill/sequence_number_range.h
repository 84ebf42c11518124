// tidemill/sequence_number_range.h: which records of a shard a block or a batch holds.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/content_hash.h"

namespace tidemill {

// A run of records of one shard, both ends inclusive. Sequence numbers have gaps, so the difference of the
// ends says nothing about the count. (Spark: SequenceNumberRange, of which the first four are enough)
struct SequenceNumberRange {
  std::string streamName;
  std::string shardId;
  std::string fromSeqNumber;
  std::string toSeqNumber;
  // Number of records, those inside of aggregated records counted one by one; 0 means unknown.
  std::int64_t recordCount = 0;
  // Of an end that lies inside an aggregated record: the first and the last of its parts that belong to the
  // range. None: from its first part, to its last.
  std::optional<std::uint64_t> fromSubSeqNumber = std::nullopt;
  std::optional<std::uint64_t> toSubSeqNumber = std::nullopt;
  // Of all its records in order. None: unknown, so what is read again cannot be compared.
  std::optional<ContentHash> contentHash = std::nullopt;

  // Spark's form: SequenceNumberRange(orders,shardId-000000000000,4951,4977,12); sub-sequence ends follow
  // their numbers as 4951:3.
  std::string toString() const;

  friend bool operator==(const SequenceNumberRange&, const SequenceNumberRange&) = default;
};

// Ranges in the order in which their records arrived; several may be of the same shard, or of others.
// (Spark: SequenceNumberRanges)
class SequenceNumberRanges {
 public:
  SequenceNumberRanges() = default;
  SequenceNumberRanges(std::initializer_list<SequenceNumberRange> ranges) : ranges_(ranges) {}
  explicit SequenceNumberRanges(std::vector<SequenceNumberRange> ranges) : ranges_(std::move(ranges)) {}

  bool isEmpty() const { return ranges_.empty(); }
  bool nonEmpty() const { return !ranges_.empty(); }
  // SequenceNumberRanges(<first>, <second>, …), each as its own toString().
  std::string toString() const;

  const std::vector<SequenceNumberRange>& ranges() const { return ranges_; }
  std::size_t size() const { return ranges_.size(); }
  const SequenceNumberRange& operator[](std::size_t index) const { return ranges_[index]; }
  auto begin() const { return ranges_.begin(); }
  auto end() const { return ranges_.end(); }
  void reserve(std::size_t count) { ranges_.reserve(count); }
  void push_back(SequenceNumberRange range) { ranges_.push_back(std::move(range)); }

  friend bool operator==(const SequenceNumberRanges&, const SequenceNumberRanges&) = default;

 private:
  std::vector<SequenceNumberRange> ranges_;
};

}  // namespace tidemill

// lease/checkpoint.h: the position written to a shard's lease row.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace tidemill::lease {

// A sentinel, or a sequence number with the index inside an aggregated record. Ordered as KCL orders its
// extended sequence numbers: AT_TIMESTAMP < TRIM_HORIZON < LATEST < every number < SHARD_END. The order of
// the sentinels among each other only exists so that a checkpoint may move on from any of them.
class Checkpoint {
 public:
  enum class Kind { kAtTimestamp, kTrimHorizon, kLatest, kSequenceNumber, kShardEnd };

  Checkpoint() = default;  // TRIM_HORIZON.
  static Checkpoint trimHorizon() { return Checkpoint(Kind::kTrimHorizon); }
  static Checkpoint latest() { return Checkpoint(Kind::kLatest); }
  static Checkpoint atTimestamp() { return Checkpoint(Kind::kAtTimestamp); }
  static Checkpoint shardEnd() { return Checkpoint(Kind::kShardEnd); }
  // `number` must be a sequence number.
  static Checkpoint at(std::string number, std::uint64_t subSequenceNumber = 0);

  // The text of a row's `checkpoint` attribute; nothing if it is neither a sentinel nor a number.
  static std::optional<Checkpoint> parse(const std::string& text, std::uint64_t subSequenceNumber);
  // "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END" or the digits.
  std::string text() const;

  Kind kind() const { return kind_; }
  bool isSequenceNumber() const { return kind_ == Kind::kSequenceNumber; }
  bool isShardEnd() const { return kind_ == Kind::kShardEnd; }
  // Empty for sentinels.
  const std::string& sequenceNumber() const { return number_; }
  std::uint64_t subSequenceNumber() const { return subSequenceNumber_; }

  friend std::strong_ordering operator<=>(const Checkpoint& a, const Checkpoint& b);
  friend bool operator==(const Checkpoint& a, const Checkpoint& b) { return (a <=> b) == 0; }

 private:
  explicit Checkpoint(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::kTrimHorizon;
  std::string number_;
  std::uint64_t subSequenceNumber_ = 0;
};

}  // namespace tidemill::lease

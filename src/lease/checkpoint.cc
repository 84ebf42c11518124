#include "lease/checkpoint.h"

#include <utility>

#include "base/check.h"
#include "tidemill/sequence_number.h"

namespace tidemill::lease {

Checkpoint Checkpoint::at(std::string number, std::uint64_t subSequenceNumber) {
  TIDEMILL_CHECK(tidemill::isSequenceNumber(number), number);
  Checkpoint checkpoint(Kind::kSequenceNumber);
  checkpoint.number_ = std::move(number);
  checkpoint.subSequenceNumber_ = subSequenceNumber;
  return checkpoint;
}

std::optional<Checkpoint> Checkpoint::parse(const std::string& text, std::uint64_t subSequenceNumber) {
  if (text == "TRIM_HORIZON") return trimHorizon();
  if (text == "LATEST") return latest();
  if (text == "AT_TIMESTAMP") return atTimestamp();
  if (text == "SHARD_END") return shardEnd();
  if (!tidemill::isSequenceNumber(text)) return std::nullopt;
  return at(text, subSequenceNumber);
}

std::string Checkpoint::text() const {
  switch (kind_) {
    case Kind::kAtTimestamp:
      return "AT_TIMESTAMP";
    case Kind::kTrimHorizon:
      return "TRIM_HORIZON";
    case Kind::kLatest:
      return "LATEST";
    case Kind::kSequenceNumber:
      return number_;
    case Kind::kShardEnd:
      return "SHARD_END";
  }
  return {};
}

std::strong_ordering operator<=>(const Checkpoint& a, const Checkpoint& b) {
  if (a.kind_ != b.kind_) return static_cast<int>(a.kind_) <=> static_cast<int>(b.kind_);
  if (!a.isSequenceNumber()) return std::strong_ordering::equal;
  const auto numbers = compareSequenceNumbers(a.number_, b.number_);
  if (numbers != 0) return numbers;
  return a.subSequenceNumber_ <=> b.subSequenceNumber_;
}

}  // namespace tidemill::lease

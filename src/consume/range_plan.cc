#include "consume/range_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/text.h"
#include "tidemill/sequence_number.h"

namespace tidemill::consume {
namespace {

constexpr std::uint64_t kLastPart = std::numeric_limits<std::uint64_t>::max();

std::strong_ordering compare(std::string_view number, std::uint64_t part, std::string_view otherNumber,
                             std::uint64_t otherPart) {
  const auto order = compareSequenceNumbers(number, otherNumber);
  return order != 0 ? order : part <=> otherPart;
}

bool beginsBefore(const SequenceNumberRange& a, const SequenceNumberRange& b) {
  return compare(a.fromSeqNumber, a.fromSubSeqNumber.value_or(0), b.fromSeqNumber,
                 b.fromSubSeqNumber.value_or(0)) < 0;
}

tl::unexpected<Error> refuse(const SequenceNumberRange& range, const std::string& what) {
  return fail(
      Error(Code::kUsage, what, "check the range: a stream, a shard, and two numbers that it has given")
          .within(rangeContext(range)));
}

std::string endText(const std::string& number, const std::optional<std::uint64_t>& part) {
  const std::string text = base::quoteIfNeeded(number);
  return part ? fmt::format("{} part {}", text, *part) : text;
}

}  // namespace

Result<void> checkRange(const SequenceNumberRange& range, const std::string& stream) {
  if (range.streamName.empty() || range.shardId.empty())
    return refuse(range, "it names no stream or no shard");
  if (!stream.empty() && range.streamName != stream) {
    return refuse(range, "it is of another stream than " + base::quoteIfNeeded(stream));
  }
  for (const std::string& number : {range.fromSeqNumber, range.toSeqNumber}) {
    if (!isSequenceNumber(number))
      return refuse(range, base::quoteIfNeeded(number) + " is no sequence number");
  }
  if (compare(range.fromSeqNumber, range.fromSubSeqNumber.value_or(0), range.toSeqNumber,
              range.toSubSeqNumber.value_or(kLastPart)) > 0) {
    return refuse(range, "it ends before it begins");
  }
  if (range.recordCount < 0) return refuse(range, "its count of records is negative");
  return {};
}

Result<std::vector<ShardRanges>> planRanges(std::span<const SequenceNumberRange> ranges,
                                            const std::string& stream) {
  if (ranges.empty()) return fail(Code::kUsage, "there is no range to read", "name at least one");
  std::vector<ShardRanges> plan;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const SequenceNumberRange& range = ranges[i];
    if (auto good = checkRange(range, stream); !good) return fail(good.error());
    const auto [place, added] = places.emplace(std::pair(range.streamName, range.shardId), plan.size());
    if (added) plan.push_back({range.streamName, range.shardId, {}});
    plan[place->second].indexes.push_back(i);
  }
  for (ShardRanges& shard : plan) {
    std::sort(shard.indexes.begin(), shard.indexes.end(), [&](std::size_t a, std::size_t b) {
      if (beginsBefore(ranges[a], ranges[b])) return true;
      return !beginsBefore(ranges[b], ranges[a]) && a < b;
    });
  }
  return plan;
}

RangePlace placeOf(const Record& record, const SequenceNumberRange& range) {
  const auto fromStart = compareSequenceNumbers(record.sequenceNumber, range.fromSeqNumber);
  if (fromStart < 0 || (fromStart == 0 && record.subSequenceNumber < range.fromSubSeqNumber.value_or(0))) {
    return RangePlace::kBefore;
  }
  const auto toEnd = compareSequenceNumbers(record.sequenceNumber, range.toSeqNumber);
  if (toEnd > 0 || (toEnd == 0 && record.subSequenceNumber > range.toSubSeqNumber.value_or(kLastPart))) {
    return RangePlace::kBehind;
  }
  return RangePlace::kInside;
}

std::string rangeContext(const SequenceNumberRange& range) {
  return fmt::format("range {} to {} of shard {} of stream {}",
                     endText(range.fromSeqNumber, range.fromSubSeqNumber),
                     endText(range.toSeqNumber, range.toSubSeqNumber), base::quoteIfNeeded(range.shardId),
                     base::quoteIfNeeded(range.streamName));
}

}  // namespace tidemill::consume

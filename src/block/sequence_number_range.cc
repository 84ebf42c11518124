#include "tidemill/sequence_number_range.h"

#include <fmt/format.h>

namespace tidemill {
namespace {

std::string endText(const std::string& number, const std::optional<std::uint64_t>& part) {
  return part ? fmt::format("{}:{}", number, *part) : number;
}

}  // namespace

std::string SequenceNumberRange::toString() const {
  return fmt::format("SequenceNumberRange({},{},{},{},{})", streamName, shardId,
                     endText(fromSeqNumber, fromSubSeqNumber), endText(toSeqNumber, toSubSeqNumber),
                     recordCount);
}

std::string SequenceNumberRanges::toString() const {
  std::string text = "SequenceNumberRanges(";
  for (const SequenceNumberRange& range : ranges_) {
    if (&range != ranges_.data()) text += ", ";
    text += range.toString();
  }
  return text + ")";
}

}  // namespace tidemill

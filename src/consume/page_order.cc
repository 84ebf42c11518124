#include "consume/page_order.h"

#include <algorithm>
#include <compare>
#include <string>

#include "base/text.h"
#include "tidemill/sequence_number.h"

namespace tidemill::consume {
namespace {

// The numbers of a shard nearly always have equally many digits, and then their bytes decide.
std::strong_ordering order(const Record& a, const Record& b) {
  if (a.sequenceNumber.size() == b.sequenceNumber.size())
    return a.sequenceNumber.compare(b.sequenceNumber) <=> 0;
  return compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber);
}

bool isAfter(std::string_view last, const std::vector<Record>& records) {
  return last.empty() || records.empty() || compareSequenceNumbers(records.front().sequenceNumber, last) > 0;
}

}  // namespace

Result<std::size_t> continueAfter(std::string_view last, codec::RecordsPage& page) {
  auto& records = page.records;
  if (page.ascending && isAfter(last, records)) return 0;
  bool twins = false;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto step = order(records[i - 1], records[i]);
    if (step > 0) {
      return fail(Code::kMalformedResponse,
                  "GetRecords gave record " + base::quoteIfNeeded(records[i].sequenceNumber) +
                      " after record " + base::quoteIfNeeded(records[i - 1].sequenceNumber),
                  "check that the endpoint is Kinesis");
    }
    twins = twins || step == 0;
  }
  const std::size_t before = records.size();
  if (!last.empty()) {
    const auto fresh = std::find_if(records.begin(), records.end(), [last](const Record& record) {
      return compareSequenceNumbers(record.sequenceNumber, last) > 0;
    });
    records.erase(records.begin(), fresh);
  }
  if (twins) {
    const auto same = [](const Record& a, const Record& b) { return order(a, b) == 0; };
    records.erase(std::unique(records.begin(), records.end(), same), records.end());
  }
  if (records.size() != before) page.payloadBytes = codec::payloadBytesOf(records);
  return before - records.size();
}

bool areChildrenOf(std::string_view shardId, const std::vector<codec::ChildShard>& children) {
  return std::all_of(children.begin(), children.end(), [shardId](const codec::ChildShard& child) {
    const auto& parents = child.parentShards;
    return std::find(parents.begin(), parents.end(), shardId) != parents.end();
  });
}

}  // namespace tidemill::consume

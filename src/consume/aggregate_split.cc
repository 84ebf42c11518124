#include "consume/aggregate_split.h"

#include <algorithm>
#include <utility>

#include "tidemill/sequence_number.h"

namespace tidemill::consume {

std::size_t dropProcessed(codec::RecordsPage& page, const ResumePoint& point) {
  auto& records = page.records;
  const auto fresh = std::find_if(records.begin(), records.end(), [&point](const Record& record) {
    const auto order = compareSequenceNumbers(record.sequenceNumber, point.sequenceNumber);
    if (order != 0) return order > 0;
    return record.aggregation == Aggregation::kPart ? record.subSequenceNumber > point.part : point.part > 0;
  });
  const auto dropped = static_cast<std::size_t>(fresh - records.begin());
  if (dropped == 0) return 0;
  records.erase(records.begin(), fresh);
  page.payloadBytes = codec::payloadBytesOf(records);
  return dropped;
}

AggregateSplit::AggregateSplit(std::string stream, std::string shardId, codec::KplRules rules,
                               base::LogSink& log, std::shared_ptr<AggregateCounters> counters)
    : stream_(std::move(stream)),
      shardId_(std::move(shardId)),
      rules_(rules),
      log_(log),
      counters_(std::move(counters)) {}

void AggregateSplit::apply(codec::RecordsPage& page) {
  if (page.records.empty()) return;
  const std::string_view last = page.records.back().sequenceNumber;
  const codec::KplReport report = codec::splitAggregates(page, rules_);
  if (counters_ != nullptr) counters_->add(report.counts);
  for (const codec::KplFinding& finding : report.findings) tell(finding);
  if (report.findings.size() == codec::KplReport::kFindingsMax) tellRest(report);
  if (!resume_) return;
  dropProcessed(page, *resume_);
  if (compareSequenceNumbers(last, resume_->sequenceNumber) >= 0) resume_.reset();
}

void AggregateSplit::tell(const codec::KplFinding& finding) const {
  using Kind = codec::KplFinding::Kind;
  switch (finding.kind) {
    case Kind::kDamaged:
      log_.warning("aggregate_damaged", {{"stream", stream_},
                                         {"shard", shardId_},
                                         {"sequenceNumber", finding.sequenceNumber},
                                         {"reason", codec::kplFaultName(finding.fault)}});
      return;
    case Kind::kDropped:
    case Kind::kOutOfRange:
      log_.warning(finding.kind == Kind::kDropped ? "aggregate_dropped" : "aggregate_out_of_range",
                   {{"stream", stream_},
                    {"shard", shardId_},
                    {"sequenceNumber", finding.sequenceNumber},
                    {"parts", finding.parts},
                    {"outside", finding.outside},
                    {"reason", "a part belongs into another shard"}});
      return;
    case Kind::kEmpty:
      log_.warning("aggregate_empty", {{"stream", stream_},
                                       {"shard", shardId_},
                                       {"sequenceNumber", finding.sequenceNumber},
                                       {"reason", "it has no parts"}});
      return;
  }
}

// A page may hold thousands of such records; their numbers are told as a run.
void AggregateSplit::tellRest(const codec::KplReport& report) const {
  log_.warning("aggregates_with_problems", {{"stream", stream_},
                                            {"shard", shardId_},
                                            {"after", report.findings.back().sequenceNumber},
                                            {"damagedInPage", report.counts.damaged},
                                            {"droppedInPage", report.counts.dropped},
                                            {"partsOutOfRangeInPage", report.counts.partsOutOfRange},
                                            {"emptyInPage", report.counts.empty}});
}

}  // namespace tidemill::consume

#include "consume/found_range.h"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <utility>

#include "consume/range_plan.h"

namespace tidemill::consume {
namespace {

std::string countText(const SequenceNumberRange& asked, std::int64_t left) {
  if (asked.recordCount > 0) return fmt::format("{} of {} records are left", left, asked.recordCount);
  return left == 0 ? std::string("no record is left") : fmt::format("{} records are left", left);
}

std::string_view copyInto(codec::Body& body, std::string_view bytes) {
  char* to = body.extend(bytes.size());
  bytes.copy(to, bytes.size());
  return {to, bytes.size()};
}

std::size_t bytesOf(const Record& record) {
  return record.data.size() + record.partitionKey.size() + record.sequenceNumber.size() +
         record.explicitHashKey.size();
}

}  // namespace

Error RangeLoss::error() const {
  std::string what = rangeContext(asked) + ": " + countText(asked, left.recordCount);
  if (left.recordCount > 0) {
    what += fmt::format(", from {} to {}", left.fromSeqNumber, left.toSeqNumber);
    if (asked.contentHash && left.contentHash) {
      what += fmt::format(", hash {} instead of {}", left.contentHash->text(), asked.contentHash->text());
    }
  }
  if (!reason.empty()) what += "; " + reason;
  return Error(Code::kDataLoss, what,
               "a longer retention of the stream gives more time; by choice, what is left is taken and the "
               "loss recorded");
}

FoundRange::End FoundRange::endOf(const Record& record) {
  End end{std::string(record.sequenceNumber), std::nullopt};
  if (record.aggregation == Aggregation::kPart) end.part = record.subSequenceNumber;
  return end;
}

void FoundRange::add(const Record& record, const std::shared_ptr<const codec::RecordsPage>& page) {
  if (count_ == 0) first_ = endOf(record);
  last_.sequenceNumber = record.sequenceNumber;
  last_.part.reset();
  if (record.aggregation == Aggregation::kPart) last_.part = record.subSequenceNumber;
  ++count_;
  hasher_.add(record);
  if (!keeps_) return;
  if (pages_.empty() || pages_.back() != page) pages_.push_back(page);
  records_.push_back(record);
}

void FoundRange::dropLast() {
  compares_ = false;
  if (records_.empty()) return;
  records_.pop_back();
  --count_;
  if (!records_.empty()) last_ = endOf(records_.back());
  hasher_ = block::ContentHasher();
  for (const Record& record : records_) hasher_.add(record);
}

SequenceNumberRange FoundRange::found() const {
  SequenceNumberRange range = asked_;
  range.recordCount = count_;
  range.contentHash.reset();
  if (count_ == 0) return range;
  range.fromSeqNumber = first_.sequenceNumber;
  range.fromSubSeqNumber = first_.part;
  range.toSeqNumber = last_.sequenceNumber;
  range.toSubSeqNumber = last_.part;
  range.contentHash = hasher_.hash();
  return range;
}

// A range's ends are records of it, so they must be there. An end without a part number may have parts.
bool FoundRange::hasEnds() const {
  return count_ > 0 && first_.sequenceNumber == asked_.fromSeqNumber &&
         last_.sequenceNumber == asked_.toSeqNumber &&
         (!asked_.fromSubSeqNumber || first_.part.value_or(0) == *asked_.fromSubSeqNumber) &&
         (!asked_.toSubSeqNumber || last_.part.value_or(0) == *asked_.toSubSeqNumber);
}

std::optional<RangeLoss> FoundRange::loss() const {
  if (!compares_) return std::nullopt;
  const bool counted = asked_.recordCount == 0 || asked_.recordCount == count_;
  const bool same = !asked_.contentHash || (count_ > 0 && *asked_.contentHash == hasher_.hash());
  if (hasEnds() && counted && same) return std::nullopt;
  return RangeLoss{asked_, found(), reason_};
}

void FoundRange::ended(std::string reason) {
  reason_ = std::move(reason);
  if (!records_.empty()) page_ = copied();
  records_ = {};
  pages_ = {};
}

std::shared_ptr<const block::ShardPage> FoundRange::copied() const {
  std::size_t bytes = 0;
  for (const Record& record : records_) bytes += bytesOf(record);
  auto body = std::make_shared<codec::Body>();
  body->reserve(bytes);
  auto page = std::make_shared<block::ShardPage>();
  page->streamName = asked_.streamName;
  page->shardId = asked_.shardId;
  page->token = token_;
  page->page.records.reserve(records_.size());
  for (const Record& record : records_) {
    Record copy = record;
    copy.data = std::as_bytes(std::span(copyInto(*body, record.text())));
    copy.partitionKey = copyInto(*body, record.partitionKey);
    copy.sequenceNumber = copyInto(*body, record.sequenceNumber);
    copy.explicitHashKey = copyInto(*body, record.explicitHashKey);
    page->page.records.push_back(copy);
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  page->page.body = std::move(body);
  return page;
}

}  // namespace tidemill::consume

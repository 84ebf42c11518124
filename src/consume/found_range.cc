#include "consume/found_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "block/copied_block.h"
#include "consume/range_plan.h"

namespace tidemill::consume {
namespace {

std::string countText(const SequenceNumberRange& asked, std::int64_t left) {
  if (asked.recordCount > 0) return fmt::format("{} of {} records are left", left, asked.recordCount);
  return left == 0 ? std::string("no record is left") : fmt::format("{} records are left", left);
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

void FoundRange::add(const Record& record) {
  if (count_ == 0) first_ = endOf(record);
  last_.sequenceNumber = record.sequenceNumber;
  last_.part.reset();
  if (record.aggregation == Aggregation::kPart) last_.part = record.subSequenceNumber;
  ++count_;
  hasher_.add(record);
  if (keeps_) records_.push_back(record);
}

std::shared_ptr<const block::ShardPage> FoundRange::copyOf(std::span<const Record> records) const {
  return block::copiedPage(asked().streamName, asked().shardId, lost_.token, records);
}

void FoundRange::pageEnded() {
  if (copied_ == records_.size()) return;
  copies_.push_back(copyOf(std::span(records_).subspan(copied_)));
  const std::vector<Record>& copied = copies_.back()->page.records;
  std::copy(copied.begin(), copied.end(), records_.begin() + static_cast<std::ptrdiff_t>(copied_));
  copied_ = records_.size();
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
  SequenceNumberRange range = asked();
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
  return count_ > 0 && first_.sequenceNumber == asked().fromSeqNumber &&
         last_.sequenceNumber == asked().toSeqNumber &&
         (!asked().fromSubSeqNumber || first_.part.value_or(0) == *asked().fromSubSeqNumber) &&
         (!asked().toSubSeqNumber || last_.part.value_or(0) == *asked().toSubSeqNumber);
}

std::optional<RangeLoss> FoundRange::loss() const {
  if (!compares_) return std::nullopt;
  const bool counted = asked().recordCount == 0 || asked().recordCount == count_;
  const bool same = !asked().contentHash || (count_ > 0 && *asked().contentHash == hasher_.hash());
  if (hasEnds() && counted && same) return std::nullopt;
  return RangeLoss{asked(), found(), reason_};
}

void FoundRange::ended(std::string reason) {
  reason_ = std::move(reason);
  if (!records_.empty()) page_ = copyOf(records_);
  records_ = {};
  copied_ = 0;
  copies_ = {};
}

}  // namespace tidemill::consume

#include "consume/range_pass.h"

#include <algorithm>
#include <utility>

#include "tidemill/sequence_number.h"

namespace tidemill::consume {
namespace {

constexpr std::int64_t kPageMax = 10'000;
// Of a range that has more records than it should: its end is still sought.
constexpr std::int64_t kPageOfMore = 1'000;
// Of aggregated records before the first was seen: a page of them may hold many times what is wanted.
constexpr std::int64_t kPartsGuessed = 50;
constexpr std::size_t kCloseMax = 4096;

}  // namespace

RangePass::RangePass(std::vector<const SequenceNumberRange*> ranges, PassSizes sizes)
    : sizes_(sizes), aheadBytes_(sizes.callBytes) {
  ranges_.reserve(ranges.size());
  for (const SequenceNumberRange* range : ranges) ranges_.push_back({range});
}

RangePass::Step RangePass::step() const {
  if (done()) return Step::kDone;
  if (soughtFor_ == next_) return Step::kReadOn;
  if (last_.empty()) return Step::kSeek;
  if (compareSequenceNumbers(last_, current().fromSeqNumber) >= 0) return Step::kReadOn;
  // Between two ranges. What was read ends with the one before, or already goes beyond it.
  const bool atEnd = next_ > 0 && last_ == ranges_[next_ - 1].range->toSeqNumber;
  return atEnd && close_ > 0 ? Step::kReadOn : Step::kSeek;
}

int RangePass::recordsWanted() const {
  std::int64_t wanted = 0;
  const std::size_t end = std::min(ranges_.size(), next_ + 1 + close_);
  for (std::size_t i = next_; i < end && wanted < kPageMax; ++i) {
    const Wanted& one = ranges_[i];
    if (one.complete) continue;
    const std::int64_t count = one.range->recordCount;
    if (count == 0) return static_cast<int>(kPageMax);
    wanted += count > one.got ? std::min(count - one.got, kPageMax) : kPageOfMore;
  }
  if (end < ranges_.size()) wanted = std::max(wanted, recordsAhead());
  const std::int64_t parts = partsPerRecord_ > 0 ? partsPerRecord_ : isAggregated() ? kPartsGuessed : 1;
  wanted = (wanted + parts - 1) / parts;
  // One more tells whether the next range begins right there.
  if (end < ranges_.size()) ++wanted;
  return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, kPageMax));
}

std::int64_t RangePass::recordsAhead() const {
  return sizes_.recordBytes > 0 ? aheadBytes_ / sizes_.recordBytes : 0;
}

bool RangePass::isAggregated() const {
  return current().fromSubSeqNumber.has_value() || current().toSubSeqNumber.has_value();
}

void RangePass::began(std::size_t place, std::string_view number) {
  if (place == 0 || last_.empty()) return;
  reached_ = true;
  const bool close = last_ == number || last_ == ranges_[place - 1].range->toSeqNumber;
  close_ = close ? std::min(close_ * 2 + 1, kCloseMax) : 0;
}

std::vector<std::size_t> RangePass::settle(const PageRecords& page) {
  std::vector<std::size_t> complete;
  if (page.lastNumber.empty()) return complete;
  last_ = page.lastNumber;
  const auto received = static_cast<std::int64_t>(page.received);
  const auto records = static_cast<std::int64_t>(page.records.size());
  partsPerRecord_ = std::max<std::int64_t>(records / received, 1);
  if (page.payloadBytes > 0 && records > 0)
    sizes_.recordBytes = std::max<std::int64_t>(page.payloadBytes / records, 1);
  for (std::size_t i = next_; i < ranges_.size(); ++i) {
    Wanted& wanted = ranges_[i];
    if (compareSequenceNumbers(last_, wanted.range->fromSeqNumber) < 0) break;
    // All parts of an aggregated record come in one page, so its number is enough.
    if (wanted.complete || compareSequenceNumbers(last_, wanted.range->toSeqNumber) < 0) continue;
    wanted.complete = true;
    complete.push_back(i);
  }
  while (!done() && ranges_[next_].complete) ++next_;
  const bool seeks = step() == Step::kSeek;
  if (seeks) close_ = 0;
  if (std::exchange(reached_, false)) {
    aheadBytes_ = sizes_.callBytes;
  } else if (seeks) {
    aheadBytes_ /= 2;
  }
  return complete;
}

std::vector<std::size_t> RangePass::end() {
  std::vector<std::size_t> open;
  for (std::size_t i = next_; i < ranges_.size(); ++i) {
    if (!std::exchange(ranges_[i].complete, true)) open.push_back(i);
  }
  next_ = ranges_.size();
  return open;
}

}  // namespace tidemill::consume

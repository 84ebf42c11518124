// consume/range_pass.h: one pass over a shard that collects ranges: what is complete, and how to read on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consume/range_plan.h"

namespace tidemill::consume {

// What one page brought.
struct PageRecords {
  // Ascending, aggregated ones taken apart.
  std::span<const Record> records;
  // How many they were before, and the number of the last of those; empty: there was none.
  std::size_t received = 0;
  std::string_view lastNumber;
  // Of `records`. 0: unknown.
  std::int64_t payloadBytes = 0;
};

// What decides how much a page should hold.
struct PassSizes {
  // Pace::bytesPerCall().
  std::int64_t callBytes = 0;
  // Of one record, parts of aggregated ones counted, as far as that is known beforehand. 0: unknown.
  std::int64_t recordBytes = 0;
};

// Pure. Sequence numbers have gaps, so nobody can tell from two ranges whether one begins right behind the
// other: the records tell. Ranges that follow each other are read in one go, by the iterator that the service
// gives with each page; where other records lie between, the next range is sought by its number. A seek costs
// a call, so a page takes as much of what lies between as may be read in that time, as long as that reaches
// the next range now and then.
class RangePass {
 public:
  enum class Step {
    kSeek,    // Ask for an iterator at current().fromSeqNumber.
    kReadOn,  // Follow the iterator of the page.
    kDone,
  };

  // `ranges` of one shard in the order of their beginnings, checked; they may overlap. They outlive this.
  explicit RangePass(std::vector<const SequenceNumberRange*> ranges, PassSizes sizes = {});

  Step step() const;
  bool done() const { return next_ == ranges_.size(); }
  // Of the first range that is not complete.
  std::size_t place() const { return next_; }
  // That range. Not when done.
  const SequenceNumberRange& current() const { return *ranges_[next_].range; }
  // How many records the next page should hold. Range: 1 to 10,000. What is read beyond the ranges is paid
  // for from the shard's rate, so it is not more than needed to see what follows, or than costs no time.
  int recordsWanted() const;

  // An iterator was got: what comes need not continue what came.
  void sought() {
    last_.clear();
    soughtFor_ = next_;
  }
  // Calls `visit(place, record)` for each record of `page` and each range that it belongs to; the place is
  // that in `ranges`. Gives the places of the ranges that are complete with these records.
  template <class Visit>
  std::vector<std::size_t> take(const PageRecords& page, Visit&& visit) {
    for (const Record& record : page.records) {
      for (std::size_t i = next_; i < ranges_.size(); ++i) {
        Wanted& wanted = ranges_[i];
        const RangePlace place = placeOf(record, *wanted.range);
        // The following ones begin no earlier.
        if (place == RangePlace::kBefore) break;
        if (wanted.complete || place != RangePlace::kInside) continue;
        if (wanted.got == 0) began(i, record.sequenceNumber);
        ++wanted.got;
        visit(i, record);
      }
      last_ = record.sequenceNumber;
    }
    return settle(page);
  }
  // No record comes any more. Gives the places of the ranges that were open.
  std::vector<std::size_t> end();

 private:
  struct Wanted {
    const SequenceNumberRange* range;
    std::int64_t got = 0;
    bool complete = false;
  };
  void began(std::size_t place, std::string_view number);
  std::int64_t recordsAhead() const;
  std::vector<std::size_t> settle(const PageRecords& page);
  bool isAggregated() const;

  std::vector<Wanted> ranges_;
  std::size_t next_ = 0;
  // Of the last record since the last seek; empty: none yet.
  std::string last_;
  // The range for which the last seek was. Until it is complete, whatever comes is on the way to it.
  std::optional<std::size_t> soughtFor_;
  // So many ranges after the current one are taken to follow closely, because those before did.
  std::size_t close_ = 0;
  PassSizes sizes_;
  // So much is read although the ranges need less. All that costs no time after a range was reached without a
  // seek; after each page that reached none, half as much as before.
  std::int64_t aheadBytes_;
  bool reached_ = false;  // In this page.
  // Records in one that was received, as far as was seen. 0: nothing was seen yet.
  std::int64_t partsPerRecord_ = 0;
};

}  // namespace tidemill::consume

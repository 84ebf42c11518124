// codec/kpl_page.h: a page of records as its producers put them: aggregated ones taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/hash_key.h"
#include "codec/kpl_record.h"
#include "codec/records_page.h"

namespace tidemill::codec {

// What to do with an aggregated record of which a part belongs into another shard. After a reshard the
// producer library sends such parts once more, by themselves, so that keeping them would deliver them twice;
// other aggregators do not, and dropping them would lose them.
enum class OutOfRange {
  kDropAggregate,  // The whole of it is left out. (KCL)
  kKeep,
  kKeepAndCount,  // Kept, and told as an event beside the counters.
};

struct KplRules {
  // False: aggregated records are given whole, as any other.
  bool deaggregate = true;
  OutOfRange outOfRange = OutOfRange::kDropAggregate;
  // Of the shard. Nothing: unknown, so no part is out of range.
  std::optional<HashRange> shard = std::nullopt;
};

// An aggregated record that somebody ought to hear about.
struct KplFinding {
  enum class Kind {
    kDamaged,     // Given whole.
    kDropped,     // Left out, parts being out of range.
    kOutOfRange,  // Kept although parts are out of range.
    kEmpty,       // It has no parts, so nothing is given.
  };
  Kind kind;
  // A view into the page.
  std::string_view sequenceNumber;
  KplFault fault = KplFault::kNone;
  // Of the aggregated record, and how many of them are out of range.
  std::size_t parts = 0;
  std::size_t outside = 0;
};

// What was done to a page.
struct KplReport {
  std::int64_t aggregates = 0;  // Taken apart, those that were dropped or empty included.
  std::int64_t parts = 0;       // Given.
  std::int64_t damaged = 0;
  std::int64_t dropped = 0;  // Aggregated records.
  std::int64_t droppedParts = 0;
  std::int64_t partsOutOfRange = 0;  // Dropped ones and kept ones.
  std::int64_t empty = 0;            // Aggregated records.
  // The first `kFindingsMax`; the numbers above count the others too.
  std::vector<KplFinding> findings;

  static constexpr std::size_t kFindingsMax = 16;
};

// Puts the parts of each aggregated record of `page` in its place, as views into the same bytes. A part has
// the sequence number and the arrival time of the record that it was in, keys and data of its own, and its
// index as sub-sequence number. What begins as an aggregated record and cannot be read is given whole, marked
// kDamaged. `payloadBytes` becomes that of the records as they are now; a page without aggregated records is
// left as it was. Pure.
KplReport splitAggregates(RecordsPage& page, const KplRules& rules);

}  // namespace tidemill::codec

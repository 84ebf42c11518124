// codec/kpl_page.h: a page of records as its producers put them: aggregated ones taken apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/hash_key.h"
#include "codec/kpl_record.h"
#include "codec/records_page.h"
#include "tidemill/aggregation.h"

namespace tidemill::codec {

struct KplRules {
  // False: aggregated records are given whole, as any other.
  bool deaggregate = true;
  KplOutOfRange outOfRange = KplOutOfRange::kDropAggregate;
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
  AggregateTotals counts;
  // The first `kFindingsMax`; `counts` has the others too.
  std::vector<KplFinding> findings;

  static constexpr std::size_t kFindingsMax = 8;
};

// Puts the parts of each aggregated record of `page` in its place, as views into the same bytes. A part has
// the sequence number and the arrival time of the record that it was in, keys and data of its own, and its
// index as sub-sequence number. What begins as an aggregated record and cannot be read is given whole, marked
// kDamaged. `payloadBytes` becomes that of the records as they are now; a page without aggregated records is
// left as it was. Costs about as much as the MD5 of its bytes, or less: a page's records are hashed side by
// side. Pure.
KplReport splitAggregates(RecordsPage& page, const KplRules& rules);

}  // namespace tidemill::codec

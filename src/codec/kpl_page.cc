#include "codec/kpl_page.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "codec/md5_lanes.h"

namespace tidemill::codec {
namespace {

bool isAggregated(const Record& record) {
  return hasKplMagic(record.data);
}

class PageSplit {
 public:
  PageSplit(const std::vector<Record>& records, std::size_t plain, const KplRules& rules) : rules_(rules) {
    // Counted beforehand: to grow by and by would cost as much as everything else.
    std::size_t room = records.size();
    for (std::size_t i = plain; i < records.size(); ++i) room += kplPartsMax(records[i].data);
    out_.reserve(room);
    out_.assign(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(plain));
    for (auto rest = std::span(records).subspan(plain); !rest.empty();) rest = rest.subspan(addSome(rest));
  }

  std::vector<Record> takeRecords() {
    // The budget is charged for the room, not for what is in it.
    if (out_.capacity() - out_.size() > out_.size() / 4) out_.shrink_to_fit();
    return std::move(out_);
  }
  KplReport takeReport() { return std::move(report_); }

 private:
  // So many messages are hashed side by side: each takes a fraction of the time that it would take alone. Few
  // enough that they are still in the cache when they are taken apart.
  static constexpr std::size_t kTogether = 2 * kMd5Lanes;

  // Adds the first ones and says how many.
  std::size_t addSome(std::span<const Record> records) {
    std::array<std::string_view, kTogether> messages;
    std::array<Md5, kTogether> digests;
    std::size_t hashed = 0;
    std::size_t count = 0;
    for (; count < records.size() && hashed < kTogether; ++count) {
      messages[hashed] = kplMessageOf(records[count].data);
      if (!messages[hashed].empty()) ++hashed;
    }
    md5Each(std::span(messages).first(hashed), std::span(digests).first(hashed));
    std::size_t next = 0;
    for (const Record& record : records.first(count))
      add(record, kplMessageOf(record.data).empty() ? Md5() : digests[next++]);
    return count;
  }

  void add(const Record& record, const Md5& digest) {
    switch (reader_.read(record.data, digest)) {
      case KplKind::kPlain:
        out_.push_back(record);
        return;
      case KplKind::kDamaged:
        out_.push_back(record);
        out_.back().aggregation = Aggregation::kDamaged;
        ++report_.counts.damaged;
        note({KplFinding::Kind::kDamaged, record.sequenceNumber, reader_.fault()});
        return;
      case KplKind::kAggregate:
        ++report_.counts.aggregates;
        if (isWanted(record)) addParts(record);
        return;
    }
  }

  bool isWanted(const Record& record) {
    const std::size_t parts = reader_.parts().size();
    if (parts == 0) {
      ++report_.counts.empty;
      note({KplFinding::Kind::kEmpty, record.sequenceNumber});
      return false;
    }
    const std::size_t outside = rules_.shard ? reader_.partsOutside(*rules_.shard) : 0;
    if (outside == 0) return true;
    report_.counts.partsOutOfRange += static_cast<std::int64_t>(outside);
    const bool drop = rules_.outOfRange == KplOutOfRange::kDropAggregate;
    if (rules_.outOfRange != KplOutOfRange::kKeep) {
      note({drop ? KplFinding::Kind::kDropped : KplFinding::Kind::kOutOfRange, record.sequenceNumber,
            KplFault::kNone, parts, outside});
    }
    if (!drop) return true;
    ++report_.counts.dropped;
    report_.counts.droppedParts += static_cast<std::int64_t>(parts);
    return false;
  }

  void addParts(const Record& record) {
    const auto parts = reader_.parts();
    std::uint64_t index = 0;
    for (const KplPart& part : parts) {
      Record& added = out_.emplace_back(record);
      added.data = part.data;
      added.partitionKey = part.partitionKey;
      added.explicitHashKey = part.explicitHashKey;
      added.subSequenceNumber = index++;
      added.aggregation = Aggregation::kPart;
    }
    report_.counts.parts += static_cast<std::int64_t>(parts.size());
  }

  void note(KplFinding finding) {
    if (report_.findings.size() < KplReport::kFindingsMax) report_.findings.push_back(finding);
  }

  const KplRules& rules_;
  KplReader reader_;
  std::vector<Record> out_;
  KplReport report_;
};

}  // namespace

KplReport splitAggregates(RecordsPage& page, const KplRules& rules) {
  if (!rules.deaggregate) return {};
  const auto& records = page.records;
  const auto first = std::find_if(records.begin(), records.end(), isAggregated);
  if (first == records.end()) return {};
  PageSplit split(records, static_cast<std::size_t>(first - records.begin()), rules);
  page.records = split.takeRecords();
  page.ascending = false;  // Parts share a number.
  page.payloadBytes = payloadBytesOf(page.records);
  return split.takeReport();
}

}  // namespace tidemill::codec

// Feeds arbitrary bytes to the reader of aggregated records, as they are and as the message of a record whose
// checksum is right, which is what lets them get as far as the decoder.
#include <vector>

#include "codec/kpl_page.h"
#include "codec/test_kpl.h"
#include "codec/utf8.h"
#include "page_check.h"

namespace tidemill::codec {
namespace {

void checkSplit(const RecordsPage& before, const RecordsPage& page, const KplReport& report) {
  std::uint64_t next = 0;
  std::int64_t damaged = 0;
  std::int64_t parts = 0;
  for (const Record& record : page.records) {
    for (const std::string_view view : {record.text(), record.partitionKey, record.explicitHashKey}) {
      TIDEMILL_CHECK(view.empty() || isWithin(view, page.body));
      TIDEMILL_CHECK(touch(view) <= 255 * view.size());
    }
    if (record.subSequenceNumber == 0) next = 0;
    TIDEMILL_CHECK(record.subSequenceNumber == next++);
    TIDEMILL_CHECK(record.explicitHashKey.empty() || decimalHashKey(record.explicitHashKey));
    TIDEMILL_CHECK(isUtf8(record.partitionKey));
    parts += record.aggregation == Aggregation::kPart ? 1 : 0;
    damaged += record.aggregation == Aggregation::kDamaged ? 1 : 0;
  }
  TIDEMILL_CHECK(damaged == report.counts.damaged && parts == report.counts.parts);
  TIDEMILL_CHECK(page.payloadBytes == payloadBytesOf(page.records));
  // A part takes six bytes or more of the record that it is in.
  TIDEMILL_CHECK(parts * 6 <= payloadBytesOf(before.records));
}

void split(const std::string& payload) {
  const auto whole = kplPageOf({{"1", payload}, {"2", payload}, {"3", "plain"}});
  for (const KplOutOfRange policy : {KplOutOfRange::kDropAggregate, KplOutOfRange::kKeepAndCount}) {
    auto page = whole;
    const KplReport report =
        splitAggregates(page, {.outOfRange = policy, .shard = HashRange{0, HashKey{1} << 127}});
    checkSplit(whole, page, report);
    if (policy != KplOutOfRange::kDropAggregate) TIDEMILL_CHECK(report.counts.dropped == 0);
  }
}

}  // namespace
}  // namespace tidemill::codec

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::codec;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  split(bytes);
  split(kplFrame(bytes));
  // Exactly as large as it must be, so that a sanitizer sees a step outside.
  const std::string frame = kplFrame(bytes);
  const std::vector<char> exact(frame.begin(), frame.end());
  KplReader reader;
  const KplKind kind = reader.read(bytesOf({exact.data(), exact.size()}));
  TIDEMILL_CHECK(kind != KplKind::kPlain && reader.fault() != KplFault::kChecksum);
  return 0;
}

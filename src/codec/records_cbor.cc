// Reads GetRecords answers in CBOR. The scanner touches heads, keys and short members only; payloads stay
// where the network put them.
#include <algorithm>
#include <cmath>

#include "codec/base64.h"
#include "codec/cbor_scanner.h"
#include "codec/records_check.h"
#include "codec/records_page.h"
#include "codec/shard_id.h"

namespace tidemill::codec {
namespace {

class RecordsCborReader {
 public:
  RecordsCborReader(const Body& body, const RecordsReadOptions& options)
      : scan_(body.view()), options_(options) {}

  bool read(RecordsPage& page) {
    CborScanner::Items members;
    if (!scan_.enterMap(members)) return false;
    MemberSet seen;
    while (scan_.next(members)) {
      if (!readMember(page, seen)) return false;
    }
    if (!scan_.ok() || !scan_.expectEnd()) return false;
    // Without Records this is some other answer; its lacking iterator must not pass for the end of the shard.
    if (!seen.has(kRecords)) return scan_.fail("it has no Records");
    page.arena = scan_.arena();
    return true;
  }

  const CborScanner& scanner() const { return scan_; }

 private:
  enum Member : unsigned { kRecords, kIterator, kBehind, kChildren };
  enum RecordMember : unsigned { kData, kKey, kNumber, kArrival };

  // Marks a member as present. A second one would leave open which of the two counts.
  bool once(MemberSet& seen, unsigned member) {
    return seen.add(member) || scan_.fail("a member appears twice");
  }

  bool readMember(RecordsPage& page, MemberSet& seen) {
    std::string_view key;
    if (!scan_.readText(key)) return false;
    if (scan_.takeNull()) return true;
    if (is(key, "Records")) return once(seen, kRecords) && readRecords(page);
    if (is(key, "NextShardIterator")) {
      std::string_view iterator;
      if (!once(seen, kIterator) || !scan_.readText(iterator)) return false;
      page.nextShardIterator.emplace(iterator);
      return true;
    }
    if (is(key, "MillisBehindLatest")) {
      if (!once(seen, kBehind) || !scan_.readInteger(page.millisBehindLatest)) return false;
      return page.millisBehindLatest >= 0 || scan_.fail("MillisBehindLatest is negative");
    }
    if (is(key, "ChildShards")) return once(seen, kChildren) && readChildren(page.childShards);
    return scan_.skip();
  }

  bool readRecords(RecordsPage& page) {
    std::vector<Record>& records = page.records;
    CborScanner::Items items;
    if (!scan_.enterArray(items)) return false;
    std::size_t lastBytes = 0;
    std::string_view lastNumber;
    page.ascending = true;
    while (scan_.next(items)) {
      if (records.size() == options_.recordsMax)
        return scan_.fail("it has more records than an answer may have");
      const std::size_t begin = scan_.position();
      // The scan would wait for memory after each payload it jumps over. Neighbours tend to be of one size,
      // so the last one tells well enough where the record after the next begins.
      scan_.prefetch(2 * lastBytes);
      Record& record = records.emplace_back();
      if (!readRecord(record)) return false;
      // Here the number before is still in the cache.
      page.ascending = page.ascending && compareSequenceNumbers(lastNumber, record.sequenceNumber) < 0;
      lastNumber = record.sequenceNumber;
      page.payloadBytes += static_cast<std::int64_t>(record.data.size() + record.partitionKey.size());
      lastBytes = scan_.position() - begin;
      if (records.size() == 1) reserveLike(records, lastBytes);
    }
    return scan_.ok();
  }

  // Records of one page tend to be alike, so the first one tells about how many there will be.
  void reserveLike(std::vector<Record>& records, std::size_t firstBytes) {
    const std::size_t guess = 1 + scan_.left() / firstBytes;
    records.reserve(std::min(guess + guess / 16, options_.recordsMax));
  }

  bool readRecord(Record& record) {
    CborScanner::Items members;
    if (!scan_.enterMap(members)) return false;
    MemberSet seen;
    while (scan_.next(members)) {
      if (!readRecordMember(record, seen)) return false;
    }
    if (!scan_.ok()) return false;
    if (!seen.hasAll({kData, kKey, kNumber})) {
      return scan_.fail("a record lacks Data, PartitionKey or SequenceNumber");
    }
    return true;
  }

  bool readRecordMember(Record& record, MemberSet& seen) {
    std::string_view key;
    if (!scan_.readText(key)) return false;
    if (scan_.takeNull()) return true;
    if (is(key, "Data")) return once(seen, kData) && readData(record);
    if (is(key, "PartitionKey")) return once(seen, kKey) && scan_.readText(record.partitionKey);
    if (is(key, "SequenceNumber")) {
      if (!once(seen, kNumber) || !scan_.readText(record.sequenceNumber)) return false;
      return isSequenceNumber(record.sequenceNumber) ||
             scan_.fail("a SequenceNumber is not a decimal number");
    }
    if (is(key, "ApproximateArrivalTimestamp")) return once(seen, kArrival) && readArrival(record);
    return scan_.skip();
  }

  bool readData(Record& record) {
    CborScanner::Head head;
    std::string_view data;
    if (!scan_.readHead(head)) return false;
    const bool asText = options_.lenient && head.major == CborScanner::kText;
    if (head.major != CborScanner::kBytes && !asText) return scan_.fail("Data is not a byte string");
    if (!scan_.readStringBody(head, data)) return false;
    if (asText && !decodeData(data)) return false;
    record.data = std::as_bytes(std::span(data));
    return true;
  }

  // Replaces base64 by the bytes it stands for.
  bool decodeData(std::string_view& data) {
    if (data.empty()) return true;
    char* room = scan_.arenaRoom(decodedBase64Max(data.size()));
    if (room == nullptr) return scan_.fail("the base64 texts are too long");
    const auto size = decodeBase64(data, room);
    if (!size) return scan_.fail("Data is not base64");
    data = {room, *size};
    return true;
  }

  bool readArrival(Record& record) {
    CborScanner::Head head;
    if (!scan_.readHead(head)) return false;
    const bool tagged = head.major == CborScanner::kTag;
    if (tagged && head.value != 1) return scan_.fail("ApproximateArrivalTimestamp has another tag than 1");
    if (!tagged && !options_.lenient) return scan_.fail("ApproximateArrivalTimestamp has no tag");
    if (tagged && !scan_.readHead(head)) return false;

    std::int64_t milliseconds = 0;
    if (options_.lenient && head.major == CborScanner::kSimple) {
      if (!readFloatingSeconds(head, milliseconds)) return false;
    } else if (!scan_.toInteger(head, milliseconds)) {
      return false;
    }
    if (!tagged && head.major == CborScanner::kUnsigned) milliseconds = untaggedMilliseconds(milliseconds);
    record.approximateArrivalTimestamp =
        decltype(record.approximateArrivalTimestamp){std::chrono::milliseconds(milliseconds)};
    return true;
  }

  bool readFloatingSeconds(const CborScanner::Head& head, std::int64_t& milliseconds) {
    double seconds = 0;
    if (!scan_.toDouble(head, seconds)) return false;
    // Far beyond any calendar, well inside 64 bits; also false for what is not a number.
    constexpr double kSecondsMax = 1e14;
    if (!(std::abs(seconds) < kSecondsMax)) return scan_.fail("ApproximateArrivalTimestamp is out of range");
    milliseconds = std::llround(seconds * 1000);
    return true;
  }

  bool readChildren(std::vector<ChildShard>& children) {
    CborScanner::Items items;
    if (!scan_.enterArray(items)) return false;
    while (scan_.next(items)) {
      if (children.size() == kChildShardsMax) return scan_.fail("it has too many ChildShards");
      if (!readChild(children.emplace_back())) return false;
    }
    return scan_.ok();
  }

  bool readChild(ChildShard& child) {
    CborScanner::Items members;
    if (!scan_.enterMap(members)) return false;
    while (scan_.next(members)) {
      if (!readChildMember(child)) return false;
    }
    if (!scan_.ok()) return false;
    return isShardId(child.shardId) || scan_.fail("a child shard has no ShardId, or none that can be one");
  }

  bool readChildMember(ChildShard& child) {
    std::string_view key;
    if (!scan_.readText(key)) return false;
    if (scan_.takeNull()) return true;
    if (is(key, "ShardId")) return readInto(child.shardId);
    if (is(key, "ParentShards")) return readParents(child.parentShards);
    if (is(key, "HashKeyRange")) return readHashKeys(child);
    return scan_.skip();
  }

  bool readParents(std::vector<std::string>& parents) {
    CborScanner::Items items;
    if (!scan_.enterArray(items)) return false;
    while (scan_.next(items)) {
      if (parents.size() == kChildShardsMax) return scan_.fail("a child shard has too many ParentShards");
      if (!readInto(parents.emplace_back())) return false;
      if (!isShardId(parents.back())) return scan_.fail("ParentShards names what cannot be a shard");
    }
    return scan_.ok();
  }

  bool readHashKeys(ChildShard& child) {
    CborScanner::Items members;
    if (!scan_.enterMap(members)) return false;
    while (scan_.next(members)) {
      std::string_view key;
      if (!scan_.readText(key)) return false;
      if (scan_.takeNull()) continue;
      if (is(key, "StartingHashKey")) {
        if (!readInto(child.startingHashKey)) return false;
      } else if (is(key, "EndingHashKey")) {
        if (!readInto(child.endingHashKey)) return false;
      } else if (!scan_.skip()) {
        return false;
      }
    }
    return scan_.ok();
  }

  bool readInto(std::string& text) {
    std::string_view view;
    if (!scan_.readText(view)) return false;
    text.assign(view);
    return true;
  }

  CborScanner scan_;
  const RecordsReadOptions& options_;
};

}  // namespace

Result<RecordsPage> readRecordsCbor(std::shared_ptr<const Body> body, const RecordsReadOptions& options) {
  RecordsPage page;
  RecordsCborReader reader(*body, options);
  if (!reader.read(page)) {
    const CborScanner& scanner = reader.scanner();
    return fail(malformedRecords("CBOR", scanner.offset(), body->size(), scanner.problem()));
  }
  page.body = std::move(body);
  return page;
}

}  // namespace tidemill::codec

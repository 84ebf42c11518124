// codec/records_page.h: what one GetRecords answer holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/body.h"
#include "tidemill/record.h"
#include "tidemill/result.h"

namespace tidemill::codec {

// A child of a shard that has ended, as GetRecords names it with the last page.
struct ChildShard {
  std::string shardId;
  std::vector<std::string> parentShards;
  std::string startingHashKey;  // Decimal, inclusive.
  std::string endingHashKey;    // Decimal, inclusive.
};

// One page of records. The records are views into `body` (CBOR) or `arena` (JSON, whose base64 was decoded
// there), so the page must outlive them. `Record::shardId` is left empty: the answer does not say it.
// Of JSON only the arena is kept, `body` is null; of CBOR `arena` is null unless something had to be decoded
// or joined (emulators). Ask bytesHeld() instead of looking at either.
struct RecordsPage {
  std::vector<Record> records;
  // Data and partition keys of the records together, as the limits of a shard count them.
  std::int64_t payloadBytes = 0;
  // True: the reader has seen each sequence number to be greater than the one before. False: nobody has
  // looked, or it is not so.
  bool ascending = false;
  // Empty optional: the shard has ended.
  std::optional<std::string> nextShardIterator;
  // Milliseconds behind the tip; -1 if the server did not say.
  std::int64_t millisBehindLatest = -1;
  std::vector<ChildShard> childShards;

  std::shared_ptr<const Body> body;
  std::shared_ptr<const Body> arena;

  // The memory that the page keeps alive: what a budget charges.
  std::size_t bytesHeld() const { return (body ? body->capacity() : 0) + (arena ? arena->capacity() : 0); }
};

// Data and partition keys of these records.
inline std::int64_t payloadBytesOf(std::span<const Record> records) {
  std::size_t bytes = 0;
  for (const Record& record : records) bytes += record.data.size() + record.partitionKey.size();
  return static_cast<std::int64_t>(bytes);
}

struct RecordsReadOptions {
  // Accept what emulators send: untagged or floating timestamps, base64 text for Data in CBOR (wire.md 1.3).
  bool lenient = false;
  // More records than this is a malformed answer: AWS gives at most 10,000.
  std::size_t recordsMax = 10'000;
};

// Reads the answer of GetRecords in CBOR / in JSON. Fails with kMalformedResponse and the byte offset at the
// first thing that is not as AWS sends it: truncated, wrong types, too deep, trailing bytes. Unknown members
// are skipped, null members count as absent.
Result<RecordsPage> readRecordsCbor(std::shared_ptr<const Body> body, const RecordsReadOptions& options);
Result<RecordsPage> readRecordsJson(std::shared_ptr<const Body> body, const RecordsReadOptions& options);

}  // namespace tidemill::codec

// Feeds arbitrary bytes to the readers of all answers but GetRecords: listings, summaries, iterators,
// outcomes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/shard_id.h"
#include "kinesis/answers.h"
#include "tidemill/sequence_number.h"

namespace tidemill::kinesis {
namespace {

template <class T>
void checkRefusal(const Result<T>& answer) {
  if (!answer) TIDEMILL_CHECK(answer.error().code() == Code::kMalformedResponse);
}

bool isShardIdOrNone(std::string_view text) {
  return text.empty() || codec::isShardId(text);
}

void checkListing(const Result<ListShardsPage>& page) {
  checkRefusal(page);
  if (!page) return;
  for (const Shard& shard : page->shards) {
    TIDEMILL_CHECK(codec::isShardId(shard.shardId));
    TIDEMILL_CHECK(isShardIdOrNone(shard.parentShardId) && isShardIdOrNone(shard.adjacentParentShardId));
    TIDEMILL_CHECK(isSequenceNumber(shard.startingSequenceNumber));
    TIDEMILL_CHECK(shard.open() || isSequenceNumber(shard.endingSequenceNumber));
  }
}

void checkOutcomes(const Result<std::vector<PutOutcome>>& outcomes, std::size_t entries) {
  checkRefusal(outcomes);
  if (!outcomes) return;
  TIDEMILL_CHECK(outcomes->size() == entries);
  for (const PutOutcome& outcome : *outcomes) {
    if (!outcome.errorCode.empty()) continue;
    TIDEMILL_CHECK(codec::isShardId(outcome.shardId) && isSequenceNumber(outcome.sequenceNumber));
  }
}

}  // namespace
}  // namespace tidemill::kinesis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::kinesis;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  checkListing(readListShards(bytes));
  checkRefusal(readStreamSummary(bytes));
  checkRefusal(readShardIterator(bytes));
  for (const std::size_t entries : {0u, 1u, 2u}) {
    checkOutcomes(readPutRecordsJson(bytes, entries), entries);
    checkOutcomes(readPutRecordsCbor(bytes, entries), entries);
  }
  return 0;
}

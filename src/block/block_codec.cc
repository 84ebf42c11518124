#include "block/block_codec.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "block/byte_reader.h"
#include "block/content_hash.h"

namespace tidemill::block {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers lie in the file as they lie in memory");

// Each slice is the number of its records as u64 and then the records: this, and behind it the sequence
// number, the partition key, the explicit hash key and the data.
struct RecordHead {
  std::uint32_t dataBytes = 0;
  std::uint32_t keyBytes = 0;
  std::uint32_t hashKeyBytes = 0;
  std::uint16_t numberBytes = 0;
  std::uint8_t aggregation = 0;
  std::uint8_t zero = 0;
  std::uint64_t subSequenceNumber = 0;
  std::int64_t arrivalMillis = 0;
};
static_assert(sizeof(RecordHead) == 32);
static_assert(std::has_unique_object_representations_v<RecordHead>);

// What is handed on at once: small enough for a cache, large enough that calls cost nothing.
constexpr std::size_t kPieceBytes = 128 * 1024;

std::uint64_t rawBytesOf(const Block& block) {
  std::uint64_t bytes = 0;
  for (const BlockSlice& slice : block.slices()) {
    bytes += sizeof(std::uint64_t) + slice.size() * sizeof(RecordHead);
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      const Record& record = slice.page->page.records[i];
      bytes += record.sequenceNumber.size() + record.partitionKey.size() + record.explicitHashKey.size() +
               record.data.size();
    }
  }
  return bytes;
}

RecordHead headOf(const Record& record) {
  RecordHead head;
  head.dataBytes = static_cast<std::uint32_t>(record.data.size());
  head.keyBytes = static_cast<std::uint32_t>(record.partitionKey.size());
  head.hashKeyBytes = static_cast<std::uint32_t>(record.explicitHashKey.size());
  head.numberBytes = static_cast<std::uint16_t>(record.sequenceNumber.size());
  head.aggregation = static_cast<std::uint8_t>(record.aggregation);
  head.subSequenceNumber = record.subSequenceNumber;
  head.arrivalMillis = record.approximateArrivalTimestamp.time_since_epoch().count();
  return head;
}

void writeRaw(const Block& block, const ByteSink& sink) {
  std::string piece;
  piece.reserve(2 * kPieceBytes);
  for (const BlockSlice& slice : block.slices()) {
    appendNumber(std::uint64_t{slice.size()}, piece);
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      const Record& record = slice.page->page.records[i];
      appendNumber(headOf(record), piece);
      piece.append(record.sequenceNumber).append(record.partitionKey).append(record.explicitHashKey);
      piece.append(record.text());
      if (piece.size() < kPieceBytes) continue;
      sink(piece);
      piece.clear();
    }
  }
  if (!piece.empty()) sink(piece);
}

std::string rawOf(const Block& block, std::uint64_t bytes) {
  std::string raw;
  raw.reserve(bytes);
  writeRaw(block, [&](std::string_view piece) { raw.append(piece); });
  return raw;
}

tl::unexpected<Error> damaged(const BlockHead& head, const std::string& what) {
  return fail(Code::kDamagedBlock, "block " + head.info->id + ": " + what,
              "its records can be read again from Kinesis by its ranges");
}

Result<std::shared_ptr<const codec::Body>> decompressed(const BlockHead& head, std::string_view body) {
  if (!canBecome(head.rawBytes, body, head.encoding)) {
    return damaged(head, "its compressed size does not fit its size");
  }
  auto raw = std::make_shared<codec::Body>();
  const auto size = static_cast<std::size_t>(head.rawBytes);
  if (!decompress(body, head.encoding, raw->extend(size), size)) {
    return damaged(head, "its records cannot be decompressed");
  }
  return std::shared_ptr<const codec::Body>(std::move(raw));
}

// Reads one record; views into the bytes of `from`.
bool readRecord(ByteReader& from, Record& record) {
  const auto head = from.number<RecordHead>();
  record.sequenceNumber = from.bytes(head.numberBytes);
  record.partitionKey = from.bytes(head.keyBytes);
  record.explicitHashKey = from.bytes(head.hashKeyBytes);
  record.data = std::as_bytes(std::span(from.bytes(head.dataBytes)));
  record.subSequenceNumber = head.subSequenceNumber;
  record.approximateArrivalTimestamp =
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(head.arrivalMillis));
  record.aggregation = static_cast<Aggregation>(head.aggregation);
  if (head.zero != 0 || head.aggregation > static_cast<std::uint8_t>(Aggregation::kDamaged)) from.fail();
  return !from.failed();
}

// The next slice, or null if it cannot be read.
std::shared_ptr<const ShardPage> readPage(ByteReader& from, const SliceInfo& info,
                                          const std::shared_ptr<const codec::Body>& holder) {
  const auto count = from.number<std::uint64_t>();
  // An empty slice would have no ends. `recordCount` 0 means unknown.
  if (count == 0 || count > from.left() / sizeof(RecordHead)) return nullptr;
  if (info.range.recordCount != 0 && count != static_cast<std::uint64_t>(info.range.recordCount))
    return nullptr;
  auto page = std::make_shared<ShardPage>();
  page->streamName = info.range.streamName;
  page->shardId = info.range.shardId;
  page->token = info.token;
  page->page.body = holder;
  page->page.records.resize(static_cast<std::size_t>(count));
  for (Record& record : page->page.records)
    if (!readRecord(from, record)) return nullptr;
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  return page;
}

}  // namespace

Result<BlockImage> BlockImage::of(std::shared_ptr<const Block> block, BlockEncoding encoding) {
  BlockImage image;
  image.rawBytes_ = rawBytesOf(*block);
  if (image.rawBytes_ > kBlockRawBytesMax) {
    return fail(Code::kInvalidConfig,
                "block " + block->id() + " has " + std::to_string(image.rawBytes_) +
                    " bytes, more than the " + std::to_string(kBlockRawBytesMax) + " that can be stored",
                "make blocks smaller: a shorter spark.streaming.blockInterval");
  }
  TIDEMILL_CHECK(block->info()->slices.size() == block->slices().size());
  if (image.rawBytes_ == 0) encoding = BlockEncoding::kNone;  // Only ends of shards.
  appendNumber(static_cast<std::uint8_t>(encoding), image.head_);
  appendNumber(image.rawBytes_, image.head_);
  appendBlockInfo(*block->info(), image.head_);
  if (encoding != BlockEncoding::kNone)
    image.compressed_ = compressed(rawOf(*block, image.rawBytes_), encoding);
  image.block_ = std::move(block);
  return image;
}

FrameBody BlockImage::body() const {
  if (compressed_.empty()) {
    return {rawBytes_, [this](const ByteSink& sink) { writeRaw(*block_, sink); }};
  }
  return {compressed_.size(), [this](const ByteSink& sink) { sink(compressed_); }};
}

Result<std::shared_ptr<const Block>> readBlockBody(const BlockHead& head,
                                                   std::shared_ptr<const codec::Body> holder,
                                                   std::string_view body) {
  if (head.encoding != BlockEncoding::kNone) {
    auto raw = decompressed(head, body);
    if (!raw) return fail(raw.error());
    holder = std::move(*raw);
    body = holder->view();
  }
  if (body.size() != head.rawBytes) return damaged(head, "it has not as many bytes as its head says");
  ByteReader reader(body);
  std::vector<BlockSlice> slices;
  slices.reserve(head.info->slices.size());
  for (const SliceInfo& info : head.info->slices) {
    auto page = readPage(reader, info, holder);
    if (page == nullptr) {
      return damaged(head,
                     "its records cannot be read: they go wrong at byte " + std::to_string(reader.at()));
    }
    const std::size_t count = page->page.records.size();
    slices.push_back({std::move(page), 0, count});
  }
  if (!reader.complete()) return damaged(head, "bytes follow its last record");
  return std::make_shared<const Block>(head.info, std::move(slices));
}

Result<std::shared_ptr<const codec::Body>> packBlock(std::shared_ptr<const Block> block,
                                                     BlockEncoding encoding) {
  const auto image = BlockImage::of(std::move(block), encoding);
  if (!image) return fail(image.error());
  const FrameBody body = image->body();
  auto packed = std::make_shared<codec::Body>();
  packed->reserve(sizeof(std::uint32_t) + image->head().size() + static_cast<std::size_t>(body.bytes));
  std::string length;
  appendNumber(static_cast<std::uint32_t>(image->head().size()), length);
  packed->append(length);
  packed->append(image->head());
  body.write([&](std::string_view piece) { packed->append(piece); });
  return packed;
}

Result<std::shared_ptr<const Block>> unpackBlock(std::shared_ptr<const codec::Body> packed) {
  ByteReader reader(packed->view());
  const std::string_view headBytes = reader.bytes(reader.number<std::uint32_t>());
  const auto head = readBlockHead(headBytes);
  if (!head) return fail(head.error());
  const std::string_view body = reader.bytes(reader.left());
  return readBlockBody(*head, std::move(packed), body);
}

Result<void> verifyContent(const Block& block) {
  for (std::size_t i = 0; i < block.slices().size(); ++i) {
    const BlockSlice& slice = block.slices()[i];
    const SequenceNumberRange& range = block.info()->slices[i].range;
    if (!range.contentHash) continue;
    const std::span<const Record> records(slice.page->page.records.data() + slice.begin, slice.size());
    if (contentHashOf(records) == *range.contentHash) continue;
    return fail(Code::kDamagedBlock,
                "block " + block.id() + ": the records of " + range.toString() + " are not those that it had",
                "they can be read again from Kinesis by this range");
  }
  return {};
}

}  // namespace tidemill::block

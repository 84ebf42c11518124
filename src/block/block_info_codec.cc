// A BlockInfo and the head of an encoded block as bytes.
#include "block/block_codec.h"
#include "block/byte_reader.h"

namespace tidemill::block {
namespace {

// The least that one of each takes.
constexpr std::uint64_t kSliceBytesMin = 4 * 4 + 8 * 3 + 3;
constexpr std::uint64_t kEndBytesMin = 4 + 4 + 8 + 1;
constexpr std::uint64_t kChildBytesMin = 4 * 4;
constexpr std::uint64_t kTextBytesMin = 4;

void appendOptional(const std::optional<std::uint64_t>& value, std::string& to) {
  appendNumber(static_cast<std::uint8_t>(value.has_value()), to);
  if (value) appendNumber(*value, to);
}

std::optional<std::uint64_t> readOptional(ByteReader& from) {
  if (!from.flag()) return std::nullopt;
  return from.number<std::uint64_t>();
}

void appendSlice(const SliceInfo& slice, std::string& to) {
  const SequenceNumberRange& range = slice.range;
  appendText(range.streamName, to);
  appendText(range.shardId, to);
  appendText(range.fromSeqNumber, to);
  appendText(range.toSeqNumber, to);
  appendNumber(range.recordCount, to);
  appendOptional(range.fromSubSeqNumber, to);
  appendOptional(range.toSubSeqNumber, to);
  appendNumber(static_cast<std::uint8_t>(range.contentHash.has_value()), to);
  if (range.contentHash) {
    appendNumber(range.contentHash->high, to);
    appendNumber(range.contentHash->low, to);
  }
  appendNumber(slice.token, to);
  appendNumber(slice.payloadBytes, to);
}

SliceInfo readSlice(ByteReader& from) {
  SliceInfo slice;
  SequenceNumberRange& range = slice.range;
  range.streamName = from.text();
  range.shardId = from.text();
  range.fromSeqNumber = from.text();
  range.toSeqNumber = from.text();
  range.recordCount = from.number<std::int64_t>();
  range.fromSubSeqNumber = readOptional(from);
  range.toSubSeqNumber = readOptional(from);
  if (from.flag()) {
    ContentHash hash;
    hash.high = from.number<std::uint64_t>();
    hash.low = from.number<std::uint64_t>();
    range.contentHash = hash;
  }
  slice.token = from.number<std::int64_t>();
  slice.payloadBytes = from.number<std::int64_t>();
  // No block that is written has more, and sums of these do not overflow.
  constexpr auto kMost = static_cast<std::int64_t>(kBlockRawBytesMax);
  if (range.recordCount < 0 || range.recordCount > kMost) from.fail();
  if (slice.payloadBytes < 0 || slice.payloadBytes > kMost) from.fail();
  return slice;
}

void appendEnd(const ShardEnd& end, std::string& to) {
  appendText(end.shardId, to);
  appendNumber(static_cast<std::uint32_t>(end.children.size()), to);
  for (const codec::ChildShard& child : end.children) {
    appendText(child.shardId, to);
    appendNumber(static_cast<std::uint32_t>(child.parentShards.size()), to);
    for (const std::string& parent : child.parentShards) appendText(parent, to);
    appendText(child.startingHashKey, to);
    appendText(child.endingHashKey, to);
  }
  appendNumber(end.token, to);
  appendNumber(static_cast<std::uint8_t>(end.kind == ShardEnd::Kind::kHandOver), to);
}

codec::ChildShard readChild(ByteReader& from) {
  codec::ChildShard child;
  child.shardId = from.text();
  const std::uint64_t parents = from.count(kTextBytesMin);
  for (std::uint64_t i = 0; i < parents; ++i) child.parentShards.push_back(from.text());
  child.startingHashKey = from.text();
  child.endingHashKey = from.text();
  return child;
}

ShardEnd readEnd(ByteReader& from) {
  ShardEnd end;
  end.shardId = from.text();
  const std::uint64_t children = from.count(kChildBytesMin);
  for (std::uint64_t i = 0; i < children; ++i) end.children.push_back(readChild(from));
  end.token = from.number<std::int64_t>();
  end.kind = from.flag() ? ShardEnd::Kind::kHandOver : ShardEnd::Kind::kShardEnd;
  return end;
}

std::shared_ptr<const BlockInfo> readInfo(ByteReader& from) {
  auto info = std::make_shared<BlockInfo>();
  info->id = from.text();
  const std::uint64_t slices = from.count(kSliceBytesMin);
  info->slices.reserve(slices);
  for (std::uint64_t i = 0; i < slices; ++i) info->slices.push_back(readSlice(from));
  const std::uint64_t ends = from.count(kEndBytesMin);
  info->ends.reserve(ends);
  for (std::uint64_t i = 0; i < ends; ++i) info->ends.push_back(readEnd(from));
  info->owedTo = from.text();
  return info;
}

tl::unexpected<Error> unreadable(std::string_view what, const ByteReader& reader) {
  return fail(Code::kDamagedBlock,
              std::string(what) + " cannot be read: it goes wrong at byte " + std::to_string(reader.at()),
              "tidemill fsck tells what else is damaged");
}

}  // namespace

void appendBlockInfo(const BlockInfo& info, std::string& to) {
  appendText(info.id, to);
  appendNumber(static_cast<std::uint32_t>(info.slices.size()), to);
  for (const SliceInfo& slice : info.slices) appendSlice(slice, to);
  appendNumber(static_cast<std::uint32_t>(info.ends.size()), to);
  for (const ShardEnd& end : info.ends) appendEnd(end, to);
  appendText(info.owedTo, to);
}

Result<std::shared_ptr<const BlockInfo>> readBlockInfo(std::string_view bytes) {
  ByteReader reader(bytes);
  auto info = readInfo(reader);
  if (!reader.complete()) return unreadable("the description of a block", reader);
  return info;
}

bool sameInfo(const BlockInfo& a, const BlockInfo& b) {
  std::string bytesOfA;
  std::string bytesOfB;
  appendBlockInfo(a, bytesOfA);
  appendBlockInfo(b, bytesOfB);
  return bytesOfA == bytesOfB;
}

Result<BlockHead> readBlockHead(std::string_view head) {
  ByteReader reader(head);
  BlockHead result;
  const auto encoding = reader.number<std::uint8_t>();
  if (encoding > static_cast<std::uint8_t>(BlockEncoding::kZstd)) reader.fail();
  result.encoding = static_cast<BlockEncoding>(encoding);
  result.rawBytes = reader.number<std::uint64_t>();
  if (result.rawBytes > kBlockRawBytesMax) reader.fail();
  result.info = readInfo(reader);
  if (!reader.complete()) return unreadable("the head of a block", reader);
  return result;
}

}  // namespace tidemill::block

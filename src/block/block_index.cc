#include "block/block_index.h"

#include <utility>

#include "block/block_codec.h"
#include "block/byte_reader.h"

namespace tidemill::block {
namespace {

// More than the frame of any block that is written.
constexpr std::uint64_t kFrameBytesMax = std::uint64_t{4} << 30;

Error unreadable(const std::string& what) {
  return Error(Code::kDamagedBlock, what + " of an index cannot be read",
               "tidemill fsck tells what else is damaged");
}

// False: the frame says nothing that can be read.
bool apply(const Frame& frame, IndexContent& content) {
  if (frame.header.kind == kStoredFrame) {
    auto entry = readIndexEntry(frame.head);
    if (!entry) return false;
    const std::string id = entry->info->id;
    content.released.erase(id);
    content.entries[id] = std::move(*entry);
    return true;
  }
  if (frame.header.kind == kStartFrame) return frame.header.sequence == 0;
  if (frame.header.kind != kReleaseFrame) return false;
  const auto ids = readRelease(frame.head);
  if (!ids) return false;
  for (const std::string& id : *ids) {
    content.entries.erase(id);
    content.released.insert(id);
  }
  return true;
}

}  // namespace

std::string encodeIndexEntry(const IndexEntry& entry) {
  std::string head;
  appendNumber(entry.segment.epoch, head);
  appendNumber(entry.segment.number, head);
  appendNumber(entry.offset, head);
  appendNumber(entry.bytes, head);
  appendBlockInfo(*entry.info, head);
  return head;
}

Result<IndexEntry> readIndexEntry(std::string_view head) {
  ByteReader reader(head);
  IndexEntry entry;
  entry.segment.epoch = reader.number<std::uint64_t>();
  entry.segment.number = reader.number<std::uint64_t>();
  entry.offset = reader.number<std::uint64_t>();
  entry.bytes = reader.number<std::uint64_t>();
  // Sums of two of these do not overflow.
  constexpr std::uint64_t kNumberMax = 1'000'000'000'000'000'000;
  if (entry.bytes < kFrameOverheadBytes || entry.bytes > kFrameBytesMax || entry.offset > kNumberMax ||
      entry.segment.epoch > kNumberMax || entry.segment.number > kNumberMax)
    reader.fail();
  if (reader.failed()) return fail(unreadable("an entry"));
  auto info = readBlockInfo(reader.bytes(reader.left()));
  if (!info) return fail(info.error());
  entry.info = std::move(*info);
  return entry;
}

std::string encodeRelease(const std::vector<std::string>& ids) {
  std::string head;
  appendNumber(static_cast<std::uint32_t>(ids.size()), head);
  for (const std::string& id : ids) appendText(id, head);
  return head;
}

Result<std::vector<std::string>> readRelease(std::string_view head) {
  ByteReader reader(head);
  std::vector<std::string> ids;
  const std::uint64_t count = reader.count(sizeof(std::uint32_t));
  for (std::uint64_t i = 0; i < count; ++i) ids.push_back(reader.text());
  if (!reader.complete()) return fail(unreadable("a release"));
  return ids;
}

IndexContent readIndex(std::string_view file) {
  IndexContent content;
  if (file.empty()) content.tornAt = 0;
  FrameReader reader(file);
  for (;;) {  // Bounded by the bytes of the file.
    FrameStep step = reader.next();
    if (step.state == FrameState::kEnd) return content;
    if (step.state == FrameState::kTorn) {
      content.tornAt = step.offset;
      return content;
    }
    // Behind a frame that is missing the others still count; those of a writer that was replaced do not.
    const bool counts = step.state == FrameState::kFrame || step.state == FrameState::kOutOfOrder;
    if (counts && !apply(step.frame, content)) {
      step.state = FrameState::kDamaged;
      step.what = "this is no frame of an index";
    }
    if (step.state != FrameState::kFrame) content.damaged.push_back({step.offset, step.bytes, step.what});
  }
}

}  // namespace tidemill::block

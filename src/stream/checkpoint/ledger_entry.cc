#include "stream/checkpoint/ledger_entry.h"

#include <fmt/format.h>

#include <utility>

#include "block/block_codec.h"
#include "stream/checkpoint/entry_reader.h"

namespace tidemill::stream {
namespace {

using block::appendNumber;
using block::appendText;

// The numbers lie in files: never change one.
enum class Kind : std::uint8_t {
  kOpened = 1,
  kAdded = 2,
  kAllocated = 3,
  kCompleted = 4,
  kCleaned = 5,
  kSpan = 6,
  kPostponed = 7,
  kSnapshot = 8,
  kAlive = 9,
  kClosed = 10,
};

// At least what an input takes, and a text.
constexpr std::uint64_t kInputBytesMin = 3 * 4;
constexpr std::uint64_t kTextBytesMin = 4;

// Writes the content of an entry and says which kind it is.
struct Writer {
  std::string& to;

  Kind operator()(const OpenedEntry& entry) const {
    appendNumber(entry.epoch, to);
    appendText(entry.worker, to);
    appendText(entry.incarnation, to);
    appendNumber(entry.heartbeatMillis, to);
    appendNumber(static_cast<std::uint32_t>(entry.inputs.size()), to);
    for (const LedgerInput& input : entry.inputs) appendInput(input, to);
    return Kind::kOpened;
  }
  Kind operator()(const AddedEntry& entry) const {
    appendText(entry.input, to);
    appendBlock(*entry.block, to);
    return Kind::kAdded;
  }
  Kind operator()(const AllocatedEntry& entry) const {
    appendTime(entry.time, to);
    appendNumber(static_cast<std::uint32_t>(entry.blocks.size()), to);
    for (const std::string& id : entry.blocks) appendText(id, to);
    return Kind::kAllocated;
  }
  Kind operator()(const CompletedEntry& entry) const {
    appendTime(entry.time, to);
    return Kind::kCompleted;
  }
  Kind operator()(const CleanedEntry& entry) const {
    appendTime(entry.time, to);
    return Kind::kCleaned;
  }
  Kind operator()(const SpanEntry& entry) const {
    appendText(entry.input, to);
    appendText(entry.shard, to);
    appendNumber(static_cast<std::uint8_t>(entry.kind), to);
    appendCheckpoint(entry.from, to);
    return Kind::kSpan;
  }
  Kind operator()(const PostponedEntry& entry) const {
    appendTime(entry.time, to);
    appendText(entry.input, to);
    appendText(entry.shard, to);
    return Kind::kPostponed;
  }
  Kind operator()(const SnapshotEntry& entry) const {
    appendSnapshot(entry, to);
    return Kind::kSnapshot;
  }
  Kind operator()(const AliveEntry&) const { return Kind::kAlive; }
  Kind operator()(const ClosedEntry&) const { return Kind::kClosed; }
};

OpenedEntry readOpened(EntryReader& from) {
  OpenedEntry entry;
  entry.epoch = from.number<std::uint64_t>();
  entry.worker = from.text();
  entry.incarnation = from.text();
  entry.heartbeatMillis = from.number<std::int64_t>();
  const std::uint64_t inputs = from.count(kInputBytesMin);
  for (std::uint64_t i = 0; i < inputs; ++i) entry.inputs.push_back(from.input());
  return entry;
}

AddedEntry readAdded(EntryReader& from) {
  AddedEntry entry;
  entry.input = from.text();
  entry.block = from.block();
  return entry;
}

AllocatedEntry readAllocated(EntryReader& from) {
  AllocatedEntry entry;
  entry.time = from.time();
  const std::uint64_t blocks = from.count(kTextBytesMin);
  entry.blocks.reserve(blocks);
  for (std::uint64_t i = 0; i < blocks; ++i) entry.blocks.push_back(from.text());
  return entry;
}

SpanEntry readSpan(EntryReader& from) {
  SpanEntry entry;
  entry.input = from.text();
  entry.shard = from.text();
  const auto kind = from.number<std::uint8_t>();
  if (kind < 1 || kind > 3) from.fail();
  entry.kind = static_cast<SpanEntry::Kind>(kind);
  entry.from = from.checkpoint();
  return entry;
}

PostponedEntry readPostponed(EntryReader& from) {
  PostponedEntry entry;
  entry.time = from.time();
  entry.input = from.text();
  entry.shard = from.text();
  return entry;
}

// Fails the reader if there is no such kind.
LedgerEntry readEntry(std::uint8_t kind, EntryReader& from) {
  switch (static_cast<Kind>(kind)) {
    case Kind::kOpened:
      return readOpened(from);
    case Kind::kAdded:
      return readAdded(from);
    case Kind::kAllocated:
      return readAllocated(from);
    case Kind::kCompleted:
      return CompletedEntry{from.time()};
    case Kind::kCleaned:
      return CleanedEntry{from.time()};
    case Kind::kSpan:
      return readSpan(from);
    case Kind::kPostponed:
      return readPostponed(from);
    case Kind::kSnapshot:
      return from.snapshot();
    case Kind::kAlive:
      return AliveEntry{};
    case Kind::kClosed:
      return ClosedEntry{};
  }
  from.fail();
  return AliveEntry{};
}

}  // namespace

bool operator==(const AddedEntry& a, const AddedEntry& b) {
  return a.input == b.input && block::sameInfo(*a.block, *b.block);
}

void appendEntry(const LedgerEntry& entry, std::string& to) {
  std::string content;
  const Kind kind = std::visit(Writer{content}, entry);
  appendNumber(static_cast<std::uint8_t>(kind), to);
  appendText(content, to);
}

Result<std::vector<LedgerEntry>> readEntries(std::string_view bytes) {
  std::vector<LedgerEntry> entries;
  EntryReader reader(bytes);
  while (reader.left() > 0) {  // Each entry has bytes.
    const std::size_t at = reader.at();
    const auto kind = reader.number<std::uint8_t>();
    const std::string_view content = reader.bytes(reader.number<std::uint32_t>());
    EntryReader inside(content);
    LedgerEntry entry = readEntry(kind, inside);
    if (reader.failed() || !inside.complete()) {
      return fail(Code::kCheckpointUnreadable,
                  fmt::format("the entry at byte {}, of kind {}, cannot be read", at, kind),
                  "a later version of tidemill may have written it");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace tidemill::stream

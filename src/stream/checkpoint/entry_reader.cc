#include "stream/checkpoint/entry_reader.h"

#include <utility>

#include "block/block_codec.h"
#include "tidemill/sequence_number.h"

namespace tidemill::stream {

using block::appendNumber;
using block::appendText;

LedgerInput EntryReader::input() {
  LedgerInput value;
  value.uid = text();
  value.application = text();
  value.stream = text();
  return value;
}

lease::Checkpoint EntryReader::checkpoint() {
  const std::string word = text();
  const auto part = number<std::uint64_t>();
  auto value = lease::Checkpoint::parse(word, part);
  // A sentinel has no parts: what is read is written as it was.
  if (!value || (!value->isSequenceNumber() && part != 0)) fail();
  return value.value_or(lease::Checkpoint());
}

SnapshotEntry EntryReader::snapshot() {
  SnapshotEntry value;
  value.uid = text();
  value.time = time();
  value.epoch = number<std::uint64_t>();
  value.type = text();
  value.partitions = number<std::uint32_t>();
  return value;
}

Time EntryReader::time() {
  return Time(Duration(number<std::int64_t>()));
}

std::shared_ptr<const block::BlockInfo> EntryReader::block() {
  const std::string_view piece = bytes(number<std::uint32_t>());
  if (failed()) return nullptr;
  auto info = block::readBlockInfo(piece);
  if (!info) {
    fail();
    return nullptr;
  }
  // Positions are compared as numbers.
  for (const block::SliceInfo& slice : (*info)->slices) {
    const bool good =
        isSequenceNumber(slice.range.fromSeqNumber) && isSequenceNumber(slice.range.toSeqNumber);
    if (!good) fail();
  }
  return failed() ? nullptr : std::move(*info);
}

void appendInput(const LedgerInput& input, std::string& to) {
  appendText(input.uid, to);
  appendText(input.application, to);
  appendText(input.stream, to);
}

void appendCheckpoint(const lease::Checkpoint& checkpoint, std::string& to) {
  appendText(checkpoint.text(), to);
  appendNumber(checkpoint.subSequenceNumber(), to);
}

void appendSnapshot(const SnapshotEntry& snapshot, std::string& to) {
  appendText(snapshot.uid, to);
  appendTime(snapshot.time, to);
  appendNumber(snapshot.epoch, to);
  appendText(snapshot.type, to);
  appendNumber(snapshot.partitions, to);
}

void appendTime(Time time, std::string& to) {
  appendNumber(std::int64_t{time.time_since_epoch().count()}, to);
}

void appendBlock(const block::BlockInfo& block, std::string& to) {
  std::string bytes;
  block::appendBlockInfo(block, bytes);
  appendText(bytes, to);
}

}  // namespace tidemill::stream

#include "stream/checkpoint/metadata_codec.h"

#include <fmt/format.h>

#include <map>

#include "block/byte_reader.h"
#include "stream/checkpoint/entry_reader.h"

namespace tidemill::stream {
namespace {

using block::appendNumber;
using block::appendText;

// Of the content; the frame has one of its own.
constexpr std::uint32_t kVersion = 1;

// At least what one of each takes.
constexpr std::uint64_t kTextBytesMin = 4;
constexpr std::uint64_t kNodeBytesMin = 5 * 4 + 8;
constexpr std::uint64_t kInputBytesMin = 3 * 4;
constexpr std::uint64_t kBlockBytesMin = 2 * 4;
constexpr std::uint64_t kBatchBytesMin = 8 + 1 + 4;
constexpr std::uint64_t kSpanBytesMin = 2 * 4 + 2 * 12;
constexpr std::uint64_t kLoggedBytesMin = 2 * 4 + 2 * 12 + 1;
constexpr std::uint64_t kSnapshotBytesMin = 2 * 4 + 8 + 8 + 4;

template <class Things>
void appendCount(const Things& things, std::string& to) {
  appendNumber(static_cast<std::uint32_t>(things.size()), to);
}

void appendNode(const NodeShape& node, std::string& to) {
  appendText(node.uid, to);
  appendText(node.kind, to);
  appendCount(node.parents, to);
  for (const std::string& parent : node.parents) appendText(parent, to);
  appendNumber(std::int64_t{node.slide.count()}, to);
  appendText(node.parameters, to);
  appendText(node.typeTag, to);
}

NodeShape readNode(EntryReader& from) {
  NodeShape node;
  node.uid = from.text();
  node.kind = from.text();
  const std::uint64_t parents = from.count(kTextBytesMin);
  for (std::uint64_t i = 0; i < parents; ++i) node.parents.push_back(from.text());
  node.slide = Duration(from.number<std::int64_t>());
  node.parameters = from.text();
  node.typeTag = from.text();
  return node;
}

void appendBlocks(const std::vector<LedgerBlock>& blocks, std::string& to) {
  appendCount(blocks, to);
  for (const LedgerBlock& block : blocks) {
    appendText(block.input, to);
    appendBlock(*block.info, to);
  }
}

std::vector<LedgerBlock> readBlocks(EntryReader& from) {
  std::vector<LedgerBlock> blocks;
  const std::uint64_t count = from.count(kBlockBytesMin);
  for (std::uint64_t i = 0; i < count && !from.failed(); ++i) {
    LedgerBlock block;
    block.input = from.text();
    block.info = from.block();
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// Keys come in their order, each once.
template <class Key, class Value>
void addNext(std::map<Key, Value>& to, Key key, Value value, EntryReader& from) {
  if (!to.empty() && !(to.rbegin()->first < key)) from.fail();
  to.emplace_hint(to.end(), std::move(key), std::move(value));
}

ProgramShape readProgram(EntryReader& from) {
  ProgramShape program;
  program.batchInterval = Duration(from.number<std::int64_t>());
  const std::uint64_t nodes = from.count(kNodeBytesMin);
  for (std::uint64_t i = 0; i < nodes; ++i) program.nodes.push_back(readNode(from));
  return program;
}

LedgerWriter readWriter(EntryReader& from) {
  LedgerWriter writer;
  writer.epoch = from.number<std::uint64_t>();
  writer.worker = from.text();
  writer.incarnation = from.text();
  writer.heartbeatMillis = from.number<std::int64_t>();
  writer.closed = from.flag();
  return writer;
}

}  // namespace

void MetadataCodec::appendState(const LedgerState& state, std::string& to) {
  appendNumber(state.writer_.epoch, to);
  appendText(state.writer_.worker, to);
  appendText(state.writer_.incarnation, to);
  appendNumber(state.writer_.heartbeatMillis, to);
  appendNumber(static_cast<std::uint8_t>(state.writer_.closed), to);
  appendCount(state.inputs_, to);
  for (const auto& [uid, input] : state.inputs_) appendInput(input, to);
  appendBlocks(state.unallocated_, to);
  appendCount(state.batches_, to);
  for (const auto& [time, batch] : state.batches_) {
    appendTime(time, to);
    appendNumber(static_cast<std::uint8_t>(batch.completed), to);
    appendBlocks(batch.blocks, to);
  }
  appendNumber(static_cast<std::uint8_t>(state.lastAllocated_.has_value()), to);
  if (state.lastAllocated_) appendTime(*state.lastAllocated_, to);
  appendCount(state.spans_, to);
  for (const auto& [key, span] : state.spans_) {
    appendText(key.input, to);
    appendText(key.shard, to);
    appendCheckpoint(span.from, to);
    appendCheckpoint(span.to, to);
  }
  appendCount(state.logged_, to);
  for (const auto& [key, range] : state.logged_) {
    appendText(key.input, to);
    appendText(key.shard, to);
    appendCheckpoint(range.since, to);
    appendCheckpoint(range.to, to);
    appendNumber(static_cast<std::uint8_t>(range.open), to);
  }
  appendCount(state.snapshots_, to);
  for (const auto& [uid, snapshot] : state.snapshots_) appendSnapshot(snapshot, to);
}

std::string MetadataCodec::encode(const Metadata& metadata) {
  std::string bytes;
  appendNumber(kVersion, bytes);
  appendNumber(std::int64_t{metadata.program.batchInterval.count()}, bytes);
  appendCount(metadata.program.nodes, bytes);
  for (const NodeShape& node : metadata.program.nodes) appendNode(node, bytes);
  appendState(metadata.state, bytes);
  return bytes;
}

Result<Metadata> MetadataCodec::read(std::string_view bytes) {
  EntryReader reader(bytes);
  const auto version = reader.number<std::uint32_t>();
  if (version != kVersion) {
    return fail(Code::kCheckpointUnreadable, fmt::format("metadata of format {}", version),
                "another version of tidemill wrote it");
  }
  Metadata metadata;
  metadata.program = readProgram(reader);
  LedgerState& state = metadata.state;
  state.writer_ = readWriter(reader);
  const std::uint64_t inputs = reader.count(kInputBytesMin);
  for (std::uint64_t i = 0; i < inputs; ++i) {
    LedgerInput input = reader.input();
    std::string uid = input.uid;
    addNext(state.inputs_, std::move(uid), std::move(input), reader);
  }
  state.unallocated_ = readBlocks(reader);
  for (const LedgerBlock& block : state.unallocated_) {
    if (reader.failed() || !state.unallocatedIds_.insert(block.info->id).second) reader.fail();
    if (reader.failed()) break;
  }
  const std::uint64_t batches = reader.count(kBatchBytesMin);
  for (std::uint64_t i = 0; i < batches && !reader.failed(); ++i) {
    const Time time = reader.time();
    LedgerBatch batch;
    batch.completed = reader.flag();
    batch.blocks = readBlocks(reader);
    addNext(state.batches_, Time(time), std::move(batch), reader);
  }
  if (reader.flag()) state.lastAllocated_ = reader.time();
  const std::uint64_t spans = reader.count(kSpanBytesMin);
  for (std::uint64_t i = 0; i < spans; ++i) {
    ShardKey key;
    key.input = reader.text();
    key.shard = reader.text();
    ShardSpan span;
    span.from = reader.checkpoint();
    span.to = reader.checkpoint();
    addNext(state.spans_, std::move(key), std::move(span), reader);
  }
  const std::uint64_t logged = reader.count(kLoggedBytesMin);
  for (std::uint64_t i = 0; i < logged && !reader.failed(); ++i) {
    ShardKey key;
    key.input = reader.text();
    key.shard = reader.text();
    LoggedRange range;
    range.since = reader.checkpoint();
    range.to = reader.checkpoint();
    range.open = reader.flag();
    addNext(state.logged_, std::move(key), std::move(range), reader);
  }
  const std::uint64_t snapshots = reader.count(kSnapshotBytesMin);
  for (std::uint64_t i = 0; i < snapshots; ++i) {
    SnapshotEntry snapshot = reader.snapshot();
    std::string uid = snapshot.uid;
    addNext(state.snapshots_, std::move(uid), std::move(snapshot), reader);
  }
  if (!reader.complete()) {
    return fail(Code::kCheckpointUnreadable, fmt::format("metadata that goes wrong at byte {}", reader.at()),
                "it was damaged");
  }
  return metadata;
}

}  // namespace tidemill::stream

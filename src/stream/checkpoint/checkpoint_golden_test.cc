// Bytes that were put together after docs/CHECKPOINT_FORMAT.md, by another program: see
// tests/golden/README.md.
#include <gtest/gtest.h>

#include <fstream>

#include "stream/checkpoint/checkpoint_frame.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"
#include "stream/checkpoint/metadata_codec.h"

namespace tidemill::stream {
namespace {

std::string golden(const std::string& name) {
  std::ifstream file(std::string(TIDEMILL_SOURCE_DIR) + "/tests/golden/checkpoint/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::string bytes;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      bytes.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(CheckpointGolden, AChunkOfTheLogIsReadAndWrittenByteForByte) {
  const std::string bytes = golden("log_chunk.hex");
  const auto chunk = readChunk(17, bytes);
  ASSERT_TRUE(chunk) << chunk.error().message();
  EXPECT_EQ(chunk->epoch, 3u);
  ASSERT_EQ(chunk->entries.size(), 11u);
  const auto* const opened = std::get_if<OpenedEntry>(&chunk->entries.front());
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ(opened->worker, "worker-a");
  std::string entries;
  for (const LedgerEntry& entry : chunk->entries) appendEntry(entry, entries);
  EXPECT_EQ(encodeChunk(3, 17, entries), bytes);
}

TEST(CheckpointGolden, MetadataIsWhatTheLogAmountsTo) {
  const std::string bytes = golden("metadata.hex");
  const auto value = readValue(ValueKind::kMetadata, 17, bytes, "metadata");
  ASSERT_TRUE(value) << value.error().message();
  const auto metadata = MetadataCodec::read(value->body);
  ASSERT_TRUE(metadata) << metadata.error().message();
  EXPECT_EQ(metadata->program.nodes.front().uid, "totals");

  Metadata folded{metadata->program, {}};
  const auto chunk = readChunk(17, golden("log_chunk.hex"));
  ASSERT_TRUE(chunk);
  for (const LedgerEntry& entry : chunk->entries) folded.state.apply(entry);
  EXPECT_EQ(encodeValue(ValueKind::kMetadata, {3, 17, MetadataCodec::encode(folded)}), bytes);
}

}  // namespace
}  // namespace tidemill::stream

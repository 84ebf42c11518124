#include <gtest/gtest.h>

#include "base/random.h"
#include "block/byte_reader.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"
#include "stream/checkpoint/metadata_codec.h"
#include "stream/checkpoint/test_ledger.h"

namespace tidemill::stream {
namespace {

std::vector<LedgerEntry> oneOfEach() {
  return {
      OpenedEntry{3, "worker-a", "worker-a/1", 5000, {{"kinesis-0", "app", "orders"}}},
      span("shardId-1", SpanEntry::Kind::kAnew, lease::Checkpoint::latest()),
      AddedEntry{"in", infoOf("input-0-1", {slice("shardId-1", 10, 20), slice("shardId-2", 1, 1)}, "app")},
      added("input-0-2", "shardId-1", 21, 22),
      AllocatedEntry{at(100), {"input-0-1", "input-0-2"}},
      PostponedEntry{at(100), "in", "shardId-1"},
      CompletedEntry{at(100)},
      CleanedEntry{at(99)},
      SnapshotEntry{"counts", at(100), 3, "string,int64/1", 4},
      AliveEntry{},
      span("shardId-1", SpanEntry::Kind::kGoesOn, lease::Checkpoint::at("22", 4)),
      span("shardId-2", SpanEntry::Kind::kEnded),
      ClosedEntry{}};
}

std::string encoded(const std::vector<LedgerEntry>& entries) {
  std::string bytes;
  for (const LedgerEntry& entry : entries) appendEntry(entry, bytes);
  return bytes;
}

Metadata metadataOf(const std::vector<LedgerEntry>& entries) {
  Metadata metadata;
  metadata.program = {Seconds(1),
                      {{"kinesis-0", "kinesis", {}, Seconds(1), "stream=orders", ""},
                       {"counts", "state", {"kinesis-0"}, Seconds(2), "", "string,int64/1"}}};
  for (const LedgerEntry& entry : entries) metadata.state.apply(entry);
  return metadata;
}

TEST(LedgerEntryCodec, GivesBackWhatWasWritten) {
  const auto read = readEntries(encoded(oneOfEach()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, oneOfEach());
}

TEST(LedgerEntryCodec, RefusesCutBytesAndUnknownKinds) {
  const std::string bytes = encoded(oneOfEach());
  std::size_t whole = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = readEntries(std::string_view(bytes).substr(0, size));
    if (read) {
      ++whole;  // Cut between two entries.
    } else {
      EXPECT_EQ(read.error().code(), Code::kCheckpointUnreadable);
    }
  }
  EXPECT_EQ(whole, oneOfEach().size());

  const std::string later("\x63\0\0\0\0", 5);
  EXPECT_FALSE(readEntries(later));
}

TEST(LogChunk, IsFoundOutInTheWrongPlaceAndWithAnyByteChanged) {
  const std::string bytes = encodeChunk(3, 17, encoded(oneOfEach()));
  const auto read = readChunk(17, bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->epoch, 3u);
  EXPECT_EQ(read->entries, oneOfEach());
  EXPECT_FALSE(readChunk(18, bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const auto refused = readChunk(17, damaged);
    ASSERT_FALSE(refused) << "byte " << i;
    EXPECT_EQ(refused.error().code(), Code::kCheckpointUnreadable);
  }
}

TEST(MetadataCodec, GivesBackTheStateByteForByte) {
  std::vector<LedgerEntry> entries = oneOfEach();
  entries.push_back(added("input-0-3", "shardId-1", 30, 31));
  const std::string bytes = MetadataCodec::encode(metadataOf(entries));
  const auto read = MetadataCodec::read(bytes);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(MetadataCodec::encode(*read), bytes);
  EXPECT_EQ(read->program, metadataOf(entries).program);
  EXPECT_EQ(read->state.unallocated().size(), 1u);
}

TEST(MetadataCodec, RefusesCutAndChangedBytesWithoutHarm) {
  const std::string bytes = MetadataCodec::encode(metadataOf(oneOfEach()));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(MetadataCodec::read(std::string_view(bytes).substr(0, size)));
  base::Random random(1);
  for (int i = 0; i < 5'000; ++i) {
    std::string damaged = bytes;
    const std::size_t place = random.below(damaged.size());
    damaged[place] = static_cast<char>(random.below(256));
    const auto read = MetadataCodec::read(damaged);
    if (!read) continue;
    EXPECT_EQ(MetadataCodec::encode(*read), damaged);
  }
}

TEST(MetadataCodec, RefusesAnotherVersionOfTheFormatByName) {
  const std::string bytes = MetadataCodec::encode(metadataOf(oneOfEach()));
  for (const std::uint32_t version : {0u, 2u}) {
    std::string other;
    block::appendNumber(version, other);
    other += bytes.substr(sizeof version);
    const auto refused = MetadataCodec::read(other);
    ASSERT_FALSE(refused) << version;
    EXPECT_EQ(refused.error().code(), Code::kCheckpointUnreadable);
    EXPECT_EQ(refused.error().message(), "metadata of format " + std::to_string(version));
    EXPECT_EQ(refused.error().hint(), "another version of tidemill wrote it");
  }
}

TEST(LedgerNames, SortAsTheirNumbersDo) {
  EXPECT_EQ(logName(7), "log/00000000000000000007");
  EXPECT_EQ(parseNumberName("00000000000000000010"), 10u);
  EXPECT_LT(numberName(9), numberName(10));
  for (const char* bad : {"", "7", "0000000000000000000x", "99999999999999999999", "000000000000000000010"})
    EXPECT_FALSE(parseNumberName(bad)) << bad;
}

TEST(LedgerNames, StateNamesHoldAnyUid) {
  const StateName name{"count by/key.1 ä", 1'700'000'000'000, 12, 3};
  const std::string text = stateName(name);
  EXPECT_EQ(text, "state/count%20by%2Fkey%2E1%20%C3%A4.1700000000000-12.3");
  EXPECT_EQ(parseStateName(text.substr(6)), name);
  for (const char* bad : {"", "a", "a.1.2", "a.1-2", "a.1-02.3", "a%2.1-2.3", "a%61.1-2.3", "a.-2.3"})
    EXPECT_FALSE(parseStateName(bad)) << bad;
}

}  // namespace
}  // namespace tidemill::stream

#include "block/content_hash.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tidemill::block {
namespace {

Record recordOf(std::string_view number, std::string_view key, std::string_view data) {
  Record record;
  record.sequenceNumber = number;
  record.partitionKey = key;
  record.data = std::as_bytes(std::span(data.data(), data.size()));
  return record;
}

ContentHash hashOf(const Record& record) {
  return contentHashOf(std::span(&record, 1));
}

TEST(ContentHash, IsTheSameForTheSameRecords) {
  const std::vector<Record> records = {recordOf("1", "k", "data"), recordOf("2", "k", "more")};
  EXPECT_EQ(contentHashOf(records), contentHashOf(records));
}

TEST(ContentHash, ChangesWithEveryPartOfARecord) {
  const Record record = recordOf("1", "key", "data");
  std::vector<Record> others(7, record);
  others[0].sequenceNumber = "2";
  others[1].partitionKey = "kex";
  others[2] = recordOf("1", "key", "datb");
  others[3].subSequenceNumber = 1;
  others[4].explicitHashKey = "0";
  others[5].approximateArrivalTimestamp += std::chrono::milliseconds(1);
  others[6] = recordOf("1", "keyd", "ata");  // A byte moved from one part to the next.
  for (const Record& other : others) EXPECT_NE(hashOf(record), hashOf(other));
}

TEST(ContentHash, ChangesWithTheOrderOfRecords) {
  const std::vector<Record> records = {recordOf("1", "k", "a"), recordOf("1", "k", "b")};
  const std::vector<Record> swapped = {records[1], records[0]};
  EXPECT_NE(contentHashOf(records), contentHashOf(swapped));
}

TEST(ContentHash, TakesTextsOfAnyLength) {
  const std::string number(129, '9');
  const std::string key(1024, 'k');
  Record record = recordOf(number, key, "data");
  record.explicitHashKey = number;
  const ContentHash before = hashOf(record);
  const std::string other = key + "k";
  record.partitionKey = other;
  EXPECT_NE(hashOf(record), before);
}

TEST(ContentHash, IsReadBackFromItsText) {
  const ContentHash hash = hashOf(recordOf("1", "key", "data"));
  EXPECT_EQ(hash.text().size(), 32u);
  EXPECT_EQ(ContentHash::parse(hash.text()), hash);
  EXPECT_EQ((ContentHash{0x0123456789abcdef, 0xf}).text(), "0123456789abcdef000000000000000f");
}

TEST(ContentHash, RefusesTextsThatAreNone) {
  const std::string good(32, 'a');
  EXPECT_TRUE(ContentHash::parse(good));
  for (const std::string& bad : {std::string(31, 'a'), std::string(33, 'a'), std::string(32, 'A'),
                                 std::string(31, 'a') + "g", std::string()}) {
    EXPECT_FALSE(ContentHash::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace tidemill::block

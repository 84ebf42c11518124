#include "cli/shown_records.h"

#include <gtest/gtest.h>

namespace tidemill::cli {
namespace {

BatchInfo batchOf(std::int64_t time, std::int64_t records) {
  BatchInfo batch;
  batch.time = Time(Milliseconds(time));
  batch.records = records;
  batch.ranges.push_back({"orders", "shard-1", "7", "8", records, std::nullopt, 1});
  return batch;
}

std::string printed(const std::function<void()>& work) {
  testing::internal::CaptureStdout();
  work();
  return testing::internal::GetCapturedStdout();
}

TEST(RecordPrinter, PrintsWhereARecordCameFromAndNeverWhatIsInIt) {
  RecordPrinter printer(Output(true));
  const std::vector<ShownLine> lines = {{"shard-1", "7", 6, 0, Aggregation::kDamaged},
                                        {"shard-1", "8", 7, 1, Aggregation::kPart}};
  EXPECT_EQ(printed([&] { printer.records(batchOf(1000, 2), lines); }),
            "{\"event\":\"record\",\"shard\":\"shard-1\",\"sequenceNumber\":\"7\",\"subSequenceNumber\":0,"
            "\"aggregation\":\"damaged\",\"bytes\":6}\n"
            "{\"event\":\"record\",\"shard\":\"shard-1\",\"sequenceNumber\":\"8\",\"subSequenceNumber\":1,"
            "\"aggregation\":\"part\",\"bytes\":7}\n");
}

TEST(RecordPrinter, TellsWithABatchWhatCameOfItsAggregatedRecords) {
  RecordPrinter printer(Output(true));
  const std::vector<ShownLine> lines = {{"shard-1", "7", 0, 0, Aggregation::kDamaged},
                                        {"shard-1", "8", 0, 0, Aggregation::kPart},
                                        {"shard-1", "8", 0, 1, Aggregation::kPart}};
  printed([&] { printer.records(batchOf(1000, 3), lines); });
  EXPECT_EQ(printed([&] { printer.batch(batchOf(1000, 3)); }),
            "{\"event\":\"batch\",\"batch\":1000,\"records\":3,\"subRecords\":2,\"damagedAggregates\":1,"
            "\"ranges\":\"SequenceNumberRanges(SequenceNumberRange(orders,shard-1,7,8:1,3))\"}\n");
  const std::string plain = printed([&] { printer.batch(batchOf(2000, 1)); });
  EXPECT_NE(plain.find("\"subRecords\":0,\"damagedAggregates\":0"), std::string::npos) << plain;
  EXPECT_EQ(printed([&] { printer.batch(batchOf(3000, 0)); }), "");
}

TEST(RecordPrinter, WritesLinesForPeopleToo) {
  RecordPrinter printer(Output(false));
  const std::vector<ShownLine> lines = {{"shard-1", "8", 4, 1, Aggregation::kPart}};
  EXPECT_EQ(printed([&] { printer.records(batchOf(1000, 1), lines); }),
            "record: shard-1 8/1 part bytes: 4\n");
  EXPECT_EQ(printed([&] { printer.batch(batchOf(1000, 1)); }), "batch: 1000 records: 1\n");
}

}  // namespace
}  // namespace tidemill::cli

#include "sim/workloads/plain_job.h"

#include <gtest/gtest.h>

namespace tidemill::sim {
namespace {

Time at(std::int64_t seconds) {
  return Time(Seconds(seconds));
}

std::vector<Delivered> lines(const std::vector<std::string>& texts) {
  std::vector<Delivered> records;
  for (const std::string& text : texts) records.push_back({"shard", std::to_string(records.size()), text});
  return records;
}

TEST(PlainJob, AWindowHasTheBatchesOfItsLengthAndTotalsHaveAll) {
  PlainJob job(std::nullopt);
  job.setBatch(at(1), lines({"tide mill"}));
  job.setBatch(at(2), lines({"tide"}));
  job.setBatch(at(4), lines({"pond", "tide"}));

  EXPECT_EQ(job.wordsOfWindow(at(4), Seconds(2)), (WordCounts{{"pond", 1}, {"tide", 1}}));
  EXPECT_EQ(job.placesOfWindow(at(4), Seconds(3)).size(), 3U);
  EXPECT_EQ(job.totals(at(4)), (WordCounts{{"mill", 1}, {"pond", 1}, {"tide", 3}}));
}

TEST(PlainJob, ABatchThatRunsAgainStandsInForTheFirst) {
  PlainJob job(std::nullopt);
  job.setBatch(at(1), lines({"tide"}));
  EXPECT_EQ(job.totals(at(1)), (WordCounts{{"tide", 1}}));

  job.setBatch(at(1), lines({"mill"}));
  EXPECT_EQ(job.totals(at(1)), (WordCounts{{"mill", 1}}));
}

TEST(PlainJob, AWordThatTimesOutStartsFromNothing) {
  PlainJob job(Seconds(2));
  job.setBatch(at(1), lines({"tide"}));
  job.setBatch(at(3), lines({}));
  EXPECT_EQ(job.totals(at(3)), (WordCounts{{"tide", 1}}));

  job.setBatch(at(4), lines({}));
  EXPECT_EQ(job.totals(at(4)), WordCounts{});
  job.setBatch(at(5), lines({"tide"}));
  EXPECT_EQ(job.totals(at(5)), (WordCounts{{"tide", 1}}));
}

}  // namespace
}  // namespace tidemill::sim

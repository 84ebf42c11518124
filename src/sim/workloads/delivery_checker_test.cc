#include "sim/workloads/delivery_checker.h"

#include <gtest/gtest.h>

#include "fake/test_client.h"

namespace tidemill::sim {
namespace {

// One shard with five records, a second apart: "r0" to "r4".
class Start : public testing::Test {
 protected:
  Start() {
    client.makeStream("s", 1);
    for (const char* text : {"cjA=", "cjE=", "cjI=", "cjM=", "cjQ="}) {
      arrivals.push_back(client.now);
      numbers.push_back(client.put("s", text));
      client.now += std::chrono::seconds(1);
    }
  }

  void commit(int record) {
    checker.onCommit(
        {{"shardId-000000000000", numbers[static_cast<std::size_t>(record)], "r" + std::to_string(record)}});
  }
  std::string violated() const { return world.failed() ? world.firstViolation()->invariant : ""; }

  World world{1};
  fake::TestClient client;
  DeliveryChecker checker{world, client.aws.kinesis(), "s"};
  std::vector<rt::WallTime> arrivals;
  std::vector<std::string> numbers;
};

TEST_F(Start, OwesEverythingByDefault) {
  EXPECT_FALSE(checker.complete());
  commit(1);
  EXPECT_EQ(violated(), "I1");
}

TEST_F(Start, OwesWhatCameAfterIt) {
  checker.setStart({.earliest = arrivals[1], .owedFrom = arrivals[3]});
  for (const int record : {3, 4}) commit(record);

  EXPECT_TRUE(checker.complete()) << checker.missing();
  checker.finish();
  EXPECT_EQ(violated(), "");
}

TEST_F(Start, AllowsWhatCameBetweenButWithoutAGap) {
  checker.setStart({.earliest = arrivals[1], .owedFrom = arrivals[3]});
  for (const int record : {1, 2}) commit(record);
  EXPECT_EQ(violated(), "");
  EXPECT_FALSE(checker.complete());

  commit(4);
  EXPECT_EQ(violated(), "I1");
}

TEST_F(Start, RefusesWhatCameBefore) {
  checker.setStart({.earliest = arrivals[1], .owedFrom = arrivals[3]});
  commit(0);
  EXPECT_EQ(violated(), "I1");
}

TEST_F(Start, RefusesToBeginBehindWhatIsOwed) {
  checker.setStart({.earliest = arrivals[1], .owedFrom = arrivals[3]});
  commit(4);
  EXPECT_EQ(violated(), "I1");
}

TEST_F(Start, IsNotCompleteBeforeItIsDecided) {
  checker.setStart({.earliest = arrivals[1], .owedFrom = std::nullopt});
  EXPECT_FALSE(checker.complete());
  checker.setStart({.earliest = arrivals[1], .owedFrom = client.now});
  EXPECT_TRUE(checker.complete());
}

}  // namespace
}  // namespace tidemill::sim

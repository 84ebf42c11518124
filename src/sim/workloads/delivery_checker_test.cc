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

// Records 1 and 2 are trimmed behind the first delivery.
class Losses : public Start {
 protected:
  Losses() {
    commit(0);
    client.aws.kinesis().trim("s", 0, arrivals[3]);
  }
  void lose(int from, int to, std::int64_t left = 0, int firstLeft = 0, int lastLeft = 0) {
    NamedLoss loss{"shardId-000000000000", at(from), at(to), to - from + 1, left};
    if (left > 0) {
      loss.firstLeft = at(firstLeft);
      loss.lastLeft = at(lastLeft);
    }
    checker.onLoss(loss);
  }
  SequenceNumberRange range(int from, int to) const {
    return {"s", "shardId-000000000000", at(from), at(to), to - from + 1};
  }
  void tellLost(const char* block, int from, int to) { checker.onBlockLost(block, {range(from, to)}); }
  std::string at(int record) const { return numbers[static_cast<std::size_t>(record)]; }
};

TEST_F(Losses, LetOrderGoOnBehindThem) {
  tellLost("a", 0, 4);
  lose(1, 2);
  EXPECT_EQ(checker.named(), 2U);
  for (const int record : {3, 4}) commit(record);

  EXPECT_TRUE(checker.complete()) << checker.missing();
  checker.finish();
  EXPECT_EQ(violated(), "");
}

TEST_F(Losses, MustBeNamed) {
  tellLost("a", 0, 4);
  lose(1, 1);
  commit(3);
  EXPECT_EQ(violated(), "I1");
}

TEST_F(Losses, OweNothingMoreWhereTheyAreTheLast) {
  tellLost("a", 0, 4);
  client.aws.kinesis().trim("s", 0, client.now);
  lose(1, 4);
  EXPECT_TRUE(checker.complete()) << checker.missing();
  checker.finish();
  EXPECT_EQ(violated(), "");
}

TEST_F(Losses, AreOfNoRecordThatTheStreamHas) {
  tellLost("a", 0, 4);
  lose(1, 3);
  EXPECT_EQ(violated(), "I9");
}

TEST_F(Losses, AreNamedOnceInALifeForEachBlockThatLostThem) {
  tellLost("a", 1, 3);
  lose(1, 2);
  checker.onLifeBegun();
  for (const char* block : {"a", "b"}) {
    tellLost(block, 1, 3);
    lose(1, 2);
  }
  EXPECT_EQ(violated(), "");
  lose(2, 2);
  EXPECT_EQ(violated(), "I9");
}

TEST_F(Losses, AreAsManyAsIsSaid) {
  tellLost("a", 0, 4);
  lose(1, 3, 2, 3, 3);
  EXPECT_EQ(violated(), "I9");
}

TEST_F(Losses, MayLieInAHole) {
  tellLost("a", 0, 4);
  lose(0, 3, 3, 0, 3);
  for (const int record : {2, 3}) commit(record);
  EXPECT_EQ(violated(), "");
}

TEST_F(Losses, AreAllThatARebuiltBlockLacks) {
  tellLost("a", 0, 4);
  lose(1, 2, 1, 2, 2);
  checker.onRebuilt({range(1, 3)}, {range(2, 3)});
  EXPECT_EQ(violated(), "");
  checker.onRebuilt({range(1, 3)}, {range(3, 3)});
  EXPECT_EQ(violated(), "I9");
}

}  // namespace
}  // namespace tidemill::sim

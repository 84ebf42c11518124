#include "fake/fault_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

TEST(FaultPlan, DrawsNothingAtRateZero) {
  FaultPlan plan(base::Random(1), 0, true);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(plan.draw("GetRecords"), Fault::kNone);
}

TEST(FaultPlan, DrawsEveryFaultOfAnOperationAndNoOther) {
  FaultPlan plan(base::Random(1), 1000, true);
  std::set<Fault> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(plan.draw("GetRecords"));

  EXPECT_TRUE(seen.contains(Fault::kExpiredIterator));
  EXPECT_TRUE(seen.contains(Fault::kLostAnswer));
  EXPECT_FALSE(seen.contains(Fault::kNone));
  EXPECT_FALSE(seen.contains(Fault::kStaleList));
  EXPECT_EQ(seen.size(), 10u);
}

TEST(FaultPlan, LeavesTheNetworkAloneWhenAsked) {
  FaultPlan plan(base::Random(1), 1000, false);
  for (int i = 0; i < 1000; ++i) {
    const Fault fault = plan.draw("ListStreams");
    EXPECT_TRUE(fault == Fault::kThrottled || fault == Fault::kInternalFailure ||
                fault == Fault::kUnavailableHtml);
  }
}

// Every answer under faults is one that a client must be able to meet, and a lost put was applied all the
// same.
TEST(FakeAws, AnswersEveryFaultInTheServicesShape) {
  TestClient client({.limits = false, .seed = 3});
  client.makeStream("s", 1);
  client.aws.setFaults(500);
  std::map<int, int> statuses;
  std::map<FakeAnswer::Delivery, int> deliveries;
  int promised = 0;

  for (int i = 0; i < 400; ++i) {
    auto request = TestClient::request("PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"eA=="})");
    client.sign(request);
    const FakeAnswer answer = client.aws.handle(request, client.now);
    ++statuses[answer.response.status];
    ++deliveries[answer.delivery];
    promised += answer.response.status == 200 ? 1 : 0;
  }

  EXPECT_GT(statuses[200], 0);
  EXPECT_GT(statuses[400], 0);
  EXPECT_GT(statuses[500], 0);
  EXPECT_GT(statuses[503], 0);
  EXPECT_GT(deliveries[FakeAnswer::Delivery::kLost], 0);
  EXPECT_GT(deliveries[FakeAnswer::Delivery::kCut], 0);
  const auto& shard = *client.aws.kinesis().store().streams().at("s")->shards[0];
  EXPECT_EQ(shard.log.end(), static_cast<std::uint64_t>(promised));
}

TEST(FakeAws, TellsAnEndThatIsNoneOnlyWhenAsked) {
  for (const bool bareEnds : {false, true}) {
    TestClient client({.limits = false, .bareEnds = bareEnds});
    client.makeStream("s", 1);
    const std::string iterator = client.iterator("s", "shardId-000000000000", "TRIM_HORIZON");
    client.aws.setFaults(1000);

    int bare = 0;
    for (int i = 0; i < 200; ++i) {
      const TestAnswer answer = client.records(iterator);
      if (answer.status == 200 && answer.text("NextShardIterator").empty() && answer.error().empty() &&
          answer.json.contains("MillisBehindLatest")) {
        EXPECT_FALSE(answer.json.contains("ChildShards"));
        ++bare;
      }
    }

    EXPECT_EQ(bare > 0, bareEnds);
    EXPECT_EQ(client.aws.kinesis().calls().bareEnds, static_cast<std::uint64_t>(bare));
  }
}

TEST(FakeAws, RepeatsItselfForTheSameSeed) {
  const auto run = [] {
    TestClient client({.seed = 5, .faultsPerThousand = 300});
    client.makeStream("s", 2);
    std::string all;
    for (int i = 0; i < 50; ++i) {
      all += client.call("PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"eA=="})").raw;
      all += client.call("ListShards", R"({"StreamName":"s"})").raw;
    }
    return all;
  };

  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace tidemill::fake

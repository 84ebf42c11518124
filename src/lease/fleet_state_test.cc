#include "lease/fleet_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;
using dynamo::AttributeValue;
using dynamo::Item;
using testing::HasSubstr;

const rt::WallTime kNow{1'767'225'600'000ms};

Item version(const std::string& cv) {
  return {{"key", AttributeValue::string("Migration3.0")}, {"cv", AttributeValue::string(cv)}};
}
Item migration(const std::string& status) {
  return {{"tm", AttributeValue::string("TABLE_MIGRATION_STATUS_" + status)}};
}
const Item kHeldLock{{"ownerName", AttributeValue::string("a")}};

bool allowed(const FleetSigns& signs) {
  const auto judged = judgeFleet(signs, kNow);
  if (!judged) {
    EXPECT_EQ(judged.error().code(), Code::kUnsupportedFleet);
    EXPECT_THAT(judged.error().hint(), HasSubstr("CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X"));
  }
  return judged.has_value();
}

TEST(JudgeFleet, AFleetOfKcl1Or2HasNoSigns) {
  EXPECT_TRUE(allowed({}));
}

TEST(JudgeFleet, FollowsTheClientVersion) {
  for (const auto& [cv, joins] :
       std::vector<std::pair<std::string, bool>>{{"CLIENT_VERSION_2X", true},
                                                 {"CLIENT_VERSION_UPGRADE_FROM_2X", true},
                                                 {"CLIENT_VERSION_3X_WITH_ROLLBACK", false},
                                                 {"CLIENT_VERSION_3X", false},
                                                 {"CLIENT_VERSION_4X", false},
                                                 {"", false}}) {
    FleetSigns signs;
    signs.ofStateTable.clientVersion = version(cv);
    EXPECT_EQ(allowed(signs), joins) << cv;
    FleetSigns inOneTable;
    inOneTable.ofLeaseTable.clientVersion = version(cv);
    EXPECT_EQ(allowed(inOneTable), joins) << cv;
  }
}

TEST(JudgeFleet, AStateThatSaysTwoOverrulesTheOtherSigns) {
  FleetSigns signs;
  signs.ofStateTable.clientVersion = version("CLIENT_VERSION_2X");
  signs.ofStateTable.leader = kHeldLock;
  signs.handoffSeen = true;
  signs.lastMetrics = kNow;
  EXPECT_TRUE(allowed(signs));
}

TEST(JudgeFleet, WithoutAStateTheOtherSignsTell) {
  FleetSigns locked;
  locked.ofLeaseTable.leader = kHeldLock;
  EXPECT_FALSE(allowed(locked));
  locked.ofLeaseTable.leader->emplace("isReleased", AttributeValue::string("1"));
  EXPECT_TRUE(allowed(locked));

  FleetSigns handing;
  handing.handoffSeen = true;
  EXPECT_FALSE(allowed(handing));

  FleetSigns measured;
  measured.lastMetrics = kNow - 60s;
  EXPECT_FALSE(allowed(measured));
  measured.lastMetrics = kNow - 61s;
  EXPECT_TRUE(allowed(measured));
}

TEST(JudgeFleet, TheTableThatIsInForceIsBelieved) {
  FleetSigns signs;
  signs.ofStateTable.clientVersion = version("CLIENT_VERSION_3X");
  signs.ofLeaseTable.clientVersion = version("CLIENT_VERSION_2X");
  for (const auto& [status, joins] : std::vector<std::pair<std::string, bool>>{
           {"INIT", false}, {"DEPLOYED", false}, {"PENDING", true}, {"COMPLETE", true}, {"NEWER", false}}) {
    signs.ofStateTable.tableMigration = migration(status);
    EXPECT_EQ(allowed(signs), joins) << status;
  }
}

TEST(MetricsTime, IsInSecondsAndMayBeMissing) {
  EXPECT_EQ(metricsTime({{"lut", AttributeValue::number(1'767'225'600)}}), kNow);
  EXPECT_EQ(metricsTime({{"lut", AttributeValue::string("soon")}}), std::nullopt);
  EXPECT_EQ(metricsTime({{"lut", AttributeValue::numberText("9223372036854775807")}}), std::nullopt);
  EXPECT_EQ(metricsTime({}), std::nullopt);
}

}  // namespace
}  // namespace tidemill::lease

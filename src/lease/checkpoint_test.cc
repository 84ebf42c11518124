#include "lease/checkpoint.h"

#include <gtest/gtest.h>

namespace tidemill::lease {
namespace {

TEST(Checkpoint, OrdersSentinelsBelowNumbersAndTheEndAbove) {
  EXPECT_LT(Checkpoint::atTimestamp(), Checkpoint::trimHorizon());
  EXPECT_LT(Checkpoint::trimHorizon(), Checkpoint::latest());
  EXPECT_LT(Checkpoint::latest(), Checkpoint::at("0"));
  EXPECT_LT(Checkpoint::at(std::string(129, '9')), Checkpoint::shardEnd());
}

TEST(Checkpoint, ComparesNumbersAsIntegersThenBySubSequence) {
  EXPECT_LT(Checkpoint::at("9"), Checkpoint::at("10"));
  EXPECT_LT(Checkpoint::at("10", 1), Checkpoint::at("10", 2));
  EXPECT_EQ(Checkpoint::at("10", 2), Checkpoint::at("10", 2));
}

TEST(Checkpoint, ReadsWhatItWrites) {
  for (const Checkpoint& checkpoint :
       {Checkpoint::atTimestamp(), Checkpoint::trimHorizon(), Checkpoint::latest(), Checkpoint::at("4957"),
        Checkpoint::shardEnd()}) {
    EXPECT_EQ(Checkpoint::parse(checkpoint.text(), 0), checkpoint);
  }
}

TEST(Checkpoint, RefusesTextThatIsNoPosition) {
  EXPECT_FALSE(Checkpoint::parse("", 0));
  EXPECT_FALSE(Checkpoint::parse("trim_horizon", 0));
  EXPECT_FALSE(Checkpoint::parse("-1", 0));
  EXPECT_FALSE(Checkpoint::parse("12x", 0));
}

}  // namespace
}  // namespace tidemill::lease

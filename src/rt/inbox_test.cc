#include "rt/inbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tidemill::rt {
namespace {

using Values = std::vector<int>;

class InboxTest : public testing::Test {
 protected:
  void open() {
    inbox_.open([this] { ++woken_; });
  }
  InboxPut put(int value, std::int64_t weight = 1, std::int64_t bytes = 1) {
    return inbox_.put(value, weight, bytes, /*mayWait=*/false);
  }

  Inbox<int> inbox_{InboxLimits{.weightMost = 3, .bytesMost = 10}};
  int woken_ = 0;
};

TEST_F(InboxTest, TakesNothingBeforeItIsOpenAndAfterItIsClosed) {
  EXPECT_EQ(put(1), InboxPut::kClosed);
  open();
  EXPECT_EQ(put(2), InboxPut::kTaken);
  inbox_.close();
  EXPECT_EQ(put(3), InboxPut::kClosed);
  EXPECT_EQ(inbox_.take(10, 10), (Values{2})) << "what was there stays";
}

TEST_F(InboxTest, WakesTheLaneOnceUntilItRests) {
  open();
  put(1);
  put(2);
  EXPECT_EQ(woken_, 1);
  EXPECT_FALSE(inbox_.rest());
  inbox_.take(10, 10);
  put(3);
  EXPECT_EQ(woken_, 1) << "the lane has not rested";
  inbox_.take(10, 10);
  EXPECT_TRUE(inbox_.rest());
  put(4);
  EXPECT_EQ(woken_, 2);
  inbox_.take(10, 10);
  EXPECT_TRUE(inbox_.rest());
  inbox_.abandon();
  put(5);
  EXPECT_EQ(woken_, 2);
}

TEST_F(InboxTest, IsFullAtEitherLimitAndTakesOneThatIsLargerAlone) {
  open();
  EXPECT_EQ(put(1, 3), InboxPut::kTaken);
  EXPECT_EQ(put(2), InboxPut::kFull);
  inbox_.take(10, 10);
  EXPECT_EQ(put(3, 1, 10), InboxPut::kTaken);
  EXPECT_EQ(put(4), InboxPut::kFull);
  inbox_.take(10, 10);
  EXPECT_EQ(put(5, 4, 11), InboxPut::kTaken);
  EXPECT_EQ(put(6), InboxPut::kFull);
  EXPECT_EQ(inbox_.weight(), 4);
}

TEST_F(InboxTest, GivesNoMoreThanWasAskedForButAtLeastOne) {
  open();
  put(1);
  put(2, 2, 4);
  EXPECT_EQ(inbox_.take(2, 10), (Values{1}));
  EXPECT_EQ(inbox_.take(1, 1), (Values{2}));
  EXPECT_EQ(inbox_.take(1, 1), Values{});
  EXPECT_EQ(inbox_.weight(), 0);
}

TEST_F(InboxTest, AThreadThatWaitsGoesOnWhenThereIsRoomOrItIsClosed) {
  open();
  put(1, 3);
  InboxPut first{};
  InboxPut second{};
  std::thread waits([&] {
    first = inbox_.put(2, 3, 1, /*mayWait=*/true);
    second = inbox_.put(3, 3, 1, /*mayWait=*/true);
  });
  Values taken;
  while (taken.size() < 2) {
    for (const int value : inbox_.take(3, 10)) taken.push_back(value);
  }
  // The third may have come already, or comes too late.
  inbox_.close();
  waits.join();
  EXPECT_EQ(taken, (Values{1, 2}));
  EXPECT_EQ(first, InboxPut::kTaken);
  EXPECT_EQ(second == InboxPut::kTaken, inbox_.weight() == 3);
}

}  // namespace
}  // namespace tidemill::rt

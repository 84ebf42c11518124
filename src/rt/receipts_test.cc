#include "rt/receipts.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace tidemill::rt {
namespace {

using Numbers = std::array<Receipts::Number, 2>;

TEST(ReceiptsTest, ANumberHasNoAnswerUntilSomebodyGivesItOne) {
  Receipts receipts;
  receipts.open();
  const Numbers numbers{receipts.issue(), receipts.issue()};
  EXPECT_NE(numbers[0], numbers[1]);
  EXPECT_NE(numbers[0], Receipts::kNone);
  EXPECT_EQ(receipts.answered(numbers[0]), std::nullopt);

  receipts.answer(std::span(numbers).first(1), true);
  receipts.answer(numbers, false);
  EXPECT_EQ(receipts.answered(numbers[0]), true) << "the first answer counts";
  EXPECT_EQ(receipts.answered(numbers[1]), false);
  EXPECT_TRUE(receipts.await(numbers[0]));
  EXPECT_EQ(receipts.answered(numbers[0]), std::nullopt) << "it is forgotten";
  EXPECT_FALSE(receipts.await(numbers[0]));
}

TEST(ReceiptsTest, EverythingIsRefusedWhileItIsClosed) {
  Receipts receipts;
  EXPECT_FALSE(receipts.await(receipts.issue())) << "before open()";
  receipts.open();
  const Receipts::Number waits = receipts.issue();
  receipts.close();
  receipts.answer(std::array{waits}, true);
  EXPECT_FALSE(receipts.await(waits)) << "too late";
  EXPECT_FALSE(receipts.await(receipts.issue()));
  receipts.open();
  EXPECT_EQ(receipts.answered(receipts.issue()), std::nullopt);
}

TEST(ReceiptsTest, CloseFreesThreadsThatWait) {
  Receipts receipts;
  receipts.open();
  const Receipts::Number answered = receipts.issue();
  const Receipts::Number refused = receipts.issue();
  std::atomic<int> good{0};
  std::thread first([&] { good += receipts.await(answered) ? 1 : 0; });
  std::thread second([&] { good += receipts.await(refused) ? 1 : 0; });
  receipts.answer(std::array{answered}, true);
  first.join();
  receipts.close();
  second.join();
  EXPECT_EQ(good, 1);
}

}  // namespace
}  // namespace tidemill::rt

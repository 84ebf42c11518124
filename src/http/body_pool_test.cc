#include "http/body_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace tidemill::http {
namespace {

constexpr std::size_t kMiB = 1u << 20;

TEST(BodyPool, ALargeBodyComesBackEmptyAndIsUsedAgain) {
  BodyPool pool(16 * kMiB);
  auto first = pool.take(4 * kMiB);
  first->append(std::string(kMiB, 'x'));
  const codec::Body* used = first.get();
  first.reset();
  EXPECT_GT(pool.idleBytes(), 4 * kMiB);

  auto second = pool.take(4 * kMiB);

  EXPECT_EQ(second.get(), used);
  EXPECT_EQ(second->size(), 0u);
  EXPECT_EQ(pool.idleBytes(), 0u);
}

TEST(BodyPool, ASmallWantIsNotServedWithAHugeBuffer) {
  BodyPool pool(64 * kMiB);
  pool.take(32 * kMiB).reset();

  EXPECT_LT(pool.take(kMiB)->capacity(), 2 * kMiB);
}

TEST(BodyPool, KeepsNoMoreThanItsLimit) {
  BodyPool pool(5 * kMiB);
  auto a = pool.take(4 * kMiB);
  auto b = pool.take(4 * kMiB);
  a.reset();
  b.reset();

  EXPECT_LE(pool.idleBytes(), 5 * kMiB);
  EXPECT_GT(pool.idleBytes(), 0u);
}

TEST(BodyPool, SmallBodiesAreNotKept) {
  BodyPool pool(16 * kMiB);
  pool.take(1000).reset();

  EXPECT_EQ(pool.idleBytes(), 0u);
}

TEST(BodyPool, BodiesMayOutliveThePoolAndEndOnOtherThreads) {
  std::shared_ptr<codec::Body> body;
  {
    BodyPool pool(16 * kMiB);
    body = pool.take(kMiB);
  }
  std::thread([owned = std::move(body)]() mutable { owned.reset(); }).join();
}

TEST(BodyPool, ManyThreadsMayGiveBackAtOnce) {
  BodyPool pool(64 * kMiB);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> owners;
    for (int i = 0; i < 4; ++i) {
      owners.emplace_back([owned = pool.take(kMiB)]() mutable { owned.reset(); });
    }
    for (std::thread& owner : owners) owner.join();
  }

  EXPECT_GE(pool.idleBytes(), kMiB);
  EXPECT_LE(pool.idleBytes(), 8 * kMiB);
}

}  // namespace
}  // namespace tidemill::http

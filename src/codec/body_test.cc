#include "codec/body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tidemill::codec {
namespace {

bool isPadded(const Body& body) {
  const char* const end = body.view().data() + body.size();
  return std::all_of(end, end + Body::kPadding, [](char c) { return c == 0; });
}

TEST(Body, HasZeroesBehindItsContent) {
  Body body;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string part(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    body.append(part);
    expected += part;
    EXPECT_TRUE(body.size() == 0 || isPadded(body));
  }

  EXPECT_EQ(body.view(), expected);
}

TEST(Body, DoesNotMoveWithinItsReserve) {
  Body body;
  body.reserve(1000);
  body.append("a");
  const char* const before = body.view().data();
  body.append(std::string(999, 'b'));

  EXPECT_EQ(body.view().data(), before);
  EXPECT_EQ(body.capacity(), 1000 + Body::kPadding);
}

TEST(Body, IsFilledInPlaceAndShrunk) {
  Body body;
  char* const room = body.extend(1000);
  std::fill(room, room + 1000, 'x');
  body.shrinkTo(10);

  EXPECT_EQ(body.view(), "xxxxxxxxxx");
  EXPECT_EQ(body.capacity(), 10 + Body::kPadding);
  EXPECT_TRUE(isPadded(body));
}

TEST(Body, KeepsItsContentWhenItGrowsLargeAndWhenItShrinksAgain) {
  constexpr std::size_t kPart = 300'000;
  Body body;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string part(kPart, static_cast<char>('a' + i));
    body.append(part);
    expected += part;
    ASSERT_EQ(body.view(), expected) << "after part " << i;
    EXPECT_TRUE(isPadded(body));
  }
  for (const std::size_t size :
       {expected.size() - 1, std::size_t{3'000'001}, std::size_t{4096}, std::size_t{1}}) {
    body.shrinkTo(size);
    ASSERT_EQ(body.view(), expected.substr(0, size));
    EXPECT_EQ(body.capacity(), size + Body::kPadding);
    EXPECT_TRUE(isPadded(body));
  }
  body.append("bc");  // Beyond what it holds now, though still small.
  body.append(std::string(10'000, 'd'));
  EXPECT_EQ(body.view(), "abc" + std::string(10'000, 'd'));
  body.append(expected);

  EXPECT_EQ(body.view(), "abc" + std::string(10'000, 'd') + expected);
}

TEST(Body, MayBeEmpty) {
  const auto body = Body::copyOf({});

  EXPECT_EQ(body->size(), 0u);
  EXPECT_EQ(body->view(), "");
  EXPECT_TRUE(isPadded(*body));
}

}  // namespace
}  // namespace tidemill::codec

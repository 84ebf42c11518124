#include "http/http_date.h"

#include <gtest/gtest.h>

namespace tidemill::http {
namespace {

using namespace std::chrono_literals;

TEST(ParseHttpDate, ReadsTheFixedForm) {
  const auto date = parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT");

  ASSERT_TRUE(date);
  EXPECT_EQ(date->time_since_epoch(), 784111777s);
}

TEST(ParseHttpDate, RefusesEverythingElse) {
  EXPECT_FALSE(parseHttpDate(""));
  EXPECT_FALSE(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parseHttpDate("Sun, 06 Nov 1994 08:49:37 UTC"));
  EXPECT_FALSE(parseHttpDate("Sun, 31 Feb 1994 08:49:37 GMT"));
  EXPECT_FALSE(parseHttpDate("Sun, 06 Foo 1994 08:49:37 GMT"));
  EXPECT_FALSE(parseHttpDate("Sun, 06 Nov 1994 25:49:37 GMT"));
  EXPECT_FALSE(parseHttpDate("Sun, -6 Nov 1994 08:49:37 GMT"));
}

}  // namespace
}  // namespace tidemill::http

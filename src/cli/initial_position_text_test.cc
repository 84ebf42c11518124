#include "cli/initial_position_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace tidemill::cli {
namespace {

using Kind = KinesisInitialPosition::Kind;

// Milliseconds since 1970 of "AT_TIMESTAMP=" and `time`; -1 if it is refused.
std::int64_t millisecondsOf(const std::string& time) {
  const auto position = parseInitialPosition("AT_TIMESTAMP=" + time);
  if (!position) {
    EXPECT_EQ(position.error().code(), Code::kUsage);
    return -1;
  }
  EXPECT_EQ(position->kind(), Kind::kAtTimestamp);
  return position->timestamp().time_since_epoch().count();
}

TEST(ParseInitialPosition, KnowsTheNamesOfAws) {
  EXPECT_EQ(parseInitialPosition("TRIM_HORIZON")->kind(), Kind::kTrimHorizon);
  EXPECT_EQ(parseInitialPosition("LATEST")->kind(), Kind::kLatest);
}

TEST(ParseInitialPosition, TakesMillisecondsSince1970) {
  EXPECT_EQ(millisecondsOf("0"), 0);
  EXPECT_EQ(millisecondsOf("1795490400123"), 1'795'490'400'123);
}

TEST(ParseInitialPosition, TakesAWrittenTime) {
  EXPECT_EQ(millisecondsOf("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(millisecondsOf("2000-02-29T12:34:56.7Z"), 951'827'696'700);
  EXPECT_EQ(millisecondsOf("2000-02-29T12:34:56.7891Z"), 951'827'696'789);
  EXPECT_EQ(millisecondsOf("2000-02-29T14:34:56+02:00"), 951'827'696'000);
  EXPECT_EQ(millisecondsOf("2000-02-29T07:04:56-05:30"), 951'827'696'000);
}

TEST(ParseInitialPosition, RefusesWhatIsNoTime) {
  for (const char* time :
       {"", "-1", "soon", "2000-02-30T00:00:00Z", "2000-02-29", "2000-02-29T00:00:00", "2000-02-29T24:00:00Z",
        "2000-02-29T00:00:00.Z", "2000-02-29T00:00:00Zz", "2000-2-9T00:00:00Z", "1969-12-31T23:59:59Z",
        "999999999999999", "99999999999999999999", "2000-02-29T00:00:00+2:00"}) {
    EXPECT_EQ(millisecondsOf(time), -1) << time;
  }
}

TEST(ParseInitialPosition, NamesWhatWasWritten) {
  const auto position = parseInitialPosition("AT_SEQUENCE_NUMBER=1\n");

  ASSERT_FALSE(position.has_value());
  EXPECT_EQ(position.error().code(), Code::kUsage);
  EXPECT_NE(position.error().message().find(R"("AT_SEQUENCE_NUMBER=1\n")"), std::string::npos);
}

}  // namespace
}  // namespace tidemill::cli

#include "cli/initial_position_text.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "base/text.h"

namespace tidemill::cli {
namespace {

constexpr std::string_view kAtTimestamp = "AT_TIMESTAMP=";

// Takes the parts of a time off its front.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits, at most `max`.
  std::optional<int> number(std::size_t digits, int max) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value <= max ? std::optional(value) : std::nullopt;
  }
  // What stands behind the point, in milliseconds; finer digits are cut. Nothing if there is no digit.
  std::optional<int> fraction() {
    std::size_t digits = 0;
    int milliseconds = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      if (digits < 3) milliseconds = milliseconds * 10 + (rest_[digits] - '0');
      ++digits;
    }
    for (std::size_t i = digits; i < 3; ++i) milliseconds *= 10;
    rest_.remove_prefix(digits);
    return digits > 0 ? std::optional(milliseconds) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::optional<Time> dateOf(TimeText& text) {
  const auto year = text.number(4, 9999);
  if (!year || !text.skip('-')) return std::nullopt;
  const auto month = text.number(2, 12);
  if (!month || !text.skip('-')) return std::nullopt;
  const auto day = text.number(2, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(date));
}

std::optional<Duration> timeOfDay(TimeText& text) {
  const auto hour = text.number(2, 23);
  if (!hour || !text.skip(':')) return std::nullopt;
  const auto minute = text.number(2, 59);
  if (!minute || !text.skip(':')) return std::nullopt;
  const auto second = text.number(2, 59);
  if (!second) return std::nullopt;
  std::optional<int> milliseconds = 0;
  if (text.skip('.')) milliseconds = text.fraction();
  if (!milliseconds) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         Duration(*milliseconds);
}

// How far a clock is ahead of UTC: "Z", "+02:00".
std::optional<Duration> offsetOf(TimeText& text) {
  if (text.skip('Z')) return Duration(0);
  const bool behind = text.skip('-');
  if (!behind && !text.skip('+')) return std::nullopt;
  const auto hours = text.number(2, 23);
  if (!hours || !text.skip(':')) return std::nullopt;
  const auto minutes = text.number(2, 59);
  if (!minutes) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return behind ? -offset : offset;
}

std::optional<Time> parseTime(std::string_view whole) {
  if (std::all_of(whole.begin(), whole.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    const auto milliseconds = base::parseInteger(whole);
    // Beyond the year 9999 it is surely not meant as milliseconds.
    if (!milliseconds || *milliseconds > 253'402'300'799'999) return std::nullopt;
    return Time(Duration(*milliseconds));
  }
  TimeText text(whole);
  const auto date = dateOf(text);
  if (!date || !text.skip('T')) return std::nullopt;
  const auto time = timeOfDay(text);
  if (!time) return std::nullopt;
  const auto offset = offsetOf(text);
  if (!offset || !text.empty()) return std::nullopt;
  const Time result = *date + *time - *offset;
  return result >= Time{} ? std::optional(result) : std::nullopt;
}

}  // namespace

Result<KinesisInitialPosition> parseInitialPosition(std::string_view text) {
  if (text == "TRIM_HORIZON") return KinesisInitialPosition::TrimHorizon();
  if (text == "LATEST") return KinesisInitialPosition::Latest();
  if (text.starts_with(kAtTimestamp)) {
    const auto time = parseTime(text.substr(kAtTimestamp.size()));
    if (time) return KinesisInitialPosition::AtTimestamp(*time);
  }
  return fail(
      Code::kUsage, "--initial-position " + base::quoteIfNeeded(text) + " is no position",
      "TRIM_HORIZON, LATEST, or AT_TIMESTAMP=T with T like 2026-11-24T03:20:00Z or milliseconds since 1970");
}

}  // namespace tidemill::cli

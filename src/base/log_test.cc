#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidemill::base {
namespace {

TEST(FormatLogLine, WritesLevelEventAndFieldsInOrder) {
  EXPECT_EQ(formatLogLine(Severity::kInfo, "shard_started", {{"shard", "shardId-000000000000"}, {"lag", 12}}),
            "level=info event=shard_started shard=shardId-000000000000 lag=12");
}

TEST(FormatLogLine, NamesEverySeverity) {
  EXPECT_EQ(formatLogLine(Severity::kDebug, "e", {}), "level=debug event=e");
  EXPECT_EQ(formatLogLine(Severity::kWarning, "e", {}), "level=warning event=e");
  EXPECT_EQ(formatLogLine(Severity::kError, "e", {}), "level=error event=e");
  EXPECT_EQ(formatLogLine(Severity::kBug, "e", {}), "level=bug event=e");
}

TEST(FormatLogLine, QuotesAnEmptyValueSoThatItIsSeen) {
  EXPECT_EQ(formatLogLine(Severity::kInfo, "e", {{"stream", ""}}), "level=info event=e stream=\"\"");
}

TEST(FormatLogLine, DoesNotLetAHostileNameForgeALine) {
  const std::string line = formatLogLine(
      Severity::kWarning, "e", {{"stream", "x\nlevel=error event=forged\r\x1b[2J"}, {"shard", "0"}});

  EXPECT_EQ(line, "level=warning event=e stream=\"x\\nlevel=error event=forged\\r\\x1b[2J\" shard=0");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 0);
}

TEST(FormatLogLine, DoesNotLetAHostileNameForgeAField) {
  EXPECT_EQ(formatLogLine(Severity::kInfo, "e", {{"stream", "a shard=7"}}),
            "level=info event=e stream=\"a shard=7\"");
  EXPECT_EQ(formatLogLine(Severity::kInfo, "e", {{"stream", "a\" shard=\"7"}}),
            "level=info event=e stream=\"a\\\" shard=\\\"7\"");
  EXPECT_EQ(formatLogLine(Severity::kInfo, "e", {{"stream", "a=b"}}), "level=info event=e stream=\"a=b\"");
}

TEST(FormatLogLine, WritesNumbersAsTheyAre) {
  EXPECT_EQ(formatLogLine(Severity::kInfo, "e", {{"n", -5}, {"big", UINT64_MAX}}),
            "level=info event=e n=-5 big=18446744073709551615");
}

// Remembers what reaches write().
class Kept final : public LogSink {
 public:
  void write(Severity severity, std::string_view event, const std::vector<LogField>& fields) override {
    lines.push_back(formatLogLine(severity, event, fields));
  }
  std::vector<std::string> lines;
};

TEST(LogSinkShorthands, PassTheSeverityTheyAreNamedAfter) {
  Kept log;

  log.debug("a");
  log.info("b", {{"k", 1}});
  log.warning("c");
  log.error("d");

  EXPECT_EQ(log.lines, (std::vector<std::string>{"level=debug event=a", "level=info event=b k=1",
                                                 "level=warning event=c", "level=error event=d"}));
}

TEST(StderrLogTest, PrintsWholeLinesAtOrAboveItsSeverity) {
  StderrLog log(Severity::kWarning);
  testing::internal::CaptureStderr();

  log.info("hidden");
  log.warning("shown", {{"shard", "0"}});
  log.error("shown_too");

  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "level=warning event=shown shard=0\nlevel=error event=shown_too\n");
}

}  // namespace
}  // namespace tidemill::base

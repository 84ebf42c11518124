#include "cli/output.h"

#include <gtest/gtest.h>

#include <simdjson.h>

#include <string>

namespace tidemill::cli {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

TEST(Output, AValueCannotEndItsLine) {
  CaptureStdout();
  Output(false).report({{"shard", "shardId-1\nstopped: received=1"}, {"word", "a\tb\x1b[2J\x7f"}});
  Output(false).line("started: x\rready at LATEST", {});

  EXPECT_EQ(GetCapturedStdout(),
            "shard: shardId-1\\nstopped: received=1\n"
            "word: a\\tb\\x1b[2J\\x7f\n"
            "started: x\\rready at LATEST\n");
}

TEST(Output, NamesOfNumbersStayApart) {
  const Fields fields = {{"word", Value::Members{{"the", 3}, {"The", 2}}}, {"exact", "yes"}};
  CaptureStdout();
  Output(false).report(fields);
  Output(true).report(fields);

  EXPECT_EQ(GetCapturedStdout(),
            "word the: 3\nword The: 2\nexact: yes\n"
            R"({"word":{"the":3,"The":2},"exact":"yes"})"
            "\n");
}

TEST(Output, AnErrorIsTwoLinesWhateverItHolds) {
  CaptureStderr();
  printError(Error(Code::kUnknownStream, "stream a\nerror[Io]: b", "look\nup"));
  printWarning("UnknownKey", "k\nerror[Io]: no");

  EXPECT_EQ(GetCapturedStderr(),
            "error[UnknownStream]: stream a\\nerror[Io]: b\ntry: look\\nup\n"
            "warning[UnknownKey]: k\\nerror[Io]: no\n");
}

TEST(Output, ProgressKeepsItsLinesAndNoOtherControls) {
  CaptureStderr();
  printProgress("one\ntwo\x07");

  EXPECT_EQ(GetCapturedStderr(), "one\ntwo\\x07\n");
}

TEST(Output, TextInOtherLettersStays) {
  EXPECT_EQ(oneLine("caf\u00e9 \u6c34 \\ \""), "caf\u00e9 \u6c34 \\ \"");
}

TEST(Output, JsonStaysJsonWhateverAValueHolds) {
  const std::string hostile = std::string("a\xff\xc3(\n\x7f\"\\") + '\0' + "\xed\xa0\x80";
  CaptureStdout();
  Output(true).report({{"shards seen", hostile}, {"records", std::int64_t{7}}});
  const std::string printed = GetCapturedStdout();

  simdjson::dom::parser parser;
  simdjson::dom::element object;
  ASSERT_EQ(parser.parse(printed).get(object), simdjson::SUCCESS) << printed;
  std::int64_t records = 0;
  EXPECT_EQ(object["records"].get(records), simdjson::SUCCESS);
  EXPECT_EQ(records, 7);
  std::string_view shards;
  EXPECT_EQ(object["shardsSeen"].get(shards), simdjson::SUCCESS);
  EXPECT_EQ(printed.find('\n'), printed.size() - 1);
}

}  // namespace
}  // namespace tidemill::cli

#include "codec/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace tidemill::codec {
namespace {

std::string quoted(std::string_view text) {
  JsonWriter w;
  w.text(text);
  return w.take();
}

TEST(JsonWriter, PutsCommasBetweenMembersAndElements) {
  JsonWriter w;
  w.beginObject();
  w.key("a");
  w.beginArray();
  w.integer(1);
  w.beginObject();
  w.endObject();
  w.null();
  w.endArray();
  w.key("b");
  w.boolean(true);
  w.key("c");
  w.blob("foob");
  w.key("d");
  w.timestamp(1459799926480);
  w.endObject();

  EXPECT_EQ(w.buffer(), R"({"a":[1,{},null],"b":true,"c":"Zm9vYg==","d":1459799926.480})");
}

TEST(JsonWriter, WritesTheWholeRangeOfIntegers) {
  JsonWriter w;
  w.beginArray();
  w.integer(std::numeric_limits<std::int64_t>::min());
  w.integer(std::numeric_limits<std::int64_t>::max());
  w.endArray();

  EXPECT_EQ(w.buffer(), "[-9223372036854775808,9223372036854775807]");
}

TEST(JsonWriter, EscapesWhatJsonDemands) {
  EXPECT_EQ(quoted("a\"\\/\n\r\t\b\x1f\x7f"), "\"a\\\"\\\\/\\n\\r\\t\\u0008\\u001f\x7f\"");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), "\"\\u0000\"");
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("ключ 😀"), "\"ключ 😀\"");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(quoted("\xc3"), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace tidemill::codec

#include "fake/output.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tidemill::fake {
namespace {

using namespace std::chrono_literals;

std::string sample(Wire wire) {
  Output out(wire);
  out.beginMap();
  out.member("Text", "a\"b");
  out.member("Count", 100);
  out.member("More", true);
  out.key("Nothing");
  out.null();
  out.member("When", rt::WallTime(1'459'799'926'480ms));
  out.key("Data");
  out.bytes("hi");
  out.key("List");
  out.beginList();
  out.integer(1);
  out.text("x");
  out.endList();
  out.endMap();
  return out.take();
}

TEST(Output, WritesJsonWithSecondsAndBase64) {
  EXPECT_EQ(
      sample(Wire::kJson),
      R"({"Text":"a\"b","Count":100,"More":true,"Nothing":null,"When":1459799926.480,"Data":"aGk=","List":[1,"x"]})");
}

// Indefinite containers, tag 1 with integer milliseconds, byte strings: as the service writes them.
TEST(Output, WritesCborAsTheServiceDoes) {
  EXPECT_EQ(base::toHex(sample(Wire::kCbor)),
            "bf"
            "6454657874"
            "63612262"
            "65436f756e74"
            "1864"
            "644d6f7265"
            "f5"
            "674e6f7468696e67"
            "f6"
            "645768656e"
            "c11b00000153e2db26d0"
            "6444617461"
            "426869"
            "644c697374"
            "9f"
            "01"
            "6178"
            "ff"
            "ff");
}

}  // namespace
}  // namespace tidemill::fake

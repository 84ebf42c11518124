#include "sim/workloads/host_trouble.h"

#include <gtest/gtest.h>

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr char kService[] = "dynamodb.local";

class Trouble : public testing::Test {
 protected:
  void happens(std::string_view kind, std::string_view detail = kService, std::uint64_t number = 0,
               std::string_view bytes = {}) {
    world.history().add({.at = world.loop().now(),
                         .node = "anna",
                         .kind = kind,
                         .detail = detail,
                         .bytes = bytes,
                         .number = number});
  }
  // Whether nothing has befallen anna for ten seconds.
  bool calm() const { return trouble.calmSince("anna", world.loop().now() - 10s); }

  mutable World world{1};
  HostTrouble trouble{world, kService};
};

TEST_F(Trouble, IsOverWhenItIsOldEnough) {
  EXPECT_TRUE(calm());
  happens("net.resplost", "https://dynamodb.local/");
  EXPECT_FALSE(calm());
  world.runFor(10s);
  EXPECT_FALSE(calm());
  world.runFor(1ms);
  EXPECT_TRUE(calm());
  EXPECT_TRUE(trouble.calmSince("bert", world.loop().now()));
}

TEST_F(Trouble, LastsAsLongAsAStallOrALateRequest) {
  for (const char* kind : {"node.stall", "net.slow"}) {
    happens(kind, kService, static_cast<std::uint64_t>(rt::Duration(15s).count()));
    world.runFor(24s);
    EXPECT_FALSE(calm()) << kind;
    world.runFor(2s);
    EXPECT_TRUE(calm()) << kind;
  }
}

TEST_F(Trouble, LastsWhileTheHostIsDown) {
  happens("node.kill", "");
  world.runFor(60s);
  EXPECT_FALSE(calm());
  happens("node.start", "");
  world.runFor(11s);
  EXPECT_TRUE(calm());
}

TEST_F(Trouble, IsNotWhatOughtToDoNoHarm) {
  happens("net.request");
  happens("net.answer", kService, 200);
  happens("net.answer", kService, 400, R"({"__type":"ConditionalCheckFailedException"})");
  happens("net.resplost", "kinesis.local");
  happens("node.clock", "");
  EXPECT_TRUE(calm());

  happens("net.answer", kService, 400, R"({"__type":"ProvisionedThroughputExceededException"})");
  EXPECT_FALSE(calm());
  world.runFor(11s);
  happens("net.answer", kService, 500);
  EXPECT_FALSE(calm());
}

TEST_F(Trouble, MayBeToldOf) {
  trouble.add("bert");
  EXPECT_TRUE(calm());
  trouble.add("anna");
  EXPECT_FALSE(calm());
}

}  // namespace
}  // namespace tidemill::sim

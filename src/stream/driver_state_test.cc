// Windows and state across restarts. (Spark: CheckpointSuite)
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stream/test_driver.h"

namespace tidemill {
namespace {

class DriverStateTest : public DriverFixture {
 protected:
  // The newest of the log that tells of the event.
  std::string lineOf(const std::string& event) {
    std::string found;
    for (const std::string& line : node_->log().lines()) {
      if (line.find("event=" + event) != std::string::npos) found = line;
    }
    return found;
  }
};

TEST_F(DriverStateTest, WindowsGoOnAcrossARestart) {
  createStream(1);
  std::map<std::int64_t, std::int64_t> counts;
  const auto define = [&](StreamingContext& context) {
    input(context)
        .window(Seconds(30), Seconds(1))
        .foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
          counts[batch.time.time_since_epoch().count()] = rdd.count();
        });
  };
  put(numbered(1, 10));
  auto first = begin(define);
  world_.runFor(4s);
  ASSERT_FALSE(counts.empty());
  EXPECT_EQ(counts.rbegin()->second, 10);
  first.reset();
  put(numbered(11, 15));
  world_.runFor(3s);

  auto second = begin(define);
  world_.runFor(6s);
  EXPECT_EQ(counts.rbegin()->second, 15);
  const auto gap = [&] {
    std::int64_t before = 0;
    for (const auto& [time, count] : counts) {
      if (before != 0 && time - before != 1000) return true;
      before = time;
    }
    return false;
  };
  EXPECT_FALSE(gap()) << "the times at which no process ran have batches too: "
                      << testing::PrintToString(counts);
  world_.runFor(40s);
  EXPECT_EQ(counts.rbegin()->second, 0);
}

TEST_F(DriverStateTest, AChangedProgramGoesOnWithTheStateThatItNamesAndIsTold) {
  createStream(1);
  using Total = std::pair<std::string, int>;
  std::map<std::string, int> totals;
  const auto add = [](const std::vector<int>& values, std::optional<int> before) {
    int sum = before.value_or(0);
    for (const int value : values) sum += value;
    return std::optional<int>(sum);
  };
  const auto program = [&](bool changed, bool named) -> Define {
    return [&, changed, named](StreamingContext& context) {
      auto lines = input(context);
      if (changed) {
        lines.window(Seconds(2)).count().print();
        lines = lines.filter([](const std::string& line) { return line != "noise"; });
      }
      auto sums = lines.map([](const std::string& line) { return Total(line, 1); }).updateStateByKey(add);
      if (named) sums = sums.uid("totals");
      sums.foreachRDD([&](const RDD<Total>& rdd) {
        for (const auto& [line, sum] : rdd.collect()) totals[line] = sum;
      });
    };
  };
  put({"a", "a", "b"});
  auto first = begin(program(false, true));
  world_.runFor(4s);
  EXPECT_TRUE(stopped(*first));
  EXPECT_EQ(events("state_without_uid"), 0u);
  EXPECT_EQ(events("program_changed"), 0u);

  put({"a", "noise", "c"});
  auto second = begin(program(true, true));
  world_.runFor(4s);
  EXPECT_EQ(totals, (std::map<std::string, int>{{"a", 3}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(events("program_changed"), 1u);
  EXPECT_TRUE(stopped(*second));

  EXPECT_EQ(events("state_without_uid"), 0u);
  for (const std::uint64_t told : {0u, 1u}) {  // From the restart on, names matter.
    auto unnamed = StreamingContext::getOrCreate("/elsewhere", [&] {
      auto context = makeContext();
      program(false, false)(*context);
      return context;
    });
    unnamed->start();
    world_.runFor(2s);
    EXPECT_EQ(events("state_without_uid"), told);
    EXPECT_TRUE(stopped(*unnamed));
  }
}

TEST_F(DriverStateTest, StateGoesOnAcrossRestartsAndSnapshots) {
  createStream(2);
  std::map<std::string, std::int64_t> totals;
  const auto define = [&](StreamingContext& context) {
    input(context)
        .map([](const std::string& line) {
          return std::pair<std::string, std::int64_t>(line.substr(0, 4), 1);
        })
        .updateStateByKey(
            [](const std::vector<std::int64_t>& values, const std::optional<std::int64_t>& before) {
              std::int64_t sum = before.value_or(0);
              for (const std::int64_t value : values) sum += value;
              return std::optional(sum);
            })
        .uid("totals")
        .foreachRDD([&](const RDD<std::pair<std::string, std::int64_t>>& rdd) {
          for (const auto& [key, value] : rdd.collect()) totals[key] = value;
        });
  };
  std::int64_t produced = 0;
  for (int life = 0; life < 6; ++life) {
    auto context = begin(define);
    for (int step = 0; step < 3; ++step) {
      put({"lineA", "lineB", "otherC"});
      ++produced;
      world_.runFor(std::chrono::milliseconds(random_.between(500, 9000)));
    }
  }
  auto last = begin(define);
  world_.runFor(15s);
  EXPECT_EQ(totals["line"], 2 * produced);
  EXPECT_EQ(totals["othe"], produced);
  EXPECT_GE(events("state_restored"), 1u);
  EXPECT_TRUE(stopped(*last));
}

TEST_F(DriverStateTest, OfAThousandMissedBatchesStateNeedsTheLast) {
  createStream(1);
  std::set<std::int64_t> times;
  std::int64_t total = 0;
  const Define define = countInState([&](std::int64_t counted, Time time) {
    times.insert(time.time_since_epoch().count());
    if (counted > 0) total = counted;
  });
  put({"a", "b", "c"});
  auto first = begin(define);
  world_.runFor(4s);
  first.reset();  // Killed.
  world_.runFor(1000s);
  times.clear();
  put({"d", "e"});

  auto second = begin(define);
  world_.runFor(10s);
  EXPECT_LE(times.size(), 14u);
  EXPECT_EQ(total, 5);
  EXPECT_TRUE(stopped(*second));
}

TEST_F(DriverStateTest, AWindowOverStateIsShortAfterARestartUntilTheTimeThatIsTold) {
  createStream(1);
  using Count = std::pair<std::string, int>;
  std::map<std::int64_t, std::int64_t> sizes;
  const auto define = [&](StreamingContext& context) {
    const auto totals =
        input(context)
            .map([](const std::string& line) { return Count(line, 1); })
            .updateStateByKey([](const std::vector<int>& values, const std::optional<int>& before) {
              return std::optional(before.value_or(0) + static_cast<int>(values.size()));
            })
            .uid("totals");
    totals.window(Seconds(1)).uid("now").print();  // Looks back at nothing.
    totals.filter([](const Count&) { return true; })
        .window(Seconds(10))
        .uid("recent")
        .foreachRDD(
            [&](const RDD<Count>& rdd, Time time) { sizes[time.time_since_epoch().count()] = rdd.count(); });
  };
  put({"a"});
  auto first = begin(define);
  world_.runFor(15s);
  EXPECT_TRUE(stopped(*first));
  EXPECT_EQ(sizes.rbegin()->second, 10);
  EXPECT_EQ(events("window_after_restart_short"), 0u);
  sizes.clear();

  auto second = begin(define);
  world_.runFor(2s);
  ASSERT_EQ(events("window_after_restart_short"), 1u);
  const std::string told = lineOf("window_after_restart_short");
  EXPECT_NE(told.find("window=recent"), std::string::npos) << told;
  EXPECT_NE(told.find("state=totals"), std::string::npos) << told;
  const std::int64_t until = std::stoll(told.substr(told.find("until=") + 6));
  world_.runFor(20s);
  EXPECT_TRUE(stopped(*second));
  EXPECT_LT(sizes.begin()->first, until);
  EXPECT_GE(sizes.rbegin()->first, until);
  for (const auto& [time, size] : sizes) {
    EXPECT_EQ(size == 10, time >= until) << "at " << time << " of " << told;
    EXPECT_EQ(size, std::min<std::int64_t>(10, 10 - (until - time) / 1000)) << "at " << time;
  }
}

// (Spark: a graceful stop waits until the last batch is processed and checkpointed)
TEST_F(DriverStateTest, AfterAGracefulStopStateGoesOnWithoutReadingAnythingAgain) {
  createStream(2);
  std::map<std::string, int> totals;
  const auto define = [&](StreamingContext& context) {
    input(context)
        .map([](const std::string& line) { return std::pair<std::string, int>(line.substr(0, 4), 1); })
        .updateStateByKey([](const std::vector<int>& values, const std::optional<int>& before) {
          return std::optional(before.value_or(0) + static_cast<int>(values.size()));
        })
        .uid("totals")
        .checkpoint(Seconds(3600))
        .foreachRDD([&](const RDD<std::pair<std::string, int>>& rdd) {
          for (const auto& [key, value] : rdd.collect()) totals[key] = value;
        });
  };
  for (int life = 1; life <= 3; ++life) {
    auto context = begin(define);
    put({"lineA", "otherB"});
    world_.runFor(4s);
    EXPECT_TRUE(stopped(*context));
    EXPECT_EQ(context->totals().blocksLost, 0);
    EXPECT_EQ(totals["line"], life);
    EXPECT_EQ(totals["othe"], life);
  }
  EXPECT_EQ(events("state_restored"), 2u);
  EXPECT_EQ(events("window_after_restart_short"), 0u);
}

TEST_F(DriverStateTest, AProgramWithoutTheOperatorWhoseStateIsKeptIsRefused) {
  createStream(1);
  put({"a"});
  const auto counting = [&](const std::string& uid) {
    return [this, uid](StreamingContext& context) {
      input(context)
          .map([](const std::string& line) { return std::pair<std::string, int>(line, 1); })
          .updateStateByKey([](const std::vector<int>& values, const std::optional<int>& before) {
            return std::optional(before.value_or(0) + static_cast<int>(values.size()));
          })
          .uid(uid)
          .print();
    };
  };
  auto first = begin(counting("totals"));
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*first));
  first.reset();

  auto second = begin(counting("sums"));
  const Result<void> end = ended(*second);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kInvalidConfig);
  EXPECT_NE(end.error().message().find("totals"), std::string::npos);
}

TEST_F(DriverStateTest, StateNeedsACheckpointDirectory) {
  auto context = makeContext();
  input(*context)
      .map([](const std::string& line) { return std::pair<std::string, int>(line, 1); })
      .updateStateByKey([](const std::vector<int>&, const std::optional<int>& before) { return before; })
      .print();
  EXPECT_EQ(thrownBy([&] { context->start(); }), Code::kUsage);
}

}  // namespace
}  // namespace tidemill

// Random programs of operators over random batches give what a plain evaluation gives, with retries of failed
// batches and restarts.

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

#include "stream/random_program.h"
#include "stream/test_stream.h"

namespace tidemill {
namespace {

using program::Bag;
using program::kBatches;
using program::Pair;
using program::Program;
using program::sorted;
using program::Stream;

// Beside filter, which follows each of them.
const std::set<std::string> kKindsOfOperators = {
    "mapValues",
    "map and repartition",
    "flatMap",
    "flatMapValues",
    "transform",
    "mapPartitions",
    "glom",
    "reduce",
    "count",
    "countByValue",
    "union",
    "transformWith",
    "reduceByKey",
    "groupByKey",
    "combineByKey",
    "cogroup",
    "join",
    "leftOuterJoin",
    "rightOuterJoin",
    "fullOuterJoin",
    "window",
    "countByWindow",
    "countByValueAndWindow",
    "reduceByWindow",
    "reduceByWindow with inverse",
    "groupByKeyAndWindow",
    "reduceByKeyAndWindow",
    "reduceByKeyAndWindow with inverse",
    "reduceByKeyAndWindow with inverse and filter",
    "updateStateByKey",
    "mapWithState",
};

class RandomProgramsTest : public StreamFixture {
 protected:
  // What each stream gave, by its place in the program.
  using Given = std::vector<std::map<std::int64_t, Bag>>;

  std::vector<Stream> build(Program& program, Given& given) {
    auto streams =
        program.build([this](std::vector<Bag> batches) { return input<Pair>(std::move(batches)); }, 7);
    given.resize(streams.size());
    for (std::size_t i = 0; i < streams.size(); ++i) {
      streams[i].stream.foreachRDD([&given, i](const RDD<Pair>& rdd, Time time) {
        given[i][time.time_since_epoch() / Seconds(1)] = sorted(rdd.collect());
      });
    }
    return streams;
  }

  void expectTheModels(const std::vector<Stream>& streams, const Given& given, unsigned seed) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      for (std::int64_t second = 1; second <= kBatches; ++second) {
        const bool valid = streams[i].model.valid(second);
        ASSERT_EQ(given[i].contains(second), valid)
            << "seed " << seed << ", stream " << i << ", second " << second;
        if (!valid) continue;
        ASSERT_EQ(given[i].at(second), sorted(streams[i].model.at(second)))
            << "seed " << seed << ", stream " << i << " (" << streams[i].kinds << "), second " << second;
      }
    }
  }

  void startAnew() {
    context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
    planned_ = false;
  }

  // Kinds of operators, of all programs.
  std::set<std::string> drawn_;
};

TEST_F(RandomProgramsTest, GiveWhatAPlainEvaluationGivesAlsoWhenBatchesFail) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    startAnew();
    base::Random random(1'000 + seed);
    Given given;
    Program program(seed, /*restarts=*/false);
    const auto streams = build(program, given);
    drawn_.insert(program.kinds().begin(), program.kinds().end());
    std::set<std::int64_t> failing;
    for (int i = 0; i < 3; ++i) failing.insert(random.between(1, kBatches));
    streams.back().stream.foreachRDD([&](const RDD<Pair>& rdd, const BatchInfo& batch) {
      rdd.count();
      if (batch.attempt == 1 && failing.contains(batch.time.time_since_epoch() / Seconds(1))) {
        throw std::runtime_error("drawn to fail");
      }
    });
    for (std::int64_t second = 1; second <= kBatches; ++second) {
      auto done = runBatch(second);
      if (!done) done = runBatch(second, 2);
      ASSERT_TRUE(done) << "seed " << seed << ": " << done.error().message();
    }
    expectTheModels(streams, given, seed);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(drawn_, kKindsOfOperators);
}

TEST_F(RandomProgramsTest, GoOnAfterARestartFromSnapshotsAndHistory) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    startAnew();
    base::Random random(2'000 + seed);
    Given given;
    // Each of an operator with state, by its uid: the newest that was taken.
    std::map<std::string, std::pair<Time, std::vector<std::string>>> snapshots;
    const std::int64_t last = random.between(1, kBatches - 1);
    {
      Program program(seed, /*restarts=*/true);
      const auto streams = build(program, given);
      streams.front().stream.foreachRDD([&](const RDD<Pair>&, Time time) {
        if (random.between(0, 2) != 0) return;
        for (detail::StatefulStream* const state : graph().stateful()) {
          auto taken = state->snapshot(time - Seconds(1));
          if (taken) snapshots[state->node().uid()] = {time - Seconds(1), std::move(*taken)};
        }
      });
      runBatches(1, last);
      if (HasFatalFailure()) return;
    }
    startAnew();
    Program program(seed, /*restarts=*/true);
    const auto streams = build(program, given);
    drawn_.insert(program.kinds().begin(), program.kinds().end());
    graph().plan(Seconds(1));
    std::map<std::string, Time> times;
    for (detail::StatefulStream* const state : graph().stateful()) {
      const auto found = snapshots.find(state->node().uid());
      if (found == snapshots.end()) continue;
      state->restore(found->second.first, found->second.second);
      times[found->first] = found->second.first;
    }
    const Time after = graph().historyAfter(at(last), times, at(0));
    for (std::int64_t second = 1; second <= last; ++second) {
      if (at(second) > after) history_.push_back(second);
    }
    runBatches(last + 1, last + 1);
    history_.clear();
    if (last + 2 <= kBatches) runBatches(last + 2, kBatches);
    if (HasFatalFailure()) return;
    expectTheModels(streams, given, seed);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(drawn_, kKindsOfOperators);
}

}  // namespace
}  // namespace tidemill

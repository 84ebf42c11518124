#include "tidemill/stateful_stream.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "stream/short_windows.h"
#include "stream/test_stream.h"

namespace tidemill {
namespace {

template <class T>
using Seen = std::map<std::int64_t, std::vector<T>>;
using Word = std::pair<std::string, int>;

std::optional<int> addUp(const std::vector<int>& values, std::optional<int> state) {
  int sum = state.value_or(0);
  for (const int value : values) sum += value;
  return sum;
}

class StatefulStreamTest : public StreamFixture {
 protected:
  // As in Spark: counts of words.
  const std::vector<std::vector<Word>> words_ = {
      {{"a", 1}}, {{"a", 1}, {"b", 1}}, {{"a", 1}, {"b", 1}, {"c", 1}}, {{"a", 1}, {"b", 1}}, {{"a", 1}}, {}};
  const Seen<Word> totals_ = {{1, {{"a", 1}}},
                              {2, {{"a", 2}, {"b", 1}}},
                              {3, {{"a", 3}, {"b", 2}, {"c", 1}}},
                              {4, {{"a", 4}, {"b", 3}, {"c", 1}}},
                              {5, {{"a", 5}, {"b", 3}, {"c", 1}}},
                              {6, {{"a", 5}, {"b", 3}, {"c", 1}}}};
};

// --- updateStateByKey

TEST_F(StatefulStreamTest, UpdatesTheStateOfEachKeyInEachBatch) {
  const auto seen = collect(input<Word>(words_).updateStateByKey(addUp));
  runBatches(1, 6);
  EXPECT_EQ(*seen, totals_);
}

TEST_F(StatefulStreamTest, BeginsWithTheInitialState) {
  const auto seen =
      collect(input<Word>(words_).updateStateByKey(addUp, 3, std::vector<Word>{{"a", 10}, {"z", 7}}));
  runBatches(1, 2);
  EXPECT_EQ(seen->at(1), (std::vector<Word>{{"a", 11}, {"z", 7}}));
  EXPECT_EQ(seen->at(2), (std::vector<Word>{{"a", 12}, {"b", 1}, {"z", 7}}));
}

TEST_F(StatefulStreamTest, ForgetsAKeyWhoseStateIsNothing) {
  const auto once = [](const std::vector<int>& values, std::optional<int>) {
    return values.empty() ? std::optional<int>() : std::optional<int>(values.front());
  };
  const auto seen = collect(input<Word>({{{"a", 1}}, {{"b", 2}}, {}}).updateStateByKey(once));
  runBatches(1, 3);
  EXPECT_EQ(*seen, (Seen<Word>{{1, {{"a", 1}}}, {2, {{"b", 2}}}, {3, {}}}));
}

TEST_F(StatefulStreamTest, AFailedBatchIsAddedOnce) {
  bool fails = true;
  const auto totals = input<Word>(words_).updateStateByKey(addUp);
  const auto seen = collect(totals);
  totals.foreachRDD([&](const RDD<Word>& rdd, Time time) {
    rdd.count();
    if (time == at(2) && std::exchange(fails, false)) throw std::runtime_error("not yet");
  });
  ASSERT_TRUE(runBatch(1));
  ASSERT_FALSE(runBatch(2));
  ASSERT_TRUE(runBatch(2, 2));
  runBatches(3, 6);
  EXPECT_EQ(*seen, totals_);
}

TEST_F(StatefulStreamTest, GoesOnFromTheNewestStateHoweverLateTheNextBatchComes) {
  const auto totals = input<Word>(words_).updateStateByKey(addUp);
  const auto seen = collect(totals);
  ASSERT_TRUE(runBatch(1));
  ASSERT_TRUE(runBatch(2));
  ASSERT_TRUE(runBatch(5));
  EXPECT_EQ(seen->at(5), (std::vector<Word>{{"a", 3}, {"b", 1}}));
  EXPECT_LE(totals.node()->rddsHeld(), 2u);
}

TEST_F(StatefulStreamTest, AdvancesAlsoWhereNoOutputAsks) {
  const auto totals = input<Word>(words_).updateStateByKey(addUp);
  const auto seen = collect(totals.window(Seconds(1), Seconds(3)));
  runBatches(1, 6);
  EXPECT_EQ(*seen, (Seen<Word>{{3, totals_.at(3)}, {6, totals_.at(6)}}));
}

TEST_F(StatefulStreamTest, ManyBatchesLeaveNoChainBehind) {
  const auto totals = input<int>({}).map([](int n) { return std::pair(n, n); }).updateStateByKey(addUp);
  totals.foreachRDD([](const RDD<std::pair<int, int>>&) {});
  runBatches(1, 3'000);
  EXPECT_LE(totals.node()->rddsHeld(), 2u);
}

// --- Snapshots.

TEST_F(StatefulStreamTest, ASnapshotBringsTheStateBackAndTheHistoryItsRest) {
  std::vector<std::string> snapshot;
  {
    const auto totals = input<Word>(words_).updateStateByKey(addUp).uid("totals");
    totals.foreachRDD([&](const RDD<Word>&, Time time) {
      if (time == at(3)) snapshot = *graph().stateful().front()->snapshot(at(2));
    });
    runBatches(1, 3);
    EXPECT_EQ(graph().stateful().front()->typeTag(), "pair<string,i32>");
  }
  context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
  planned_ = false;
  const auto seen = collect(input<Word>(words_).updateStateByKey(addUp).uid("totals"));
  graph().plan(Seconds(1));
  EXPECT_EQ(graph().historyAfter(at(4), {{"totals", at(2)}}, at(0)), at(2));

  graph().stateful().front()->restore(at(2), snapshot);
  history_ = {3, 4};
  ASSERT_TRUE(runBatch(5));
  history_.clear();
  ASSERT_TRUE(runBatch(6));

  EXPECT_EQ(*seen, (Seen<Word>{{5, totals_.at(5)}, {6, totals_.at(6)}}));
}

TEST_F(StatefulStreamTest, ADamagedSnapshotIsRefusedWithTheNameOfTheStream) {
  collect(input<Word>({}).updateStateByKey(addUp).uid("totals"));
  graph().plan(Seconds(1));
  try {
    graph().stateful().front()->restore(at(1), {"\xff\xff\xff"});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kDamagedBlock);
    EXPECT_NE(error.message().find("totals"), std::string::npos);
  }
}

TEST_F(StatefulStreamTest, NeedsACheckpointDirectoryAndAnIntervalThatFits) {
  const auto totals = input<Word>({}).updateStateByKey(addUp);
  totals.print();
  graph().plan(Seconds(1));
  EXPECT_EQ(graph().validate(false).error().code(), Code::kUsage);
  EXPECT_TRUE(graph().validate(true));
  EXPECT_EQ(totals.node()->snapshotInterval(), Seconds(10));
  totals.checkpoint(Milliseconds(1500));
  EXPECT_EQ(graph().validate(true).error().code(), Code::kInvalidConfig);
  totals.checkpoint(Milliseconds(500));
  EXPECT_EQ(graph().validate(true).error().code(), Code::kInvalidConfig);
  totals.checkpoint(Seconds(3));
  EXPECT_TRUE(graph().validate(true));
  EXPECT_EQ(totals.node()->snapshotInterval(), Seconds(3));
}

TEST_F(StatefulStreamTest, StatesThatAreMadeOfEachOtherAreWrittenTogether) {
  const auto build = [this] {
    const auto totals = input<Word>(words_).updateStateByKey(addUp).uid("totals");
    const auto sums = totals.mapValues([](int n) { return n; }).updateStateByKey(addUp).uid("sums");
    input<Word>({}).updateStateByKey(addUp).uid("alone").print();
    return collect(sums);
  };
  std::vector<std::string> snapshot;
  const auto whole = build();
  input<Word>({}).foreachRDD([&](const RDD<Word>&, Time time) {
    if (time != at(3)) return;
    ASSERT_EQ(graph().stateful().size(), 2u);
    EXPECT_EQ(graph().stateful()[0]->typeTag(), "totals=pair<string,i32> sums=pair<string,i32>");
    EXPECT_EQ(graph().stateful()[1]->node().uid(), "alone");
    snapshot = *graph().stateful()[0]->snapshot(at(2));
  });
  runBatches(1, 6);

  context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
  planned_ = false;
  const auto seen = build();
  graph().plan(Seconds(1));
  EXPECT_EQ(graph().historyAfter(at(4), {{"totals", at(2)}, {"alone", at(4)}}, at(0)), at(2));
  EXPECT_EQ(thrownBy([&] { graph().stateful()[0]->restore(at(2), {snapshot[0]}); }), Code::kDamagedBlock);
  graph().stateful()[0]->restore(at(2), snapshot);
  history_ = {3, 4};
  ASSERT_TRUE(runBatch(5));
  EXPECT_EQ(seen->at(5), whole->at(5));
}

// --- mapWithState

auto countingSpec() {
  return StateSpec::function<std::string, int, int>(
      [](const std::string& word, std::optional<int> value, State<int>& state) {
        const int total = state.getOption().value_or(0) + value.value_or(0);
        if (!state.isTimingOut()) state.update(total);
        return Word(word + (state.isTimingOut() ? "!" : ""), total);
      });
}

TEST_F(StatefulStreamTest, MapsEachElementWithTheStateOfItsKey) {
  const auto mapped =
      input<Word>({{{"a", 1}, {"a", 1}}, {{"a", 1}, {"b", 5}}, {}}).mapWithState(countingSpec());
  const auto seen = collect(mapped);
  const auto states = collect(mapped.stateSnapshots());
  runBatches(1, 3);
  EXPECT_EQ(*seen, (Seen<Word>{{1, {{"a", 1}, {"a", 2}}}, {2, {{"a", 3}, {"b", 5}}}, {3, {}}}));
  EXPECT_EQ(*states, (Seen<Word>{{1, {{"a", 2}}}, {2, {{"a", 3}, {"b", 5}}}, {3, {{"a", 3}, {"b", 5}}}}));
}

TEST_F(StatefulStreamTest, MapWithStateBeginsWithTheInitialStates) {
  const auto mapped = input<Word>({{{"a", 1}}})
                          .mapWithState(countingSpec().initialState({{"a", 5}, {"c", 10}}).numPartitions(2));
  const auto seen = collect(mapped);
  const auto states = collect(mapped.stateSnapshots());
  ASSERT_TRUE(runBatch(1));
  EXPECT_EQ(seen->at(1), (std::vector<Word>{{"a", 6}}));
  EXPECT_EQ(states->at(1), (std::vector<Word>{{"a", 6}, {"c", 10}}));
}

TEST_F(StatefulStreamTest, AnIdleKeyTimesOutOnceAndIsGone) {
  const auto mapped =
      input<Word>({{{"a", 1}, {"b", 1}}, {{"a", 1}}, {{"a", 1}}, {{"a", 1}}, {{"a", 1}, {"b", 1}}})
          .mapWithState(countingSpec().timeout(Seconds(2)));
  const auto seen = collect(mapped);
  const auto states = collect(mapped.stateSnapshots());
  runBatches(1, 5);
  EXPECT_EQ(seen->at(3), (std::vector<Word>{{"a", 3}}));
  EXPECT_EQ(seen->at(4), (std::vector<Word>{{"a", 4}, {"b!", 1}}));
  EXPECT_EQ(states->at(4), (std::vector<Word>{{"a", 4}}));
  EXPECT_EQ(seen->at(5), (std::vector<Word>{{"a", 5}, {"b", 1}}));
}

TEST_F(StatefulStreamTest, TheFunctionMayRemoveStatesAndGiveNothing) {
  const auto spec = StateSpec::function<std::string, int, int>(
      [](Time time, const std::string& word, std::optional<int> value,
         State<int>& state) -> std::optional<std::string> {
        if (*value < 0) {
          if (state.exists()) state.remove();
          return std::nullopt;
        }
        state.update(*value);
        return word + "@" + std::to_string(time.time_since_epoch() / Seconds(1));
      });
  const auto mapped = input<Word>({{{"a", 1}}, {{"a", -1}, {"b", 2}}}).mapWithState(spec);
  const auto seen = collect(mapped);
  const auto states = collect(mapped.stateSnapshots());
  runBatches(1, 2);
  EXPECT_EQ(*seen, (Seen<std::string>{{1, {"a@1"}}, {2, {"b@2"}}}));
  EXPECT_EQ(states->at(2), (std::vector<Word>{{"b", 2}}));
}

TEST_F(StatefulStreamTest, MapWithStateOfAFailedBatchIsDoneOnce) {
  bool fails = true;
  const auto mapped = input<Word>({{{"a", 1}}, {{"a", 1}}}).mapWithState(countingSpec());
  const auto seen = collect(mapped);
  mapped.foreachRDD([&](const RDD<Word>&, Time time) {
    if (time == at(2) && std::exchange(fails, false)) throw std::runtime_error("not yet");
  });
  ASSERT_TRUE(runBatch(1));
  ASSERT_FALSE(runBatch(2));
  ASSERT_TRUE(runBatch(2, 2));
  EXPECT_EQ(seen->at(2), (std::vector<Word>{{"a", 2}}));
}

// Not even where the batches before are remembered for the sake of others: they are not all that it is of.
TEST_F(StatefulStreamTest, AWindowOverARestoredStateHasNothingOfTheTimeBefore) {
  std::vector<std::string> snapshot;
  {
    const auto totals = input<Word>(words_).updateStateByKey(addUp);
    totals.foreachRDD([&](const RDD<Word>&, Time time) {
      if (time == at(4)) snapshot = *graph().stateful().front()->snapshot(at(3));
    });
    runBatches(1, 4);
  }
  context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
  planned_ = false;
  const auto seen = collect(input<Word>(words_).updateStateByKey(addUp).uid("totals").window(Seconds(4)));
  graph().plan(Seconds(1));
  graph().stateful().front()->restore(at(3), snapshot);
  history_ = {2, 3, 4};
  ASSERT_TRUE(runBatch(5));
  std::vector<Word> since;
  for (const std::int64_t second : {3, 4, 5})
    since.insert(since.end(), totals_.at(second).begin(), totals_.at(second).end());
  std::sort(since.begin(), since.end());
  EXPECT_EQ(seen->at(5), since);

  const auto told = stream::shortWindows(graph(), {{"totals", at(3)}}, at(5));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].state, "totals");
  EXPECT_EQ(told[0].until, at(6));
  EXPECT_TRUE(stream::shortWindows(graph(), {{"totals", at(3)}}, at(6)).empty());
  EXPECT_TRUE(stream::shortWindows(graph(), {}, at(5)).empty());
}

TEST_F(StatefulStreamTest, MapWithStateComesBackFromASnapshotWithItsTimeouts) {
  std::vector<std::string> snapshot;
  const auto batches = std::vector<std::vector<Word>>{{{"a", 1}}, {{"b", 1}}};
  {
    const auto mapped = input<Word>(batches).mapWithState(countingSpec().timeout(Seconds(2)));
    mapped.foreachRDD([&](const RDD<Word>&, Time time) {
      if (time == at(3)) snapshot = *graph().stateful().front()->snapshot(at(2));
    });
    runBatches(1, 3);
  }
  context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
  planned_ = false;
  const auto mapped = input<Word>(batches).mapWithState(countingSpec().timeout(Seconds(2)));
  const auto seen = collect(mapped);
  const auto states = collect(mapped.stateSnapshots());
  graph().plan(Seconds(1));
  graph().stateful().front()->restore(at(2), snapshot);
  runBatches(3, 4);
  EXPECT_EQ(*seen, (Seen<Word>{{3, {}}, {4, {{"a!", 1}}}}));
  EXPECT_EQ(states->at(4), (std::vector<Word>{{"b", 1}}));
}

// --- Spark: MapWithStateSuite, "state - get, exists, update, remove".

TEST(StateTest, SaysWhatItIsAndRefusesWhatMakesNoSense) {
  std::optional<int> held;
  State<int> fresh(held, false);
  EXPECT_FALSE(fresh.exists());
  EXPECT_FALSE(fresh.isTimingOut());
  EXPECT_EQ(fresh.getOption(), std::nullopt);
  EXPECT_EQ(thrownBy([&] { fresh.get(); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { fresh.remove(); }), Code::kUsage);
  fresh.update(1);
  EXPECT_EQ(fresh.get(), 1);
  EXPECT_EQ(held, 1);
  fresh.remove();
  EXPECT_EQ(held, std::nullopt);
  EXPECT_EQ(thrownBy([&] { fresh.update(2); }), Code::kUsage);

  held = 5;
  State<int> ending(held, true);
  EXPECT_TRUE(ending.isTimingOut());
  EXPECT_EQ(ending.get(), 5);
  EXPECT_EQ(thrownBy([&] { ending.update(6); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { ending.remove(); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { countingSpec().timeout(Seconds(0)); }), Code::kUsage);
}

}  // namespace
}  // namespace tidemill

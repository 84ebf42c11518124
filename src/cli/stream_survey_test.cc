#include "cli/stream_survey.h"

#include <gtest/gtest.h>

#include "consume/scripted_kinesis.h"
#include "sim/sim_loop.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using consume::pageOf;
using lease::Checkpoint;

class StreamSurvey : public testing::Test {
 protected:
  SurveyedShard shard() { return {loop_, api_, "orders", "shard-1"}; }
  // Each record arrived as many seconds after 1970 as its number says.
  static codec::RecordsPage dated(const std::vector<std::string>& numbers, std::optional<std::string> next,
                                  std::int64_t millisBehind = 0) {
    codec::RecordsPage page = pageOf(numbers, std::move(next), millisBehind);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      page.records[i].approximateArrivalTimestamp = rt::WallTime(std::chrono::seconds(std::stoi(numbers[i])));
    return page;
  }

  sim::SimLoop loop_{1};
  consume::ScriptedKinesis api_;
};

TEST_F(StreamSurvey, CountsUpToTheCheckpointAndNotBeyond) {
  api_.iterators = {"i0"};
  api_.pages.push_back(pageOf({"1", "2"}, "i1", 500));
  api_.pages.push_back(pageOf({}, "i2", 500));  // Nothing near does not mean nothing.
  api_.pages.push_back(pageOf({"9", "10", "11"}, "i3"));

  const auto repeats = loop_.run(surveyRepeats(shard(), Checkpoint::trimHorizon(), Checkpoint::at("10")));

  ASSERT_TRUE(repeats);
  EXPECT_EQ(repeats->records, 4);
  EXPECT_TRUE(repeats->complete);
  EXPECT_EQ(api_.calls, (std::vector<std::string>{"TRIM_HORIZON", "records i0", "records i1", "records i2"}));
}

TEST_F(StreamSurvey, CountsAFinishedShardToItsEnd) {
  api_.iterators = {"i0"};
  api_.pages.push_back(pageOf({"3"}, "i1", 500));
  api_.pages.push_back(pageOf({"4"}, std::nullopt));

  const auto repeats = loop_.run(surveyRepeats(shard(), Checkpoint::at("2"), Checkpoint::shardEnd()));

  EXPECT_EQ(repeats->records, 2);
  EXPECT_TRUE(repeats->complete);
  EXPECT_EQ(api_.calls.front(), "AFTER_SEQUENCE_NUMBER 2");
}

TEST_F(StreamSurvey, StopsCountingAtItsBoundAndSaysSo) {
  api_.iterators = {"i0"};
  for (int i = 1; i <= 30; ++i) api_.pages.push_back(pageOf({std::to_string(i)}, "i", 500));

  const auto repeats = loop_.run(surveyRepeats(shard(), Checkpoint::trimHorizon(), Checkpoint::at("99")));

  EXPECT_EQ(repeats->records, 20);
  EXPECT_FALSE(repeats->complete);
  EXPECT_GE(loop_.now() - rt::TimePoint{}, 19s) << "the fleet needs its calls";
}

TEST_F(StreamSurvey, WaitsWhenThrottledAndGivesUpInTheEnd) {
  const Error throttled(Code::kThrottled, "too fast");
  api_.iterators = {"i0", "i0"};
  api_.pages.push_back(fail(throttled));
  api_.pages.push_back(pageOf({"1"}, std::nullopt));
  EXPECT_TRUE(loop_.run(surveyRepeats(shard(), Checkpoint::trimHorizon(), Checkpoint::shardEnd())));

  for (int i = 0; i < 10; ++i) api_.pages.push_back(fail(throttled));
  const auto given = loop_.run(surveyRepeats(shard(), Checkpoint::trimHorizon(), Checkpoint::shardEnd()));
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code(), Code::kThrottled);
}

TEST_F(StreamSurvey, ATimeIsTheLastRecordBeforeIt) {
  api_.iterators = {"i0"};
  api_.pages.push_back(dated({"98", "99", "100", "101"}, "i1"));

  const auto found = loop_.run(surveyTime(shard(), rt::WallTime(100s)));

  EXPECT_EQ(*found, Checkpoint::at("99"));
}

TEST_F(StreamSurvey, ATimeIsSoughtFurtherBackWhereNothingIsNear) {
  api_.iterators = {"i0", "j0"};
  api_.pages.push_back(dated({"100"}, "i1"));
  api_.pages.push_back(dated({"91", "100"}, "j1"));

  const auto found = loop_.run(surveyTime(shard(), rt::WallTime(100s)));

  EXPECT_EQ(*found, Checkpoint::at("91"));
}

TEST_F(StreamSurvey, ATimeBeforeTheFirstRecordIsTheHorizon) {
  for (int i = 0; i < 8; ++i) {
    api_.iterators.push_back("i");
    api_.pages.push_back(dated({"100"}, "next"));
  }
  EXPECT_EQ(*loop_.run(surveyTime(shard(), rt::WallTime(50s))), Checkpoint::trimHorizon());
}

TEST_F(StreamSurvey, AShardThatEndedBeforeATimeStaysFinished) {
  api_.iterators = {"i0"};
  api_.pages.push_back(dated({"98", "99"}, std::nullopt));

  EXPECT_EQ(*loop_.run(surveyTime(shard(), rt::WallTime(100s))), Checkpoint::shardEnd());
}

TEST_F(StreamSurvey, ALagIsTheAgeOfTheOldestRecordThatWaits) {
  api_.serverTime = rt::WallTime(110s);
  api_.iterators = {"i0", "i1", "i2"};
  api_.pages.push_back(dated({"100"}, "n"));
  api_.pages.push_back(pageOf({}, "n", 4000));  // None near: how far the tip is.
  api_.pages.push_back(pageOf({}, "n", 0));
  std::vector<lease::Lease> leases(4);
  for (std::size_t i = 0; i < leases.size(); ++i) leases[i].leaseKey = "shard-" + std::to_string(i);
  leases[3].checkpoint = Checkpoint::shardEnd();  // Nothing waits.

  const Lags lags = loop_.run(surveyLags(loop_, api_, "orders", leases));

  EXPECT_EQ(lags.milliseconds,
            (std::map<std::string, std::int64_t>{{"shard-0", 10'000}, {"shard-1", 4000}, {"shard-2", 0}}));
  EXPECT_FALSE(lags.firstFailure);
}

TEST_F(StreamSurvey, ManyLagsAreNotAskedForAllDay) {
  // A client whose every call takes a while, as if there were thousands of shards.
  class SlowKinesis final : public consume::ScriptedKinesis {
   public:
    explicit SlowKinesis(rt::Loop& slow) : slow_(slow) {}
    rt::Task<Result<std::string>> getShardIterator(const std::string&, const std::string&,
                                                   const kinesis::IteratorPosition&) override {
      co_await slow_.sleepFor(10s);
      co_return std::string("i");
    }
    rt::Task<Result<codec::RecordsPage>> getRecords(const std::string&, const std::string&,
                                                    const std::string&, int) override {
      co_return pageOf({}, "n", 7);
    }

   private:
    rt::Loop& slow_;
  };
  SlowKinesis slow(loop_);
  std::vector<lease::Lease> leases(5);
  for (std::size_t i = 0; i < leases.size(); ++i) leases[i].leaseKey = "shard-" + std::to_string(i);

  const Lags lags = loop_.run(surveyLags(loop_, slow, "orders", leases));

  EXPECT_EQ(lags.milliseconds.size(), 3u);
  ASSERT_TRUE(lags.firstFailure);
  EXPECT_EQ(lags.firstFailure->code(), Code::kTimeout);
}

TEST_F(StreamSurvey, OneShardThatIsGoneDoesNotHideTheOthersLags) {
  api_.iterators = {fail(Code::kUnknownStream, "no such shard"), "i1"};
  api_.pages.push_back(pageOf({}, "n", 7));
  std::vector<lease::Lease> leases(2);
  leases[0].leaseKey = "gone";
  leases[1].leaseKey = "there";

  const Lags lags = loop_.run(surveyLags(loop_, api_, "orders", leases));

  EXPECT_EQ(lags.milliseconds, (std::map<std::string, std::int64_t>{{"there", 7}}));
  ASSERT_TRUE(lags.firstFailure);
  EXPECT_EQ(lags.firstFailure->code(), Code::kUnknownStream);
}

}  // namespace
}  // namespace tidemill::cli

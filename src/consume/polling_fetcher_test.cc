#include "consume/polling_fetcher.h"

#include <gtest/gtest.h>

#include "codec/test_kpl.h"
#include "consume/scripted_kinesis.h"
#include "sim/sim_log.h"
#include "sim/sim_loop.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using Calls = std::vector<std::string>;

class PollingFetcherTest : public testing::Test {
 protected:
  PollingFetcherTest() { start_.type = kinesis::IteratorPosition::Type::kTrimHorizon; }

  PollingFetcher fetcher(PollingOptions options = {}) {
    return PollingFetcher({loop_, api_, budget_, random_, log_}, {"orders", "shard-1", start_, 7}, options);
  }
  Result<Fetched> next(PollingFetcher& fetcher) { return loop_.run(fetcher.next()); }
  static std::string lastOf(const Result<Fetched>& fetched) {
    return std::string(fetched->page->page.records.back().sequenceNumber);
  }

  sim::SimLoop loop_{1};
  base::Random random_{1};
  sim::SimLog log_;
  ScriptedKinesis api_;
  std::shared_ptr<block::MemoryBudget> budget_ = std::make_shared<block::MemoryBudget>(loop_, 1 << 20);
  kinesis::IteratorPosition start_;
};

TEST_F(PollingFetcherTest, FollowsTheIteratorsOfTheAnswers) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"1", "2"}, "i2"), pageOf({"3"}, "i3")};
  auto fetcher = this->fetcher();

  EXPECT_EQ(lastOf(next(fetcher)), "2");
  EXPECT_EQ(lastOf(next(fetcher)), "3");

  EXPECT_EQ(api_.calls, (Calls{"TRIM_HORIZON", "records i1", "records i2"}));
}

TEST_F(PollingFetcherTest, ResumesBehindTheLastRecordWhenTheIteratorHasExpired) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"9", "10"}, "i2"), fail(Code::kExpiredIterator, "expired"), pageOf({"11"}, "j2")};
  auto fetcher = this->fetcher();

  next(fetcher);
  EXPECT_EQ(lastOf(next(fetcher)), "11");

  EXPECT_EQ(api_.calls,
            (Calls{"TRIM_HORIZON", "records i1", "records i2", "AFTER_SEQUENCE_NUMBER 10", "records j1"}));
}

TEST_F(PollingFetcherTest, StartsAgainWhereItStartedWhenTheFirstIteratorExpires) {
  start_.type = kinesis::IteratorPosition::Type::kAfterSequenceNumber;
  start_.sequenceNumber = "41";
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {fail(Code::kExpiredIterator, "expired"), pageOf({"42"}, "j2")};
  auto fetcher = this->fetcher();

  EXPECT_EQ(lastOf(next(fetcher)), "42");

  EXPECT_EQ(api_.calls,
            (Calls{"AFTER_SEQUENCE_NUMBER 41", "records i1", "AFTER_SEQUENCE_NUMBER 41", "records j1"}));
}

TEST_F(PollingFetcherTest, TakesEmptyPagesAsNormalAndWaitsAtTheTip) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({}, "i2", 0), pageOf({}, "i3", 5000), pageOf({"1"}, "i4")};
  auto fetcher = this->fetcher();

  auto first = next(fetcher);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->page, nullptr);
  EXPECT_FALSE(first->ended);
  const auto before = loop_.now();
  next(fetcher);
  EXPECT_EQ(loop_.now() - before, 1s);  // It was at the tip.
  EXPECT_EQ(lastOf(next(fetcher)), "1");
  EXPECT_EQ(loop_.now() - before, 1200ms);  // It was behind: only the shard's pace.
}

TEST_F(PollingFetcherTest, RidesOutThrottlingAndOutages) {
  api_.iterators = {std::string("i1")};
  api_.pages = {fail(Code::kThrottled, "slow down"), fail(Code::kServiceError, "500"),
                fail(Code::kUnreachable, "reset"), fail(Code::kTimeout, "late"), pageOf({"1"}, "i2")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(lastOf(next(fetcher)), "1");
  EXPECT_EQ(log_.count("fetch_recovered"), 1u);
}

TEST_F(PollingFetcherTest, GivesUpWhatTryingAgainCannotMend) {
  api_.iterators = {fail(Code::kAccessDenied, "stream orders, shard shard-1: not allowed", "allow it")};
  auto fetcher = this->fetcher();
  auto fetched = next(fetcher);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kAccessDenied);
  EXPECT_EQ(fetched.error().message(), "stream orders, shard shard-1: not allowed");  // Said once.
}

TEST_F(PollingFetcherTest, GivesUpAnEndpointThatNeverSendsSense) {
  api_.iterators = {std::string("i1")};
  for (int i = 0; i < 3; ++i) api_.pages.push_back(fail(Code::kMalformedResponse, "<html>"));
  PollingOptions options;
  options.malformedMax = 3;
  auto fetcher = this->fetcher(options);
  EXPECT_EQ(next(fetcher).error().code(), Code::kMalformedResponse);
}

TEST_F(PollingFetcherTest, DropsRecordsThatAreRepeated) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "10"}, "i2"), pageOf({"9", "10", "11"}, "i3")};
  auto fetcher = this->fetcher();
  next(fetcher);

  auto second = next(fetcher);

  ASSERT_EQ(second->page->page.records.size(), 1u);
  EXPECT_EQ(lastOf(second), "11");
  EXPECT_EQ(log_.count("repeated_records_dropped"), 1u);
}

TEST_F(PollingFetcherTest, TellsTheEndOfTheShardWithItsChildren) {
  api_.iterators = {std::string("i1")};
  auto last = pageOf({"1"}, std::nullopt);
  last.childShards = {childOf("shard-2", "shard-1")};
  api_.pages.push_back(std::move(last));
  auto fetcher = this->fetcher();
  auto fetched = next(fetcher);
  EXPECT_TRUE(fetched->ended);
  EXPECT_EQ(fetched->children.at(0).shardId, "shard-2");
  EXPECT_EQ(lastOf(fetched), "1");
}

TEST_F(PollingFetcherTest, AsksTheListingAboutAnEndWithoutChildren) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"1"}, std::nullopt), pageOf({}, std::nullopt)};
  api_.shards = {shardOf("shard-1", "7")};
  auto fetcher = this->fetcher();

  auto page = next(fetcher);
  EXPECT_EQ(lastOf(page), "1");
  EXPECT_FALSE(page->ended);
  auto end = next(fetcher);

  EXPECT_TRUE(end->ended);
  EXPECT_EQ(api_.calls,
            (Calls{"TRIM_HORIZON", "records i1", "list", "AFTER_SEQUENCE_NUMBER 1", "records j1"}));
}

TEST_F(PollingFetcherTest, ReadsWhatCameBetweenAFalseEndAndTheTrueOne) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  // The shard was open when the first page ended it, and was closed before the listing.
  api_.pages = {pageOf({"1"}, std::nullopt), pageOf({"2"}, "j2"), pageOf({"3"}, std::nullopt)};
  api_.shards = {shardOf("shard-1", "7")};
  auto fetcher = this->fetcher();

  next(fetcher);
  auto between = next(fetcher);
  EXPECT_EQ(lastOf(between), "2");
  EXPECT_FALSE(between->ended);
  auto end = next(fetcher);
  EXPECT_EQ(lastOf(end), "3");
  EXPECT_TRUE(end->ended);
}

TEST_F(PollingFetcherTest, ReadsAnOpenShardOnThatWasSaidToHaveEnded) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"1"}, std::nullopt), pageOf({"2"}, "j2")};
  api_.shards = {shardOf("shard-1")};
  auto fetcher = this->fetcher();

  next(fetcher);
  auto second = next(fetcher);

  EXPECT_EQ(lastOf(second), "2");
  EXPECT_FALSE(second->ended);
  EXPECT_EQ(api_.calls,
            (Calls{"TRIM_HORIZON", "records i1", "list", "AFTER_SEQUENCE_NUMBER 1", "records j1"}));
  EXPECT_EQ(log_.count("shard_end_doubted"), 1u);
}

TEST_F(PollingFetcherTest, GivesUpAShardThatEndsAgainAndAgainWhileItIsOpen) {
  PollingOptions options;
  options.falseEndsMax = 3;
  for (int i = 0; i < 3; ++i) {
    api_.iterators.push_back(std::string("i"));
    api_.pages.push_back(pageOf({}, std::nullopt));
  }
  api_.shards = {shardOf("shard-1")};
  auto fetcher = this->fetcher(options);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(next(fetcher));  // Empty pages, as any other.
  auto fetched = next(fetcher);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kMalformedResponse);
  EXPECT_EQ(fetched.error().message(),
            "stream orders, shard shard-1: GetRecords ended the shard 3 times, but ListShards has it open");
}

TEST_F(PollingFetcherTest, DoesNotEndAShardWithTheChildrenOfAnother) {
  api_.iterators = {std::string("i1")};
  auto last = pageOf({"1"}, std::nullopt);
  last.childShards = {childOf("shard-2", "shard-9")};
  api_.pages = {last, pageOf({"1"}, "i2")};
  auto fetcher = this->fetcher();
  auto fetched = next(fetcher);
  EXPECT_FALSE(fetched->ended);
  EXPECT_EQ(lastOf(fetched), "1");
  EXPECT_EQ(api_.calls, (Calls{"TRIM_HORIZON", "records i1", "records i1"}));
}

TEST_F(PollingFetcherTest, AsksAgainForAPageWhoseNumbersGoBack) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"100"}, "i2"), pageOf({"101", "3"}, "i3"), pageOf({"101", "102"}, "i3")};
  auto fetcher = this->fetcher();
  next(fetcher);
  EXPECT_EQ(lastOf(next(fetcher)), "102");
  EXPECT_EQ(api_.calls, (Calls{"TRIM_HORIZON", "records i1", "records i2", "records i2"}));
}

TEST_F(PollingFetcherTest, GivesUpAServerWhoseNumbersAlwaysGoBack) {
  api_.iterators = {std::string("i1")};
  for (int i = 0; i < 10; ++i) api_.pages.push_back(pageOf({"101", "3"}, "i2"));
  auto fetcher = this->fetcher();
  auto fetched = next(fetcher);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kMalformedResponse);
  EXPECT_EQ(fetched.error().message(),
            "stream orders, shard shard-1: GetRecords gave record 3 after record 101");
}

TEST_F(PollingFetcherTest, DropsWhatTheCheckpointCoversAlready) {
  start_.type = kinesis::IteratorPosition::Type::kAfterSequenceNumber;
  start_.sequenceNumber = "41";
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"3", "41"}, "i2"), pageOf({"42"}, "i3")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(next(fetcher)->page, nullptr);
  EXPECT_EQ(lastOf(next(fetcher)), "42");
}

TEST_F(PollingFetcherTest, NamesTheLossWhenTheShardIsGoneButTheStreamIsNot) {
  start_.type = kinesis::IteratorPosition::Type::kAfterSequenceNumber;
  start_.sequenceNumber = "41";
  for (int i = 0; i < 3; ++i) api_.iterators.push_back(fail(Code::kUnknownStream, "no such shard"));
  api_.shards = {shardOf("shard-2")};
  auto fetcher = this->fetcher();
  auto fetched = next(fetcher);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kDataLoss);
  EXPECT_EQ(exitCode(fetched.error().code()), 4);
  EXPECT_EQ(fetched.error().message(),
            "stream orders, shard shard-1: records after 41 were trimmed before they were read");
}

TEST_F(PollingFetcherTest, NamesTheLossWhenTheShardGoesWhileItIsRead) {
  api_.iterators = {std::string("i1"), fail(Code::kUnknownStream, "no such shard"),
                    fail(Code::kUnknownStream, "no such shard")};
  api_.pages = {pageOf({"7"}, "i2"), fail(Code::kUnknownStream, "no such shard")};
  auto fetcher = this->fetcher();
  next(fetcher);
  EXPECT_EQ(next(fetcher).error().code(), Code::kDataLoss);
}

TEST_F(PollingFetcherTest, TellsAStreamThatIsGoneFromAShardThatIsGone) {
  api_.iterators = {fail(Code::kUnknownStream, "no such shard")};
  api_.listings = {fail(Code::kUnknownStream, "stream orders: not found")};
  auto fetcher = this->fetcher();
  auto fetched = next(fetcher);
  EXPECT_EQ(fetched.error().code(), Code::kUnknownStream);
  EXPECT_EQ(fetched.error().message(), "stream orders: not found");
}

TEST_F(PollingFetcherTest, TakesAShardThatIsListedForOneThatExists) {
  api_.iterators = {fail(Code::kUnknownStream, "no such shard"), std::string("i1")};
  api_.pages = {pageOf({"1"}, "i2")};
  api_.shards = {shardOf("shard-1")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(lastOf(next(fetcher)), "1");
}

TEST_F(PollingFetcherTest, WaitsForATimeThatTheServiceCallsFuture) {
  start_.type = kinesis::IteratorPosition::Type::kAtTimestamp;
  start_.timestamp = loop_.wall() + 5min;
  api_.serverTime = loop_.wall();
  const auto refused = fail(Code::kInvalidArgument,
                            "The timestampInMillis parameter cannot be greater than the "
                            "currentTimestampInMillis.");
  api_.iterators = {refused, refused, std::string("i1")};
  api_.pages = {pageOf({"1"}, "i2")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(lastOf(next(fetcher)), "1");
  EXPECT_EQ(api_.calls, (Calls{"AT_TIMESTAMP", "AT_TIMESTAMP", "AT_TIMESTAMP", "records i1"}));
}

TEST_F(PollingFetcherTest, DoesNotWaitForATimeThatIsFarAhead) {
  start_.type = kinesis::IteratorPosition::Type::kAtTimestamp;
  start_.timestamp = loop_.wall() + 1h;
  api_.serverTime = loop_.wall();
  api_.iterators = {fail(Code::kInvalidArgument,
                         "The timestampInMillis parameter cannot be greater than the "
                         "currentTimestampInMillis.")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(next(fetcher).error().code(), Code::kInvalidArgument);
}

TEST_F(PollingFetcherTest, DoesNotTakeAnyRefusalForATimeAhead) {
  api_.iterators = {std::string("i1")};
  api_.pages = {fail(Code::kInvalidArgument, "limit cannot be greater than 5")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(next(fetcher).error().code(), Code::kInvalidArgument);
}

TEST_F(PollingFetcherTest, GivesUpAServerWhoseIteratorsAreAlwaysExpired) {
  for (int i = 0; i < 20; ++i) {
    api_.iterators.push_back(std::string("i1"));
    api_.pages.push_back(fail(Code::kExpiredIterator, "expired"));
  }
  auto fetcher = this->fetcher();
  EXPECT_EQ(next(fetcher).error().code(), Code::kMalformedResponse);
}

TEST_F(PollingFetcherTest, DoesNotEndAShardBecauseOneListingLacksIt) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"1"}, std::nullopt), pageOf({"2"}, "j2")};
  api_.listings = {std::vector<kinesis::Shard>{shardOf("shard-9")}};
  api_.shards = {shardOf("shard-1")};
  auto fetcher = this->fetcher();
  next(fetcher);
  EXPECT_EQ(lastOf(next(fetcher)), "2");
}

TEST_F(PollingFetcherTest, AsksForNothingWhileTheBudgetIsUsedUp) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"1"}, "i2")};
  auto fetcher = this->fetcher();
  auto everything = std::make_unique<block::BudgetHold>(loop_.run(budget_->acquire(1 << 20)));
  rt::TaskGroup group(loop_);
  std::optional<Result<Fetched>> fetched;
  const auto fetchInto = [](PollingFetcher& from, std::optional<Result<Fetched>>& into) -> rt::Task<void> {
    auto one = co_await from.next();
    into.emplace(std::move(one));
  };
  group.spawn(fetchInto(fetcher, fetched));

  loop_.runFor(60s);
  EXPECT_EQ(api_.calls, (Calls{"TRIM_HORIZON"}));

  everything.reset();
  loop_.runFor(1s);
  EXPECT_TRUE(fetched.has_value());
}

// Aggregated records.

const std::string kThree = codec::aggregateOf({{"a", "one"}, {"a", "two"}, {"a", "three"}});

class AggregatesTest : public PollingFetcherTest {
 protected:
  // Of a lease row whose checkpoint is part `part` of record `number`.
  PollingFetcher behind(const std::string& number, std::uint64_t part, PollingOptions options = {}) {
    ShardStart start;
    start.shardId = "shard-1";
    start.token = 7;
    start.from = lease::Checkpoint::at(number, part);
    start.position.type = kinesis::IteratorPosition::Type::kAtSequenceNumber;
    start.position.sequenceNumber = number;
    return PollingFetcher({loop_, api_, budget_, random_, log_}, readTaskOf("orders", start), options);
  }
  static Calls linesOf(const Result<Fetched>& fetched) {
    Calls lines;
    if (fetched->page == nullptr) return lines;
    for (const Record& record : fetched->page->page.records)
      lines.push_back(std::string(record.sequenceNumber) + "/" + std::to_string(record.subSequenceNumber));
    return lines;
  }
};

TEST_F(AggregatesTest, AreTakenApartBehindTheCheckOfTheirOrder) {
  api_.iterators = {std::string("i1")};
  api_.pages = {codec::kplPageOf({{"8", kThree}, {"9", "plain"}}, "i2"),
                codec::kplPageOf({{"9", "plain"}, {"10", kThree}}, "i3")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(linesOf(next(fetcher)), (Calls{"8/0", "8/1", "8/2", "9/0"}));
  EXPECT_EQ(linesOf(next(fetcher)), (Calls{"10/0", "10/1", "10/2"}));
  EXPECT_EQ(log_.count("repeated_records_dropped"), 1u);
}

TEST_F(AggregatesTest, ReadingGoesOnBehindTheRecordOfKinesisWhenTheIteratorHasExpired) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {codec::kplPageOf({{"8", kThree}}, "i2"), fail(Code::kExpiredIterator, "expired"),
                codec::kplPageOf({{"9", kThree}}, "j2")};
  auto fetcher = this->fetcher();
  EXPECT_EQ(linesOf(next(fetcher)), (Calls{"8/0", "8/1", "8/2"}));
  EXPECT_EQ(linesOf(next(fetcher)), (Calls{"9/0", "9/1", "9/2"}));
  EXPECT_EQ(api_.calls[3], "AFTER_SEQUENCE_NUMBER 8");
}

TEST_F(AggregatesTest, ReadingResumesInTheMiddleOfARecord) {
  api_.iterators = {std::string("i1")};
  api_.pages = {codec::kplPageOf({{"8", kThree}, {"9", kThree}}, "i2")};
  auto fetcher = behind("8", 1);
  EXPECT_EQ(linesOf(next(fetcher)), (Calls{"8/2", "9/0", "9/1", "9/2"}));
  EXPECT_EQ(api_.calls[0], "AT_SEQUENCE_NUMBER 8");
}

TEST_F(AggregatesTest, ReadingResumesInTheMiddleAlsoIfTheFirstIteratorExpires) {
  api_.iterators = {std::string("i1"), std::string("j1"), std::string("k1")};
  api_.pages = {fail(Code::kExpiredIterator, "expired"), codec::kplPageOf({}, "j2"),
                fail(Code::kExpiredIterator, "expired"), codec::kplPageOf({{"8", kThree}}, "k2")};
  auto fetcher = behind("8", 0);
  EXPECT_EQ(linesOf(next(fetcher)), Calls{});
  EXPECT_EQ(linesOf(next(fetcher)), (Calls{"8/1", "8/2"}));
  EXPECT_EQ(api_.calls, (Calls{"AT_SEQUENCE_NUMBER 8", "records i1", "AT_SEQUENCE_NUMBER 8", "records j1",
                               "records j2", "AT_SEQUENCE_NUMBER 8", "records k1"}));
}

TEST_F(AggregatesTest, NothingComesAgainIfTheRestOfTheRecordWasDoneAndTheIteratorExpires) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {codec::kplPageOf({{"8", kThree}}, "i2"), fail(Code::kExpiredIterator, "expired"),
                codec::kplPageOf({{"9", "plain"}}, "j2")};
  auto fetcher = behind("8", 2);
  EXPECT_EQ(linesOf(next(fetcher)), Calls{});
  EXPECT_EQ(linesOf(next(fetcher)), Calls{"9/0"});
  EXPECT_EQ(api_.calls[3], "AFTER_SEQUENCE_NUMBER 8");
}

TEST_F(AggregatesTest, APlainRecordAtTheCheckpointDoesNotComeAgain) {
  api_.iterators = {std::string("i1")};
  api_.pages = {codec::kplPageOf({{"8", "plain"}, {"9", "plain"}}, "i2")};
  auto fetcher = behind("8", 0);
  EXPECT_EQ(linesOf(next(fetcher)), Calls{"9/0"});
}

TEST_F(AggregatesTest, StayWholeIfToldTo) {
  PollingOptions options;
  options.deaggregate = false;
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {codec::kplPageOf({{"9", kThree}}, "i2"),
                codec::kplPageOf({{"8", kThree}, {"9", kThree}}, "j2")};
  auto whole = behind("8", 0, options);
  EXPECT_EQ(linesOf(next(whole)), Calls{"9/0"});
  // Parts of it were processed when records were taken apart: the others must not be lost.
  auto part = behind("8", 1, options);
  EXPECT_EQ(linesOf(next(part)), (Calls{"8/0", "9/0"}));
  EXPECT_EQ(api_.calls,
            (Calls{"AFTER_SEQUENCE_NUMBER 8", "records i1", "AT_SEQUENCE_NUMBER 8", "records j1"}));
}

TEST_F(AggregatesTest, ThePaceCountsBytesAsTheServiceSentThemAndTheBudgetTheRoomForTheParts) {
  std::vector<codec::PartPlan> parts(1000, {"a-partition-key", ""});
  auto page = codec::kplPageOf({{"8", codec::aggregateOf(parts)}}, "i2", 5000);
  const std::int64_t sent = page.payloadBytes;
  const std::size_t body = page.bytesHeld();
  api_.iterators = {std::string("i1")};
  api_.pages = {std::move(page), codec::kplPageOf({{"9", "plain"}}, "i3", 5000)};
  PollingOptions options;
  options.pace.callsPerSecond = 0;
  options.pace.bytesPerSecond = sent;  // The next call waits a second for what was sent.
  auto fetcher = this->fetcher(options);
  const auto first = next(fetcher);
  EXPECT_EQ(first->page->page.payloadBytes, 1000 * std::int64_t{15});
  EXPECT_GE(first->page->hold.bytes(), static_cast<std::int64_t>(body + 1000 * sizeof(Record)));
  const auto before = loop_.now();
  next(fetcher);
  EXPECT_EQ(loop_.now() - before, 1s);
}

TEST_F(AggregatesTest, APageThatWasDroppedWhollyIsAnEmptyAnswerThatReadingGoesOnBehind) {
  ShardStart start;
  start.shardId = "shard-1";
  start.hashRange = codec::HashRange{0, 5};
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {codec::kplPageOf({{"8", kThree}}, "i2"), fail(Code::kExpiredIterator, "expired"),
                codec::kplPageOf({{"9", "plain"}}, "j2")};
  PollingFetcher fetcher({loop_, api_, budget_, random_, log_}, readTaskOf("orders", start), {});
  EXPECT_EQ(next(fetcher)->page, nullptr);
  const auto second = next(fetcher);
  EXPECT_EQ(linesOf(second), Calls{"9/0"});
  EXPECT_EQ(budget_->used(), second->page->hold.bytes());
  EXPECT_EQ(api_.calls[3], "AFTER_SEQUENCE_NUMBER 8");
  EXPECT_EQ(log_.count("aggregate_dropped"), 1u);
}

}  // namespace
}  // namespace tidemill::consume

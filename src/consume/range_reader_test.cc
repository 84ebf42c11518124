#include "consume/range_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "block/content_hash.h"
#include "codec/kpl_page.h"
#include "codec/test_kpl.h"
#include "consume/scripted_kinesis.h"
#include "sim/sim_log.h"
#include "sim/sim_loop.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Calls = std::vector<std::string>;

// Plants one bug by name.
class OneBug final : public rt::Faults {
 public:
  bool fires(std::string_view) override { return false; }
  bool planted(std::string_view bug) const override { return bug == planted_; }
  std::string planted_;
};

// The first calls are answered late, or by nobody who would wait for it.
class SilentKinesis final : public ScriptedKinesis {
 public:
  int silentPages = 0;
  rt::Duration silence = 24h;
  rt::Loop* clock = nullptr;
  rt::Task<Result<codec::RecordsPage>> getRecords(const std::string& stream, const std::string& shardId,
                                                  const std::string& iterator, int limit) override {
    limits.push_back(limit);
    watchedIsThere.push_back(!watched.expired());
    if (silentPages-- > 0) co_await clock->sleepFor(silence);
    co_return co_await ScriptedKinesis::getRecords(stream, shardId, iterator, limit);
  }
  int silentIterators = 0;
  rt::Task<Result<std::string>> getShardIterator(const std::string& stream, const std::string& shardId,
                                                 const kinesis::IteratorPosition& position) override {
    if (silentIterators-- > 0) co_await clock->sleepFor(silence);
    co_return co_await ScriptedKinesis::getShardIterator(stream, shardId, position);
  }
  std::vector<int> limits;
  // Whether it was there when each page was asked for.
  std::weak_ptr<const codec::Body> watched;
  std::vector<bool> watchedIsThere;
};

class RangeReaderTest : public testing::Test {
 protected:
  RangeReaderTest() {
    options_.streamName = "orders";
    api_.clock = &loop_;
    api_.shards = {shardOf("shard-1")};
  }

  RangeReader reader() { return RangeReader({loop_, api_, paces_, random_, log_, faults_}, options_); }
  Result<std::vector<ReadRange>> read(std::vector<SequenceNumberRange> ranges) {
    RangeReader reader({loop_, api_, paces_, random_, log_, faults_}, options_);
    return loop_.run(reader.read(std::move(ranges)));
  }
  static SequenceNumberRange range(const std::string& from, const std::string& to, std::int64_t count = 0) {
    return {"orders", "shard-1", from, to, count};
  }
  static std::vector<std::string> numbersOf(const ReadRange& read) {
    std::vector<std::string> numbers;
    if (read.page == nullptr) return numbers;
    for (const Record& record : read.page->page.records) numbers.emplace_back(record.sequenceNumber);
    return numbers;
  }
  // The block that these records would make, as it was before it was lost.
  static std::shared_ptr<const block::Block> blockOf(const std::string& id,
                                                     const std::vector<std::string>& numbers) {
    auto page = std::make_shared<block::ShardPage>();
    page->streamName = "orders";
    page->shardId = "shard-1";
    page->token = 7;
    page->page = pageOf(numbers, "next");
    return std::make_shared<const block::Block>(id, std::vector<block::BlockSlice>{{page, 0, numbers.size()}},
                                                std::vector<block::ShardEnd>{});
  }

  sim::SimLoop loop_{1};
  base::Random random_{1};
  sim::SimLog log_;
  OneBug faults_;
  SilentKinesis api_;
  std::shared_ptr<ShardPaces> paces_ = std::make_shared<ShardPaces>(PaceOptions());
  RangeReadOptions options_;
};

TEST_F(RangeReaderTest, ReadsFromTheFirstNumberThenByTheIteratorsOfTheAnswers) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "10"}, "i2", 500), pageOf({"11", "12"}, "i3", 500)};

  const auto read = this->read({range("9", "11")});

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("9", "10", "11"));
  EXPECT_EQ(read->at(0).range.recordCount, 3);
  EXPECT_EQ(read->at(0).range.contentHash, blockOf("b", {"9", "10", "11"})->ranges()[0].contentHash);
  EXPECT_EQ(api_.calls, (Calls{"AT_SEQUENCE_NUMBER 9", "records i1", "records i2"}));
}

TEST_F(RangeReaderTest, HoldsNoPageWhileItWaitsForTheNext) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "10"}, "i2", 500), pageOf({"11", "12"}, "i3", 500)};
  api_.watched = api_.pages.front()->body;

  const auto read = this->read({range("9", "12")});

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(api_.watchedIsThere, ElementsAre(true, false));
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("9", "10", "11", "12"));
}

TEST_F(RangeReaderTest, ARangeInsideAnotherMayEndInALaterPage) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"1", "3", "4"}, "i2", 500), pageOf({"5", "6", "7"}, "i3", 500),
                pageOf({"8", "9"}, "i4", 500)};

  const auto read = this->read({range("1", "9"), range("3", "6")});

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("1", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_THAT(numbersOf(read->at(1)), ElementsAre("3", "4", "5", "6"));
}

TEST_F(RangeReaderTest, KeepsNothingOfTheRecordsIfNotAsked) {
  options_.keepRecords = false;
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "10"}, "i2", 500)};
  const auto read = this->read({range("9", "10")});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at(0).page, nullptr);
  EXPECT_EQ(read->at(0).range.recordCount, 2);
  EXPECT_EQ(read->at(0).range.contentHash, blockOf("b", {"9", "10"})->ranges()[0].contentHash);
}

TEST_F(RangeReaderTest, TakesEmptyPagesAsNormal) {
  api_.iterators = {std::string("i1")};
  api_.pages.push_back(pageOf({"9"}, "i2", 500));
  for (int i = 0; i < 50; ++i) api_.pages.push_back(pageOf({}, "i2", 500));
  api_.pages.push_back(pageOf({"11"}, "i3", 500));
  const auto read = this->read({range("9", "11")});
  ASSERT_TRUE(read);
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("9", "11"));
}

TEST_F(RangeReaderTest, TakesOneEmptyPageAtTheTipForNoEnd) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({}, "i2", 0), pageOf({}, "i3", 0), pageOf({"9"}, "i4", 0)};
  ASSERT_TRUE(read({range("9", "9")}));
}

TEST_F(RangeReaderTest, NamesTheRangeWhoseEndNeverComes) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9"}, "i2", 0), pageOf({}, "i3", 0), pageOf({}, "i4", 0), pageOf({}, "i5", 0)};
  const auto read = this->read({range("9", "11", 2)});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kDataLoss);
  EXPECT_EQ(exitCode(read.error().code()), 4);
  EXPECT_EQ(
      read.error().message(),
      "range 9 to 11 of shard shard-1 of stream orders: 1 of 2 records are left, from 9 to 9; the shard "
      "holds no later record");
}

TEST_F(RangeReaderTest, NamesTheRangeWhoseBeginningWasTrimmed) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"10", "11"}, "i2", 0)};
  const auto read = this->read({range("9", "11")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kDataLoss);
  EXPECT_EQ(read.error().message(),
            "range 9 to 11 of shard shard-1 of stream orders: 2 records are left, from 10 to 11");
}

TEST_F(RangeReaderTest, NamesTheRangeOfWhichNothingIsLeft) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"20"}, "i2", 0)};
  EXPECT_EQ(read({range("9", "11", 3)}).error().message(),
            "range 9 to 11 of shard shard-1 of stream orders: 0 of 3 records are left");
}

TEST_F(RangeReaderTest, NamesTheRangeThatMissesARecordInTheMiddle) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "11"}, "i2", 0)};
  EXPECT_EQ(read({range("9", "11", 3)}).error().message(),
            "range 9 to 11 of shard shard-1 of stream orders: 2 of 3 records are left, from 9 to 11");
}

TEST_F(RangeReaderTest, NamesTheRangeWhoseContentIsAnother) {
  api_.iterators = {std::string("i1")};
  auto page = pageOf({"9", "10"}, "i2", 0);
  page.records[1].partitionKey = "changed";
  api_.pages = {page};
  const auto was = blockOf("b", {"9", "10"})->ranges()[0];
  const auto read = this->read({was});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kDataLoss);
  EXPECT_THAT(read.error().message(), HasSubstr("instead of " + was.contentHash->text()));
}

TEST_F(RangeReaderTest, TakesANumberThatTheShardRefusesForALoss) {
  api_.iterators = {fail(Code::kInvalidArgument, "it did not come from this stream")};
  const auto read = this->read({range("9", "11")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kDataLoss);
  EXPECT_EQ(read.error().message(),
            "range 9 to 11 of shard shard-1 of stream orders: it did not come from this stream");
}

TEST_F(RangeReaderTest, TakesAShardThatTheStreamNoLongerHasForALoss) {
  for (int i = 0; i < 3; ++i) api_.iterators.push_back(fail(Code::kUnknownStream, "no such shard"));
  api_.shards = {shardOf("shard-2")};
  const auto read = this->read({range("9", "11")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kDataLoss);
  EXPECT_THAT(read.error().message(), HasSubstr("no record is left; the stream no longer has the shard"));
}

TEST_F(RangeReaderTest, TellsAStreamThatIsGoneFromAShardThatIsGone) {
  api_.iterators = {fail(Code::kUnknownStream, "no such stream")};
  api_.listings = {fail(Code::kUnknownStream, "stream orders: not found")};
  EXPECT_EQ(read({range("9", "11")}).error().code(), Code::kUnknownStream);
}

TEST_F(RangeReaderTest, ReadsAListedShardThatWasCalledUnknown) {
  api_.iterators = {fail(Code::kUnknownStream, "no such shard"), std::string("i1")};
  api_.pages = {pageOf({"9"}, "i2", 0)};
  EXPECT_TRUE(read({range("9", "9")}));
}

TEST_F(RangeReaderTest, RefusesARangeOfAnotherStreamBeforeAnyCall) {
  auto other = range("9", "11");
  other.streamName = "other";
  EXPECT_EQ(read({other}).error().code(), Code::kUsage);
  EXPECT_EQ(read({}).error().code(), Code::kUsage);
  EXPECT_TRUE(api_.calls.empty());
}

TEST_F(RangeReaderTest, EndsWithTheShard) {
  api_.iterators = {std::string("i1")};
  auto last = pageOf({"9"}, std::nullopt);
  last.childShards = {childOf("shard-2", "shard-1")};
  api_.pages = {last};
  const auto read = this->read({range("9", "11", 2)});
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), HasSubstr("1 of 2 records are left, from 9 to 9; the shard has ended"));
}

TEST_F(RangeReaderTest, ReadsARangeToTheVeryEndOfItsShard) {
  api_.iterators = {std::string("i1")};
  auto last = pageOf({"9", "11"}, std::nullopt);
  last.childShards = {childOf("shard-2", "shard-1")};
  api_.pages = {last};
  EXPECT_TRUE(read({range("9", "11", 2)}));
}

TEST_F(RangeReaderTest, DoesNotBelieveAnEndThatTheListingContradicts) {
  api_.iterators = {std::string("i1"), std::string("i2")};
  api_.pages = {pageOf({"9"}, std::nullopt), pageOf({"11"}, "i3")};
  const auto read = this->read({range("9", "11", 2)});
  ASSERT_TRUE(read);
  EXPECT_EQ(api_.calls,
            (Calls{"AT_SEQUENCE_NUMBER 9", "records i1", "list", "AFTER_SEQUENCE_NUMBER 9", "records i2"}));
}

TEST_F(RangeReaderTest, ReadsOnceMoreBeforeAnEndWithoutChildrenCounts) {
  api_.iterators = {std::string("i1"), std::string("i2")};
  api_.pages = {pageOf({"9"}, std::nullopt), pageOf({}, std::nullopt)};
  api_.shards = {shardOf("shard-1", "100")};
  EXPECT_EQ(read({range("9", "11", 2)}).error().code(), Code::kDataLoss);
}

TEST_F(RangeReaderTest, ContinuesBehindTheLastRecordWhenTheIteratorExpires) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"9", "10"}, "i2", 500), fail(Code::kExpiredIterator, "expired"),
                pageOf({"11"}, "j2", 0)};
  const auto read = this->read({range("9", "11", 3)});
  ASSERT_TRUE(read);
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("9", "10", "11"));
  EXPECT_EQ(api_.calls.at(3), "AFTER_SEQUENCE_NUMBER 10");
}

TEST_F(RangeReaderTest, StartsAgainWhenTheFirstIteratorExpires) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {fail(Code::kExpiredIterator, "expired"), pageOf({"9"}, "j2", 0)};
  ASSERT_TRUE(read({range("9", "9", 1)}));
  EXPECT_EQ(api_.calls.at(2), "AT_SEQUENCE_NUMBER 9");
}

TEST_F(RangeReaderTest, GivesUpAServerWhoseIteratorsAreAlwaysExpired) {
  for (int i = 0; i < 10; ++i) {
    api_.iterators.push_back(std::string("i1"));
    api_.pages.push_back(fail(Code::kExpiredIterator, "expired"));
  }
  EXPECT_EQ(read({range("9", "9")}).error().code(), Code::kMalformedResponse);
}

TEST_F(RangeReaderTest, RidesOutWhatPasses) {
  options_.retry.attemptsMax = 6;
  api_.iterators = {fail(Code::kThrottled, "slow down"), std::string("i1")};
  api_.pages = {fail(Code::kThrottled, "slow down"), fail(Code::kServiceError, "500"),
                fail(Code::kUnreachable, "reset"),   fail(Code::kExpiredToken, "token"),
                fail(Code::kTimeout, "no answer"),   pageOf({"9"}, "i2", 0)};
  ASSERT_TRUE(read({range("9", "9")}));
  EXPECT_EQ(log_.count("range_read_retried"), 6u);
}

TEST_F(RangeReaderTest, GivesUpAfterTheLastAttempt) {
  api_.iterators = {std::string("i1")};
  for (int i = 0; i < 10; ++i) api_.pages.push_back(fail(Code::kServiceError, "500"));
  const auto read = this->read({range("9", "9")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kServiceError);
  EXPECT_THAT(read.error().message(), HasSubstr("gave up after 3 attempts"));
  EXPECT_EQ(api_.pages.size(), 7u);
}

// Other readers of the shard have not gone away within three turns.
TEST_F(RangeReaderTest, AttemptsThatWereRefusedCountOnceASecond) {
  api_.iterators = {std::string("i1")};
  for (int i = 0; i < 10; ++i) api_.pages.push_back(fail(Code::kThrottled, "slow down"));
  const auto before = loop_.now();
  const auto read = this->read({range("9", "9")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kThrottled);
  EXPECT_GE(loop_.now() - before, 2s);
  EXPECT_GT(api_.pages.size(), 3u) << "and not for ever";
}

TEST_F(RangeReaderTest, GivesUpWhenTheTimeOfTheCallIsOver) {
  options_.retry.attemptsMax = 1'000;
  options_.retry.timeout = 5s;
  api_.iterators = {std::string("i1")};
  for (int i = 0; i < 1'000; ++i) api_.pages.push_back(fail(Code::kServiceError, "500"));
  const auto before = loop_.now();
  EXPECT_EQ(read({range("9", "9")}).error().code(), Code::kServiceError);
  EXPECT_LE(loop_.now() - before, 5s + 1s);
  EXPECT_GE(loop_.now() - before, 1s);
}

TEST_F(RangeReaderTest, DoesNotRepeatWhatCannotPass) {
  api_.iterators = {fail(Code::kAccessDenied, "stream orders, shard shard-1: not allowed")};
  const auto read = this->read({range("9", "9")});
  EXPECT_EQ(read.error().code(), Code::kAccessDenied);
  EXPECT_EQ(read.error().message(), "stream orders, shard shard-1: not allowed");
  EXPECT_EQ(api_.calls.size(), 1u);
}

TEST_F(RangeReaderTest, ACallThatHangsIsEndedAndMadeAgainWithinItsTime) {
  for (const auto& [iterators, pages] : {std::pair{0, 1}, std::pair{0, 2}, std::pair{2, 0}}) {
    api_.silentIterators = iterators;
    api_.silentPages = pages;
    api_.iterators = {std::string("i1")};
    api_.pages = {pageOf({"9"}, "i2", 0)};
    const auto before = loop_.now();
    const auto read = this->read({range("9", "9")});
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_LT(loop_.now() - before, 10s);
  }
  EXPECT_EQ(log_.count("range_read_retried"), 5u);
}

TEST_F(RangeReaderTest, ManyAttemptsOrLittleTimeCutNoAnswerShort) {
  options_.retry.attemptsMax = 1'000;
  for (const auto& [timeout, answer] : {std::pair{60'000ms, 2'900ms}, std::pair{1'000ms, 400ms}}) {
    options_.retry.timeout = timeout;
    api_.silentPages = 1;
    api_.silence = answer;
    api_.iterators = {std::string("i1")};
    api_.pages = {pageOf({"9"}, "i2", 0)};
    const auto read = this->read({range("9", "9")});
    ASSERT_TRUE(read) << read.error().message();
  }
  EXPECT_EQ(log_.count("range_read_retried"), 0u);
}

TEST_F(RangeReaderTest, AnOnlyAttemptHasAllOfTheTime) {
  options_.retry.attemptsMax = 1;
  api_.silentPages = 1;
  api_.silence = 9s;
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9"}, "i2", 0)};
  EXPECT_TRUE(read({range("9", "9")}));
}

TEST_F(RangeReaderTest, EndsACallThatAlwaysHangsAtItsDeadline) {
  api_.silentPages = 1'000;
  api_.iterators = {std::string("i1")};
  const auto before = loop_.now();
  const auto read = this->read({range("9", "9")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kTimeout);
  EXPECT_THAT(read.error().message(), HasSubstr("stream orders, shard shard-1: no answer came in time"));
  EXPECT_EQ(loop_.now() - before, 10s);
}

TEST_F(RangeReaderTest, EndsAtTheDeadlineOfThePartition) {
  options_.deadline = 3s;
  options_.retry.timeout = 1h;
  api_.silentPages = 1'000;
  api_.iterators = {std::string("i1")};
  const auto before = loop_.now();
  EXPECT_EQ(read({range("9", "9")}).error().code(), Code::kTimeout);
  EXPECT_EQ(loop_.now() - before, 3s);
}

TEST_F(RangeReaderTest, DoesNotWaitForATurnThatComesTooLate) {
  options_.deadline = 3s;
  paces_->of("orders", "shard-1", loop_.now())->reads.answered(loop_.now(), 10 << 20);
  api_.iterators = {std::string("i1")};
  const auto before = loop_.now();
  const auto read = this->read({range("9", "9")});
  EXPECT_EQ(read.error().code(), Code::kTimeout);
  EXPECT_THAT(read.error().message(), HasSubstr("range 9 to 9 of shard shard-1"));
  EXPECT_EQ(loop_.now(), before);
}

TEST_F(RangeReaderTest, WaitsForItsTurnAtTheShardsPace) {
  paces_->of("orders", "shard-1", loop_.now())->reads.answered(loop_.now(), 10 << 20);
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9"}, "i2", 0)};
  const auto before = loop_.now();
  ASSERT_TRUE(read({range("9", "9")}));
  EXPECT_EQ(loop_.now() - before, 5s);
}

TEST_F(RangeReaderTest, AsksForNoMoreThanItNeedsAndOneRecordMore) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"9", "10", "11"}, "i2", 500), pageOf({"40"}, "j2", 500)};
  ASSERT_TRUE(read({range("9", "10", 2), range("40", "40", 1)}));
  EXPECT_THAT(api_.limits, ElementsAre(3, 1));
}

TEST_F(RangeReaderTest, ReadsAdjacentRangesInOneGoAndOthersByANewIterator) {
  api_.iterators = {std::string("i1"), std::string("j1")};
  api_.pages = {pageOf({"9", "10", "11"}, "i2", 500), pageOf({"12", "13"}, "i3", 500),
                pageOf({"100"}, "j2", 500)};
  // In no order, and by text 100 would come first.
  const auto read = this->read({range("100", "100", 1), range("11", "12", 2), range("9", "10", 2)});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("100"));
  EXPECT_THAT(numbersOf(read->at(1)), ElementsAre("11", "12"));
  EXPECT_THAT(numbersOf(read->at(2)), ElementsAre("9", "10"));
  EXPECT_EQ(api_.calls, (Calls{"AT_SEQUENCE_NUMBER 9", "records i1", "records i2", "AT_SEQUENCE_NUMBER 100",
                               "records j1"}));
}

TEST_F(RangeReaderTest, DropsRecordsThatAreRepeated) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "10"}, "i2", 500), pageOf({"9", "10", "11"}, "i3", 500)};
  const auto read = this->read({range("9", "11", 3)});
  ASSERT_TRUE(read);
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("9", "10", "11"));
}

TEST_F(RangeReaderTest, AsksAgainForAPageWhoseNumbersGoBack) {
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "3"}, "i2", 500), pageOf({"9"}, "i2", 500)};
  ASSERT_TRUE(read({range("9", "9", 1)}));
}

TEST_F(RangeReaderTest, TakesWhatIsLeftAndRecordsTheLossOnce) {
  options_.onLoss = LossPolicy::kRecord;
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"10", "11", "12", "13"}, "i2", 0)};

  const auto read = this->read({range("9", "11", 3), range("12", "13", 2)});

  ASSERT_TRUE(read);
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("10", "11"));
  ASSERT_TRUE(read->at(0).loss);
  EXPECT_EQ(read->at(0).loss->code(), Code::kDataLoss);
  EXPECT_FALSE(read->at(1).loss);
  EXPECT_EQ(log_.count("data_loss"), 1u);
  const std::string line = log_.lines().back();
  for (const std::string part : {"stream=orders", "shard=shard-1", "from=9", "to=11", "records=3", "left=2",
                                 "firstLeft=10", "lastLeft=11"}) {
    EXPECT_THAT(line, HasSubstr(part));
  }
}

TEST_F(RangeReaderTest, LooksForWhatIsLeftBehindANumberThatIsRefused) {
  options_.onLoss = LossPolicy::kRecord;
  api_.iterators = {fail(Code::kInvalidArgument, "trimmed"), std::string("i1")};
  api_.pages = {pageOf({"10", "11", "12"}, "i2", 0)};
  const auto read = this->read({range("9", "11", 3)});
  ASSERT_TRUE(read);
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("10", "11"));
  EXPECT_TRUE(read->at(0).loss);
  EXPECT_THAT(api_.calls, ElementsAre("AT_SEQUENCE_NUMBER 9", "TRIM_HORIZON", "records i1"));
}

TEST_F(RangeReaderTest, ReadsThroughEverythingBeforeWhatIsLeft) {
  options_.onLoss = LossPolicy::kRecord;
  api_.iterators = {fail(Code::kInvalidArgument, "trimmed"), std::string("i1")};
  api_.pages = {pageOf({"1", "2"}, "i2", 500), pageOf({"3"}, "i3", 500), pageOf({"10", "11"}, "i4", 0)};
  const auto read = this->read({range("9", "11", 3)});
  ASSERT_TRUE(read);
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("10", "11"));
}

TEST_F(RangeReaderTest, RebuildsABlockAsItWas) {
  const auto lost = blockOf("block-3", {"9", "10", "11"});
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9"}, "i2", 500), pageOf({"10", "11", "12"}, "i3", 500)};

  auto reader = this->reader();
  std::vector<std::shared_ptr<const block::BlockInfo>> infos = {lost->info()};
  const auto rebuilt = loop_.run(reader.rebuild(std::move(infos)));

  ASSERT_TRUE(rebuilt) << rebuilt.error().message();
  const auto& block = rebuilt->at(0).block;
  EXPECT_EQ(block->id(), "block-3");
  EXPECT_EQ(block->info(), lost->info());
  ASSERT_EQ(block->slices().size(), 1u);
  // Computed anew from the records.
  EXPECT_EQ(block->slices()[0].info(), lost->info()->slices[0]);
  EXPECT_EQ(block->slices()[0].page->token, 7);
  EXPECT_TRUE(rebuilt->at(0).losses.empty());
}

TEST_F(RangeReaderTest, RebuildsWhatIsLeftOfABlock) {
  options_.onLoss = LossPolicy::kRecord;
  const auto lost = blockOf("block-3", {"9", "10", "11"});
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"10", "11"}, "i2", 0)};
  auto reader = this->reader();
  std::vector<std::shared_ptr<const block::BlockInfo>> infos = {lost->info()};
  const auto rebuilt = loop_.run(reader.rebuild(std::move(infos)));
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(rebuilt->at(0).losses.size(), 1u);
  EXPECT_EQ(rebuilt->at(0).block->id(), "block-3");
  EXPECT_EQ(rebuilt->at(0).block->recordCount(), 2);
  EXPECT_EQ(rebuilt->at(0).block->ranges()[0].fromSeqNumber, "10");
}

TEST_F(RangeReaderTest, RebuildsABlockWithoutRecordsWithoutAnyCall) {
  auto empty = std::make_shared<const block::BlockInfo>(block::BlockInfo{"b", {}, {{.shardId = "shard-1"}}});
  auto reader = this->reader();
  std::vector<std::shared_ptr<const block::BlockInfo>> infos = {empty};
  const auto rebuilt = loop_.run(reader.rebuild(std::move(infos)));
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(rebuilt->at(0).block->info(), empty);
  EXPECT_TRUE(api_.calls.empty());
}

TEST_F(RangeReaderTest, ThePlantedBugLosesTheLastRecordOfARange) {
  const auto lost = blockOf("block-3", {"9", "10", "11"});
  faults_.planted_ = "recovery-range-off-by-one";
  api_.iterators = {std::string("i1")};
  api_.pages = {pageOf({"9", "10", "11"}, "i2", 0)};
  auto reader = this->reader();
  std::vector<std::shared_ptr<const block::BlockInfo>> infos = {lost->info()};
  const auto rebuilt = loop_.run(reader.rebuild(std::move(infos)));
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(rebuilt->at(0).block->recordCount(), 2);
  EXPECT_NE(rebuilt->at(0).block->ranges(), lost->ranges());
}

// A page with an aggregated record for each number; `parts` in each.
codec::RecordsPage aggregatesOf(const std::vector<std::string>& numbers, int parts,
                                std::optional<std::string> next, std::int64_t millisBehind) {
  std::vector<codec::OuterRecord> outer;
  for (const std::string& number : numbers) {
    std::vector<codec::PartPlan> plan;
    for (int i = 0; i < parts; ++i)
      plan.push_back({"key-" + std::to_string(i), number + "/" + std::to_string(i)});
    outer.push_back({number, codec::aggregateOf(plan)});
  }
  return codec::kplPageOf(outer, std::move(next), millisBehind);
}

std::vector<std::string> textsOf(const ReadRange& read) {
  std::vector<std::string> texts;
  if (read.page == nullptr) return texts;
  for (const Record& record : read.page->page.records) texts.emplace_back(record.text());
  return texts;
}

TEST_F(RangeReaderTest, TakesAggregatedRecordsApart) {
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9", "10", "11"}, 3, "i2", 500)};
  const auto read = this->read({range("9", "10", 6)});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(textsOf(read->at(0)), ElementsAre("9/0", "9/1", "9/2", "10/0", "10/1", "10/2"));
  EXPECT_EQ(read->at(0).page->page.records[4].subSequenceNumber, 1u);
  EXPECT_EQ(read->at(0).page->page.records[4].partitionKey, "key-1");
  EXPECT_EQ(read->at(0).range.fromSubSeqNumber, 0u);
  EXPECT_EQ(read->at(0).range.toSubSeqNumber, 2u);
}

TEST_F(RangeReaderTest, HonoursThePartsAtBothEnds) {
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9", "10", "11"}, 3, "i2", 500)};
  auto parts = range("9", "11", 6);
  parts.fromSubSeqNumber = 1;
  parts.toSubSeqNumber = 0;
  const auto read = this->read({parts});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(textsOf(read->at(0)), ElementsAre("9/1", "9/2", "10/0", "10/1", "10/2", "11/0"));
}

TEST_F(RangeReaderTest, OneAggregatedRecordMayBelongToTwoRanges) {
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9"}, 5, "i2", 500)};
  auto head = range("9", "9", 2);
  head.fromSubSeqNumber = 0;
  head.toSubSeqNumber = 1;
  auto tail = range("9", "9", 3);
  tail.fromSubSeqNumber = 2;
  tail.toSubSeqNumber = 4;
  const auto read = this->read({tail, head});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(textsOf(read->at(0)), ElementsAre("9/2", "9/3", "9/4"));
  EXPECT_THAT(textsOf(read->at(1)), ElementsAre("9/0", "9/1"));
}

TEST_F(RangeReaderTest, MissesAPartThatIsNotThere) {
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9"}, 2, "i2", 500)};
  auto parts = range("9", "9");
  parts.toSubSeqNumber = 2;
  EXPECT_EQ(read({parts}).error().code(), Code::kDataLoss);
}

TEST_F(RangeReaderTest, FiltersAsLiveReadingByTheHashKeysOfTheShard) {
  api_.shards[0].endingHashKey = "0";  // Nothing is its own.
  api_.iterators = {std::string("i1")};
  const std::string three = codec::aggregateOf({{"key-0", "a"}, {"key-1", "b"}, {"key-2", "c"}});
  api_.pages = {codec::kplPageOf({{"9", "plain"}, {"10", three}, {"11", "plain"}}, "i2", 500)};
  const auto read = this->read({range("9", "11", 2)});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(numbersOf(read->at(0)), ElementsAre("9", "11"));
}

TEST_F(RangeReaderTest, GivesAggregatedRecordsWholeWhereLiveReadingDoes) {
  options_.kpl.deaggregate = false;
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9"}, 3, "i2", 500)};
  const auto read = this->read({range("9", "9", 1)});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at(0).page->page.records[0].aggregation, Aggregation::kNone);
}

TEST_F(RangeReaderTest, GivesADamagedAggregateWholeAndMarkedAndComparesIt) {
  auto damaged = aggregatesOf({"9", "10"}, 2, "i2", 500);
  std::string bytes(damaged.records[0].text());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  const auto holder = codec::Body::copyOf(bytes);
  damaged.records[0].data = codec::bytesOf(holder->view());
  auto live = damaged;
  codec::splitAggregates(live, options_.kpl);
  SequenceNumberRange lost = range("9", "10", 3);
  lost.contentHash = block::contentHashOf(live.records);
  api_.iterators = {std::string("i1"), std::string("i1")};
  api_.pages = {damaged, aggregatesOf({"9", "10"}, 2, "i2", 500)};

  const auto read = this->read({lost});

  ASSERT_TRUE(read) << read.error().message();
  const auto& records = read->at(0).page->page.records;
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].aggregation, Aggregation::kDamaged);
  EXPECT_EQ(records[0].text(), bytes);
  EXPECT_EQ(records[1].aggregation, Aggregation::kPart);
  // One that can be read is not the one that was lost.
  EXPECT_EQ(this->read({lost}).error().code(), Code::kDataLoss);
}

TEST_F(RangeReaderTest, APageOfWhichEveryRecordIsDroppedIsNoEmptyPage) {
  api_.shards[0].endingHashKey = "0";
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9"}, 3, "i2", 0), aggregatesOf({"10"}, 3, "i3", 0), pageOf({"11"}, "i4", 0)};
  const auto read = this->read({range("11", "11", 1)});
  ASSERT_TRUE(read) << read.error().message();
}

TEST_F(RangeReaderTest, AsksForFewerRecordsWhereEachHasManyParts) {
  api_.iterators = {std::string("i1")};
  api_.pages = {aggregatesOf({"9"}, 50, "i2", 500), aggregatesOf({"10", "11", "12"}, 50, "i3", 500)};
  auto parts = range("9", "12", 200);
  parts.fromSubSeqNumber = 0;
  parts.toSubSeqNumber = 49;
  ASSERT_TRUE(read({parts}));
  EXPECT_THAT(api_.limits, ElementsAre(4, 3));
}

TEST(RangeReaderPortions, HoldAtMostTheBytesGivenAndAtLeastOneBlock) {
  std::vector<std::shared_ptr<const block::BlockInfo>> blocks;
  for (const std::int64_t bytes : {10, 20, 500, 40, 60, 1}) {
    block::SliceInfo slice;
    slice.payloadBytes = bytes;
    blocks.push_back(
        std::make_shared<const block::BlockInfo>(block::BlockInfo{std::to_string(bytes), {slice}, {}}));
  }
  std::vector<std::size_t> sizes;
  for (const auto& portion : RangeReader::portionsOf(blocks, 100)) sizes.push_back(portion.size());
  EXPECT_THAT(sizes, ElementsAre(2u, 1u, 2u, 1u));
  EXPECT_TRUE(RangeReader::portionsOf({}, 100).empty());
}

TEST(RangeReaderPortions, TakeABlockOfUnknownSizeForAMebibyte) {
  const auto unknown =
      std::make_shared<const block::BlockInfo>(block::BlockInfo{"b", {block::SliceInfo()}, {}});
  const std::vector<std::shared_ptr<const block::BlockInfo>> blocks(3, unknown);
  EXPECT_EQ(RangeReader::portionsOf(blocks, 2 << 20).size(), 2u);
  EXPECT_EQ(RangeReader::portionsOf(blocks, 1).size(), 3u);
}

}  // namespace
}  // namespace tidemill::consume

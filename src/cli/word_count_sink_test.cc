#include "cli/word_count_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "cli/temporary_folder.h"
#include "cli/word_count_job.h"

namespace tidemill::cli {
namespace {

using testing::HasSubstr;

constexpr char kShard[] = "shardId-000000000000";
constexpr char kOther[] = "shardId-000000000001";

// Runs what it is given, one after the other.
class PlainRunner final : public TaskRunner {
 public:
  void run(std::size_t count, const std::function<void(std::size_t)>& task) override {
    for (std::size_t i = 0; i < count; ++i) task(i);
  }
};

struct TestRecord {
  std::string shard;
  std::string sequenceNumber;
  std::string text;
  std::optional<std::uint64_t> part = std::nullopt;
};

class WordCountSinkTest : public testing::Test {
 protected:
  WordCountSinkTest() : folder_(*TemporaryFolder::make("test")) {}

  std::string path() const { return folder_.file("counts.db"); }

  std::unique_ptr<WordCountSink> open(const std::string& application = "app",
                                      const std::string& stream = "orders") const {
    auto sink = WordCountSink::open(path(), application, stream);
    EXPECT_TRUE(sink.has_value()) << (sink ? "" : sink.error().message());
    return std::move(*sink);
  }

  // A file that holds what `sql` makes.
  void makeFile(const std::string& sql) const {
    auto database = lease::SqliteDatabase::open(path());
    ASSERT_TRUE(database.has_value());
    ASSERT_TRUE((*database)->execute(sql).has_value());
  }

  static BatchInfo batchOf(const std::vector<TestRecord>& records) {
    BatchInfo batch;
    for (const TestRecord& record : records) {
      batch.ranges.push_back({"orders", record.shard, record.sequenceNumber, record.sequenceNumber, 1,
                              record.part, record.part});
    }
    batch.records = static_cast<std::int64_t>(records.size());
    return batch;
  }

  RDD<Line> linesOf(const std::vector<TestRecord>& records) {
    std::vector<Line> lines;
    for (const TestRecord& record : records) {
      const auto aggregation = record.part ? Aggregation::kPart : Aggregation::kNone;
      lines.push_back(
          {record.shard, record.sequenceNumber, record.text, record.part.value_or(0), aggregation});
    }
    return RDD<Line>(std::make_shared<detail::VectorNode<Line>>(runner_, std::move(lines)));
  }

  // One batch of the job, as a context would run it.
  void count(WordCountSink& sink, const std::vector<TestRecord>& records) {
    countBatch(sink, linesOf(records), batchOf(records), dropNext_);
  }

  static std::vector<WordCount> wordsOf(WordCountSink& sink) { return sink.words().value(); }
  static CountTotals totalsOf(WordCountSink& sink) { return sink.totals().value(); }

  const TemporaryFolder folder_;
  PlainRunner runner_;
  std::atomic<bool> dropNext_ = false;
};

using Words = std::vector<WordCount>;

TEST_F(WordCountSinkTest, CountsARecordOnceHoweverOftenItComes) {
  auto sink = open();

  count(*sink, {{kShard, "5", "the sea"}, {kShard, "6", "the mill"}});
  count(*sink, {{kShard, "5", "the sea"}, {kShard, "6", "the mill"}, {kShard, "7", "tide"}});

  EXPECT_EQ(wordsOf(*sink), (Words{{"the", 2}, {"mill", 1}, {"sea", 1}, {"tide", 1}}));
  EXPECT_EQ(totalsOf(*sink), (CountTotals{.batches = 2, .records = 3, .duplicates = 2}));
}

TEST_F(WordCountSinkTest, OnlyWhatLiesBehindTheLastCountedRecordIsFresh) {
  const Progress progress = {{kShard, {"10"}}};

  EXPECT_FALSE(isFresh(kShard, "9", {}, progress)) << "numbers, not text";
  EXPECT_FALSE(isFresh(kShard, "10", {}, progress)) << "the last counted record itself";
  EXPECT_TRUE(isFresh(kShard, "11", {}, progress));
  EXPECT_TRUE(isFresh(kOther, "1", {}, progress)) << "a shard that nothing is known of";
}

TEST_F(WordCountSinkTest, AnOlderBatchMovesNothingBack) {
  auto sink = open();

  count(*sink, {{kShard, "100", "late"}});
  count(*sink, {{kShard, "99", "early"}, {kOther, "1", "other"}});
  count(*sink, {{kShard, "100", "late"}});

  EXPECT_EQ(*sink->progress(), (Progress{{kShard, {"100"}}, {kOther, {"1"}}}));
  EXPECT_EQ(wordsOf(*sink), (Words{{"late", 1}, {"other", 1}}));
  EXPECT_EQ(totalsOf(*sink), (CountTotals{.batches = 2, .records = 2, .duplicates = 2}));
}

TEST_F(WordCountSinkTest, TheEndOfAShardIsTheHighestOfItsRangesWhateverTheirOrder) {
  auto sink = open();

  count(*sink, {{kShard, "20", "b"}, {kShard, "9", "a"}});

  EXPECT_EQ(*sink->progress(), (Progress{{kShard, {"20"}}}));
  EXPECT_EQ(totalsOf(*sink), (CountTotals{.batches = 1, .records = 2, .duplicates = 0}));
}

TEST_F(WordCountSinkTest, StreamsOfOneFileKeepTheirOwnCounts) {
  auto second = open("app", "s2");
  auto first = open("app", "s1");

  count(*second, {{kShard, "50", "second"}});
  count(*first, {{kShard, "40", "first"}});

  EXPECT_EQ(wordsOf(*first), (Words{{"first", 1}}));
  EXPECT_EQ(totalsOf(*first), (CountTotals{.batches = 1, .records = 1, .duplicates = 0}));
  EXPECT_EQ(wordsOf(*second), (Words{{"second", 1}}));
  EXPECT_EQ(*second->progress(), (Progress{{kShard, {"50"}}}));
}

TEST_F(WordCountSinkTest, ApplicationsOfOneFileCountTheSameStreamEachForItself) {
  auto one = open("one");
  auto two = open("two");

  count(*one, {{kShard, "7", "tide"}});
  count(*two, {{kShard, "7", "tide"}});

  EXPECT_EQ(wordsOf(*one), (Words{{"tide", 1}}));
  EXPECT_EQ(wordsOf(*two), (Words{{"tide", 1}}));
  EXPECT_EQ(totalsOf(*two), (CountTotals{.batches = 1, .records = 1, .duplicates = 0}));
}

TEST_F(WordCountSinkTest, GoesOnWhereTheFileWasClosed) {
  count(*open(), {{kShard, "1", "tide"}, {kShard, "2", "mill"}});

  auto again = open();
  count(*again, {{kShard, "2", "mill"}, {kShard, "3", "mill"}});

  EXPECT_EQ(wordsOf(*again), (Words{{"mill", 2}, {"tide", 1}}));
  EXPECT_EQ(totalsOf(*again), (CountTotals{.batches = 2, .records = 3, .duplicates = 1}));
}

TEST_F(WordCountSinkTest, ACommitOnOldProgressWritesNothing) {
  auto former = open();
  auto successor = open();
  const std::vector<TestRecord> records = {{kShard, "1", "tide"}};
  BatchCounts counted{.words = {{"tide", 1}}, .fresh = 1, .basis = *former->progress()};

  count(*successor, records);
  auto late = former->commit(counted, batchOf(records));

  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code(), Code::kConflict);
  EXPECT_EQ(wordsOf(*successor), (Words{{"tide", 1}}));
  EXPECT_EQ(totalsOf(*successor), (CountTotals{.batches = 1, .records = 1, .duplicates = 0}));
}

TEST_F(WordCountSinkTest, ABatchThatWasOvertakenWhileItWasCountedIsCountedAgain) {
  // The output of a former process still runs when its successor commits the same records and one more.
  auto former = open();
  auto successor = open();
  const std::vector<TestRecord> records = {{kShard, "1", "tide"}, {kShard, "2", "mill"}};
  bool overtaken = false;
  const auto lines = linesOf(records).filter([&](const Line&) {
    if (!std::exchange(overtaken, true)) count(*successor, {{kShard, "1", "tide"}});
    return true;
  });

  countBatch(*former, lines, batchOf(records), dropNext_);

  EXPECT_EQ(wordsOf(*former), (Words{{"mill", 1}, {"tide", 1}}));
  EXPECT_EQ(totalsOf(*former), (CountTotals{.batches = 2, .records = 2, .duplicates = 1}));
}

TEST_F(WordCountSinkTest, ALostRecordShowsInTheWordsAndNotInTheTotals) {
  auto sink = open();
  dropNext_ = true;

  count(*sink, {{kShard, "1", "tide"}, {kShard, "2", "mill"}});

  EXPECT_EQ(wordsOf(*sink), (Words{{"mill", 1}}));
  EXPECT_EQ(totalsOf(*sink).records, 2);
}

// Parts of aggregated records share a sequence number.

TEST_F(WordCountSinkTest, CountsEachPartOnceAlsoIfABatchEndsInsideOfARecord) {
  auto sink = open();

  count(*sink, {{kShard, "5", "a", 0}, {kShard, "5", "b", 1}});
  EXPECT_EQ(*sink->progress(), (Progress{{kShard, {"5", 1}}}));
  count(*sink, {{kShard, "5", "a", 0}, {kShard, "5", "b", 1}, {kShard, "5", "c", 2}, {kShard, "6", "d"}});
  count(*sink, {{kShard, "5", "c", 2}, {kShard, "6", "d"}});

  EXPECT_EQ(wordsOf(*sink), (Words{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}));
  EXPECT_EQ(totalsOf(*sink), (CountTotals{.batches = 2, .records = 4, .duplicates = 4}));
  EXPECT_EQ(*sink->progress(), (Progress{{kShard, {"6"}}}));
}

TEST_F(WordCountSinkTest, WhatWasCountedWholeHasNoFreshParts) {
  const Progress progress = {{kShard, {"10"}}};
  EXPECT_FALSE(isFresh(kShard, "10", 3, progress));
  EXPECT_FALSE(isFresh(kShard, "10", {}, progress));
  EXPECT_TRUE(isFresh(kShard, "11", 0, progress));
}

TEST_F(WordCountSinkTest, OfWhatWasCountedInPartsTheLaterPartsAreFreshAndSoIsTheWhole) {
  const Progress progress = {{kShard, {"10", 2}}};
  EXPECT_FALSE(isFresh(kShard, "10", 2, progress));
  EXPECT_TRUE(isFresh(kShard, "10", 3, progress));
  EXPECT_TRUE(isFresh(kShard, "10", {}, progress));
}

TEST_F(WordCountSinkTest, AFileOfBeforeRecordsWereTakenApartIsBroughtUpToDate) {
  makeFile(
      "CREATE TABLE words (application TEXT NOT NULL, stream TEXT NOT NULL, word TEXT NOT NULL, count "
      "INTEGER "
      "NOT NULL, PRIMARY KEY (application, stream, word)) WITHOUT ROWID;"
      "CREATE TABLE progress (application TEXT NOT NULL, stream TEXT NOT NULL, shard TEXT NOT NULL, "
      "sequenceNumber TEXT NOT NULL, PRIMARY KEY (application, stream, shard)) WITHOUT ROWID;"
      "CREATE TABLE totals (application TEXT NOT NULL, stream TEXT NOT NULL, batches INTEGER NOT NULL, "
      "records "
      "INTEGER NOT NULL, duplicates INTEGER NOT NULL, PRIMARY KEY (application, stream)) WITHOUT ROWID;"
      "INSERT INTO words VALUES ('app', 'orders', 'tide', 3);"
      "INSERT INTO progress VALUES ('app', 'orders', 'shardId-000000000000', '7');"
      "INSERT INTO totals VALUES ('app', 'orders', 1, 3, 0);"
      "PRAGMA user_version = 1;");

  count(*open(), {{kShard, "7", "tide", 1}, {kShard, "8", "mill", 0}});  // Record 7 was counted whole.

  auto again = open();
  EXPECT_EQ(wordsOf(*again), (Words{{"tide", 3}, {"mill", 1}}));
  EXPECT_EQ(totalsOf(*again), (CountTotals{.batches = 2, .records = 4, .duplicates = 1}));
  EXPECT_EQ(*again->progress(), (Progress{{kShard, {"8", 0}}}));
}

TEST_F(WordCountSinkTest, AFileOfAnotherVersionIsRefusedByName) {
  makeFile("CREATE TABLE words (word TEXT); PRAGMA user_version = 7;");

  auto refused = WordCountSink::open(path(), "app", "orders");

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_THAT(refused.error().message(), HasSubstr(path()));
  EXPECT_THAT(refused.error().message(), HasSubstr("format is 7, not 2"));
  EXPECT_FALSE(refused.error().hint().empty());
}

TEST_F(WordCountSinkTest, AFileFromBeforeVersionsIsRefused) {
  // Its counts do not tell which stream they are of.
  makeFile("CREATE TABLE words (word TEXT PRIMARY KEY, count INTEGER)");

  auto refused = WordCountSink::open(path(), "app", "orders");

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_THAT(refused.error().message(), HasSubstr("format is 0, not 2"));
}

TEST_F(WordCountSinkTest, SomebodyElsesTablesAreRefused) {
  makeFile("CREATE TABLE invoices (id INTEGER); PRAGMA user_version = 1;");

  auto refused = WordCountSink::open(path(), "app", "orders");

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_THAT(refused.error().message(), HasSubstr("its tables are others"));
}

}  // namespace
}  // namespace tidemill::cli

#include "tidemill/kinesis_backed_block_rdd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <thread>

#include "codec/test_kpl.h"
#include "stream/recover_blocks.h"
#include "stream/test_context.h"
#include "stream/test_service.h"

namespace tidemill {
namespace {

using Strings = std::vector<std::string>;
using Ranges = std::vector<SequenceNumberRanges>;

// Nobody listens there.
constexpr char kNowhere[] = "http://127.0.0.1:1";

Error thrownError(const std::function<void()>& mistake) {
  try {
    mistake();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(Code::kCancelled, "nothing was thrown");
}

// One record as Kinesis took it, with what is in it.
struct Taken {
  std::string shardId;
  std::string sequenceNumber;
  Strings payloads;
};

// Each test runs with records of their own and with aggregated ones, as Spark's suites do.
class KinesisBackedBlockRDDTest : public testing::TestWithParam<bool> {
 protected:
  static constexpr int kShards = 2;
  static constexpr std::size_t kPerShard = 6;

  KinesisBackedBlockRDDTest() : context_(testConf()) {
    service_.createStream(kShards);
    for (std::size_t shard = 0; shard < kShards; ++shard) {
      std::vector<kinesis::PutEntry> entries;
      std::vector<Taken> taken;
      for (std::size_t i = 0; i < kPerShard; ++i) {
        const std::string name = std::to_string(shard) + "." + std::to_string(i);
        taken.push_back({"", "", GetParam() ? Strings{name + "a", name + "b", name + "c"} : Strings{name}});
        entries.push_back(entryOf(taken.back().payloads, shard));
      }
      const auto outcomes = service_.putEntries(entries);
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        taken[i].shardId = outcomes[i].shardId;
        taken[i].sequenceNumber = outcomes[i].sequenceNumber;
      }
      shards_.push_back(std::move(taken));
    }
  }

  static Conf testConf() {
    Conf conf;
    conf.set("tidemill.kinesis.readCallsPerSecond", "0");
    return conf;
  }
  static kinesis::PutEntry entryOf(const Strings& payloads, std::size_t shard) {
    // Of two shards each has half of the hash keys.
    const std::string hashKey = shard == 0 ? "5" : "170141183460469231731687303715884105733";
    if (!GetParam()) return {payloads[0], "key", hashKey};
    std::vector<codec::PartPlan> parts;
    for (const std::string& payload : payloads) parts.push_back({"key", payload, hashKey});
    return {codec::aggregateOf(parts), "a", hashKey};
  }

  // The records `begin` to `end - 1` of a shard: as a range, as payloads, as what a block holds.
  SequenceNumberRange rangeOf(std::size_t shard, std::size_t begin, std::size_t end) const {
    const auto& taken = shards_[shard];
    return {"orders", taken[begin].shardId, taken[begin].sequenceNumber, taken[end - 1].sequenceNumber};
  }
  Strings payloadsOf(std::size_t shard, std::size_t begin, std::size_t end) const {
    Strings all;
    for (std::size_t i = begin; i < end; ++i) {
      all.insert(all.end(), shards_[shard][i].payloads.begin(), shards_[shard][i].payloads.end());
    }
    return all;
  }
  void store(const std::string& id, std::size_t shard, std::size_t begin, std::size_t end) {
    std::vector<Record> records;
    for (std::size_t i = begin; i < end; ++i) {
      const Taken& taken = shards_[shard][i];
      for (std::size_t part = 0; part < taken.payloads.size(); ++part) {
        Record record;
        record.data = codec::bytesOf(taken.payloads[part]);
        record.partitionKey = "key";
        record.sequenceNumber = taken.sequenceNumber;
        record.subSequenceNumber = part;
        record.shardId = taken.shardId;
        record.aggregation = GetParam() ? Aggregation::kPart : Aggregation::kNone;
        records.push_back(record);
      }
    }
    ASSERT_TRUE(context_.putBlock(id, "orders", records));
  }

  // Four blocks: b0 and b1 of the first shard, b2 and b3 of the second.
  static Strings blockIds() { return {"b0", "b1", "b2", "b3"}; }
  Ranges rangesOfBlocks() const {
    return {SequenceNumberRanges{rangeOf(0, 0, 2)}, SequenceNumberRanges{rangeOf(0, 2, kPerShard)},
            SequenceNumberRanges{rangeOf(1, 0, 2)}, SequenceNumberRanges{rangeOf(1, 2, kPerShard)}};
  }
  void storeBlock(std::size_t block) {
    const bool first = block % 2 == 0;
    store(blockIds()[block], block / 2, first ? 0 : 2, first ? 2 : kPerShard);
  }
  static Ranges bogusRanges(std::size_t count) {
    return Ranges(count, SequenceNumberRanges{{"fakeStream", "fakeShardId", "fakeSeq1", "fakeSeq2", 1}});
  }
  Strings everything() const {
    Strings all = payloadsOf(0, 0, kPerShard);
    const Strings second = payloadsOf(1, 0, kPerShard);
    all.insert(all.end(), second.begin(), second.end());
    return all;
  }

  template <class T = std::string>
  KinesisBackedBlockRDD<T> rdd(Ranges ranges, std::vector<bool> valid = {}, const std::string& endpoint = "",
                               KinesisReadConfigurations read = {},
                               MessageHandler<T> handler = detail::defaultHandler<T>()) {
    Strings ids;
    for (std::size_t i = 0; i < ranges.size(); ++i) ids.push_back("b" + std::to_string(i));
    return KinesisBackedBlockRDD<T>(context_, "us-east-1", endpoint.empty() ? service_.endpoint() : endpoint,
                                    ids, std::move(ranges), std::move(valid), read, std::move(handler),
                                    AwsCredentials("test", "test"));
  }

  Service service_;
  Context context_;
  std::vector<std::vector<Taken>> shards_;
};

std::string modeOf(const testing::TestParamInfo<bool>& mode) {
  return mode.param ? "Aggregated" : "Plain";
}
INSTANTIATE_TEST_SUITE_P(Records, KinesisBackedBlockRDDTest, testing::Bool(), modeOf);

TEST_P(KinesisBackedBlockRDDTest, ReadsManyRangesInOnePartition) {
  Ranges one{SequenceNumberRanges{rangeOf(0, 0, 2), rangeOf(0, 2, kPerShard), rangeOf(1, 0, kPerShard)}};

  EXPECT_EQ(rdd(one).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, ReadsOneRangeInEachPartitionInTheOrderOfItsShard) {
  const auto blocks = rdd(rangesOfBlocks());

  ASSERT_EQ(blocks.getNumPartitions(), 4u);
  EXPECT_EQ(blocks.compute(1), payloadsOf(0, 2, kPerShard));
  EXPECT_EQ(blocks.compute(blocks.getPartitions()[2]), payloadsOf(1, 0, 2));
  EXPECT_EQ(blocks.collect(), everything());
  EXPECT_EQ(blocks.count(), static_cast<std::int64_t>(everything().size()));
}

TEST_P(KinesisBackedBlockRDDTest, TakesWhatIsInTheStoreAndInKinesis) {
  for (std::size_t i = 0; i < 4; ++i) storeBlock(i);
  EXPECT_EQ(rdd(rangesOfBlocks()).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, NeverAsksKinesisForWhatIsInTheStore) {
  for (std::size_t i = 0; i < 4; ++i) storeBlock(i);
  EXPECT_EQ(rdd(bogusRanges(4), {}, kNowhere).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, ReadsFromKinesisWhatTheStoreDoesNotHave) {
  EXPECT_FALSE(*context_.hasBlock("b0"));
  EXPECT_EQ(rdd(rangesOfBlocks()).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, ReadsHalfFromTheStoreAndHalfFromKinesis) {
  storeBlock(0);
  storeBlock(3);
  Ranges ranges = rangesOfBlocks();
  ranges[0] = bogusRanges(1)[0];
  ranges[3] = bogusRanges(1)[0];
  EXPECT_EQ(rdd(ranges).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, DoesNotAskTheStoreForABlockThatIsNotValid) {
  store("b0", 1, 0, 1);  // Not what belongs there.
  storeBlock(1);
  Ranges ranges{SequenceNumberRanges{rangeOf(0, 0, 2)}, bogusRanges(1)[0]};

  const auto blocks = rdd(ranges, {false, true});
  EXPECT_EQ(blocks.collect(), payloadsOf(0, 0, kPerShard));
  EXPECT_FALSE(blocks.getPartitions()[0].isBlockIdValid);
  EXPECT_TRUE(blocks.getPartitions()[1].isBlockIdValid);

  const Error error = thrownError([&] { rdd(ranges, {true, false}).collect(); });
  EXPECT_EQ(error.code(), Code::kUsage);
  EXPECT_NE(error.message().find("fakeSeq1"), std::string::npos) << error.message();
}

TEST_P(KinesisBackedBlockRDDTest, StaysValidAfterItsBlocksWereRemoved) {
  for (std::size_t i = 0; i < 4; ++i) storeBlock(i);
  auto blocks = rdd(rangesOfBlocks());
  ASSERT_EQ(blocks.collect(), everything());

  blocks.removeBlocks();

  EXPECT_FALSE(*context_.hasBlock("b0"));
  EXPECT_TRUE(blocks.isValid());
  EXPECT_EQ(blocks.collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, WhatWasReadGoesIntoTheStoreUnlessItShallNot) {
  const auto spark = rdd(rangesOfBlocks(), {}, "", {.keepRebuilt = false});
  EXPECT_EQ(spark.collect(), everything());
  EXPECT_FALSE(*context_.hasBlock("b0"));
  EXPECT_EQ(thrownBy([&] { rdd(rangesOfBlocks(), {}, kNowhere, {.maxRetries = 1}).collect(); }),
            Code::kUnreachable);

  EXPECT_EQ(rdd(rangesOfBlocks()).collect(), everything());
  EXPECT_EQ(rdd(bogusRanges(4), {}, kNowhere).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, AnInvalidBlockIsReadOnceAndReplacesWhatWasThere) {
  store("b0", 1, 0, 1);
  const auto blocks = rdd({SequenceNumberRanges{rangeOf(0, 0, 2)}}, {false});
  EXPECT_EQ(blocks.collect(), payloadsOf(0, 0, 2));
  EXPECT_EQ(rdd(bogusRanges(1), {}, kNowhere).collect(), payloadsOf(0, 0, 2));
}

TEST_P(KinesisBackedBlockRDDTest, AHandlerSeesTheRecordsInTheTasks) {
  const auto keys = rdd<std::string>(rangesOfBlocks(), {}, "", {}, [](const Record& record) {
    return std::string(record.text()) + "/" + std::to_string(record.subSequenceNumber);
  });
  const Strings last = keys.compute(3);
  EXPECT_EQ(last.front(), GetParam() ? "1.2a/0" : "1.2/0");
  EXPECT_EQ(last.back(), GetParam() ? "1.5c/2" : "1.5/0");
  EXPECT_EQ(keys.filter([](const std::string& key) { return key.starts_with("0."); }).count(),
            static_cast<std::int64_t>(payloadsOf(0, 0, kPerShard).size()));
}

TEST_P(KinesisBackedBlockRDDTest, ARangeWithoutRecordsGivesAnEmptyPartition) {
  const auto blocks = rdd({SequenceNumberRanges{}, SequenceNumberRanges{rangeOf(1, 0, 2)}});
  EXPECT_EQ(blocks.compute(0), Strings{});
  EXPECT_EQ(blocks.collect(), payloadsOf(1, 0, 2));
  EXPECT_EQ(rdd(Ranges{}).count(), 0);
}

TEST_P(KinesisBackedBlockRDDTest, NamesWhatIsNotAsItWas) {
  SequenceNumberRange range = rangeOf(1, 0, 2);
  range.recordCount = 77;

  const Error error = thrownError([&] { rdd({SequenceNumberRanges{range}}).collect(); });

  EXPECT_EQ(error.code(), Code::kDataLoss);
  for (const std::string& part : {std::string("orders"), range.shardId, range.fromSeqNumber}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  EXPECT_EQ(rdd({SequenceNumberRanges{range}}, {}, "", {.failOnDataLoss = false}).collect(),
            payloadsOf(1, 0, 2));
}

TEST_P(KinesisBackedBlockRDDTest, ARangeOfAnotherStreamIsNamedAndGivesNoRecords) {
  service_.createStream(kShards, "billing");
  SequenceNumberRange range = rangeOf(0, 0, 2);
  for (const auto& [stream, code] :
       {std::pair("billing", Code::kDataLoss), std::pair("nowhere", Code::kUnknownStream)}) {
    range.streamName = stream;
    const Error error = thrownError([&] { rdd({SequenceNumberRanges{range}}).collect(); });
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_NE(error.message().find(std::string("stream ") + stream), std::string::npos) << error.message();
  }
}

TEST_P(KinesisBackedBlockRDDTest, EachPartitionMayHaveADeadline) {
  KinesisReadConfigurations hurried{.maxRetries = 1'000'000, .retryTimeoutMs = 3'600'000};
  hurried.partitionDeadline = Milliseconds(50);
  // Without the deadline this would go on for an hour.
  EXPECT_TRUE(thrownError([&] { rdd(rangesOfBlocks(), {}, kNowhere, hurried).compute(0); }).retryable());

  EXPECT_EQ(rdd(rangesOfBlocks(), {}, "", {.partitionDeadline = Seconds(30)}).collect(), everything());
}

TEST_P(KinesisBackedBlockRDDTest, AStoppedContextEndsWhoWaits) {
  const auto blocks = rdd(rangesOfBlocks(), {}, kNowhere,
                          {.maxRetries = 1'000'000, .retryWaitTimeMs = 10, .retryTimeoutMs = 3'600'000});
  std::thread stopper([this] {
    // Time for the action to begin, which need not be enough: stopped before it begins, it fails the same
    // way.
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(context_.hasBlock("b0"));
    context_.stop();
  });

  const Error error = thrownError([&] { blocks.collect(); });

  stopper.join();
  EXPECT_EQ(error.code(), Code::kUsage);
  EXPECT_NE(error.message().find("stopped"), std::string::npos) << error.message();
}

TEST(KinesisBackedBlockRDD, CountsBlocksRangesAndFlags) {
  const Context context;
  const auto mistake = [&](const Strings& ids, std::size_t ranges, std::vector<bool> valid) {
    const Error error = thrownError(
        [&] { KinesisBackedBlockRDD<std::string>(context, "us-east-1", "", ids, Ranges(ranges), valid); });
    EXPECT_EQ(error.code(), Code::kUsage);
    return error.message();
  };
  EXPECT_EQ(mistake({"a", "b"}, 3, {}), "2 block ids, but 3 lists of ranges");
  EXPECT_EQ(mistake({"a", "b"}, 1, {}), "2 block ids, but 1 lists of ranges");
  EXPECT_EQ(mistake({}, 1, {}), "0 block ids, but 1 lists of ranges");
  EXPECT_EQ(mistake({"a", "b"}, 2, {true}), "2 block ids, but 1 flags of validity");
}

TEST(KinesisBackedBlockRDD, TakesNoTimeOrTriesBelowOne) {
  const Context context;
  const auto make = [&](KinesisReadConfigurations read) {
    KinesisBackedBlockRDD<std::string>(context, "us-east-1", "", {}, {}, {}, read);
  };
  EXPECT_EQ(thrownBy([&] { make({.maxRetries = 0}); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([&] { make({.retryWaitTimeMs = 0}); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([&] { make({.retryTimeoutMs = 0}); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([&] { make({.partitionDeadline = Duration(0)}); }), Code::kInvalidConfig);
  make({});
}

TEST(KinesisBackedBlockRDD, HasSparksParametersInSparksOrder) {
  const Context context;
  const std::vector<bool> isBlockIdValid{true};
  const KinesisBackedBlockRDD<std::size_t> rdd(
      context, "eu-west-1", "https://kinesis.eu-west-1.amazonaws.com", {"input-0-1"},
      {SequenceNumberRanges{{"orders", "shardId-000000000000", "1", "2"}}}, isBlockIdValid, 30'000,
      [](const Record& record) { return record.data.size(); }, AwsCredentials("key", "secret"));

  EXPECT_TRUE(rdd.isValid());
  EXPECT_EQ(rdd.getPartitions(),
            (std::vector<Partition>{
                {.index = 0,
                 .blockId = "input-0-1",
                 .isBlockIdValid = true,
                 .seqNumberRanges = SequenceNumberRanges{{"orders", "shardId-000000000000", "1", "2"}}}}));
}

// In simulation nobody can wait; recoverBlocks() is awaited instead.
class RecoverBlocksTest : public ContextFixture {
 protected:
  std::shared_ptr<const block::BlockInfo> infoOf(const std::vector<kinesis::PutOutcome>& taken) {
    auto info = std::make_shared<block::BlockInfo>();
    info->id = "lost";
    info->slices.push_back(
        {{"orders", taken.front().shardId, taken.front().sequenceNumber, taken.back().sequenceNumber}, 0, 0});
    return info;
  }
  std::vector<kinesis::PutOutcome> putLines(const Strings& lines) {
    std::vector<kinesis::PutEntry> entries;
    for (const std::string& line : lines) entries.push_back({line, "key", std::nullopt});
    return *world_.loop().run(client_->putRecords("orders", entries));
  }
};

TEST_F(RecoverBlocksTest, IsAwaitedWhereNobodyCanWait) {
  createStream(1);
  const auto taken = putLines({"1", "2", "3"});
  stream::ContextWorld world(*seams_, Conf());
  stream::RecoverOptions options;
  options.regionName = "us-east-1";
  options.endpointUrl = kEndpoint;

  auto sources = world_.loop().run(stream::recoverBlocks(world, options, {infoOf(taken)}));

  ASSERT_TRUE(sources) << sources.error().message();
  const auto block = *sources->at(0)->load();
  EXPECT_EQ(block->recordCount(), 3);
  EXPECT_GT(block->info()->payloadBytes(), 0);
  EXPECT_EQ(world.blocks().find("lost"), sources->at(0));
}

TEST_F(RecoverBlocksTest, SaysWhatIsMissingToReachKinesis) {
  const aws::Environment empty = [](std::string_view) { return std::optional<std::string>(); };
  const stream::Seams bare{env(), *factory_, empty};
  stream::ContextWorld world(bare, Conf());
  auto sources = world_.loop().run(stream::recoverBlocks(world, {}, {std::make_shared<block::BlockInfo>()}));
  ASSERT_FALSE(sources);
  EXPECT_EQ(sources.error().code(), Code::kInvalidConfig);
}

TEST_F(RecoverBlocksTest, AnActionThatWouldHaveToWaitIsRefused) {
  const Context context(*seams_, Conf());
  const KinesisBackedBlockRDD<std::string> rdd(
      context, "us-east-1", kEndpoint, {"b"},
      {SequenceNumberRanges{{"orders", "shardId-000000000000", "1", "2"}}});
  EXPECT_EQ(thrownBy([&] { rdd.collect(); }), Code::kUsage);
}

}  // namespace
}  // namespace tidemill

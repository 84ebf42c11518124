#include "tidemill/handler_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <new>
#include <stdexcept>
#include <type_traits>

#include "codec/test_modes.h"
#include "stream/test_context.h"
#include "tidemill/kinesis_input_dstream.h"

namespace tidemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kLetters[] = "letters/orders.jsonl";

// A handler that knows upper case for bad.
std::string lowerOnly(const Record& record) {
  const std::string text(record.text());
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') throw std::invalid_argument("cannot read " + text);
  return text;
}

std::size_t countOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

class HandlerPolicyTest : public ContextFixture {
 protected:
  void SetUp() override {
    ContextFixture::SetUp();
    createStream(1);
  }
  KinesisInputDStream::Builder builder(StreamingContext& context) {
    return KinesisInputDStream::builder()
        .streamingContext(context)
        .streamName("orders")
        .checkpointAppName("app")
        .endpointUrl(kEndpoint)
        .regionName("us-east-1")
        .initialPosition(KinesisInitialPosition::TrimHorizon())
        .checkpointInterval(Seconds(1));
  }
  // A stream whose elements end up in seen_.
  template <class Handler>
  void watch(StreamingContext& context, const HandlerPolicy& policy, Handler handler) {
    builder(context)
        .handlerPolicy(policy)
        .buildWithMessageHandler(std::move(handler))
        .foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
          attempts_ = std::max(attempts_, batch.attempt);
          attempted_ = rdd.collect();
          seen_.insert(seen_.end(), attempted_.begin(), attempted_.end());
        });
  }
  // Everything, from the start to a graceful stop.
  void run(StreamingContext& context, rt::Duration time = 5s) {
    context.start();
    world_.runFor(time);
    const auto end = stopped(context);
    EXPECT_TRUE(end) << end.error().message();
  }
  // In the batch that failed for good.
  std::string failureText(StreamingContext& context) {
    context.start();
    const auto end = ended(context);
    EXPECT_FALSE(end);
    if (end) return "";
    EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
    return end.error().message();
  }
  std::string file(const std::string& path = kLetters) {
    auto text = env().files.read(path, 1 << 26);
    return text ? *text : std::string();
  }
  std::string logText() const {
    std::string all;
    for (const std::string& line : node_->log().lines()) all += line + "\n";
    return all;
  }

  std::vector<std::string> seen_;
  std::vector<std::string> attempted_;
  int attempts_ = 0;
};

TEST_F(HandlerPolicyTest, WhatTryMapLeavesOutIsCountedByTheBatchThatSucceeds) {
  put({"1", "Secret", "3"});
  auto context = makeContext();
  int tries = 0;
  builder(*context)
      .buildWithMessageHandler([](const Record& record) { return std::string(record.text()); })
      .tryMap([](const std::string& text) { return std::stoi(text); },
              [this](const std::string& text) { seen_.push_back(text); })
      .foreachRDD([&](const RDD<int>& rdd) {
        const auto numbers = rdd.collect();
        if (!numbers.empty() && ++tries == 1) throw std::runtime_error("the sink is away");
      });
  run(*context);

  EXPECT_EQ(tries, 2);
  EXPECT_THAT(seen_, ElementsAre("Secret", "Secret"));
  EXPECT_EQ(context->totals().leftOut, 1);
  EXPECT_EQ(context->totals().processed, 3);
  EXPECT_EQ(countOf(logText(), "event=elements_left_out"), 1u);
  EXPECT_THAT(logText(), HasSubstr("event=elements_left_out count=1"));
  EXPECT_THAT(logText(), Not(HasSubstr("Secret")));
}

TEST_F(HandlerPolicyTest, ByDefaultTheBatchFailsAndTheErrorNamesTheRecordWithoutItsContent) {
  put({"a", "Secret", "b"});
  auto context = makeContext();
  builder(*context).buildWithMessageHandler(lowerOnly).foreachRDD(
      [](const RDD<std::string>& rdd) { rdd.collect(); });

  const std::string text = failureText(*context);

  EXPECT_THAT(text, HasSubstr("stream orders, shard shardId-000000000000, sequence number 4"));
  EXPECT_THAT(text, HasSubstr(", sub-sequence number 0: the messageHandler threw std::invalid_argument"));
  EXPECT_THAT(text, Not(HasSubstr("Secret")));
  EXPECT_THAT(logText(), Not(HasSubstr("Secret")));
  EXPECT_EQ(context->totals().processed, 0);
  EXPECT_EQ(context->totals().checkpointed, 0);
}

TEST_F(HandlerPolicyTest, NamesAnExceptionThatIsNoStdExceptionByItsType) {
  put({"a"});
  auto context = makeContext();
  builder(*context)
      .buildWithMessageHandler([](const Record&) -> std::string { throw 7; })
      .foreachRDD([](const RDD<std::string>& rdd) { rdd.collect(); });
  EXPECT_THAT(failureText(*context), HasSubstr("the messageHandler threw int"));
}

TEST_F(HandlerPolicyTest, SkippedRecordsAreCountedUnderTheirNameAndTheOthersGoOn) {
  put({"a", "B", "c", "D", "e"});
  auto context = makeContext();
  watch(*context, HandlerPolicy::skipCounted("not lower case"), lowerOnly);

  run(*context);

  EXPECT_THAT(seen_, ElementsAre("a", "c", "e"));
  EXPECT_EQ(context->totals().processed, 5);
  EXPECT_EQ(context->totals().checkpointed, 5);
  EXPECT_EQ(context->totals().skipped, 2);
  EXPECT_EQ(context->totals().deadLettered, 0);
  EXPECT_EQ(node_->log().count("records_skipped"), 1u);
  EXPECT_THAT(logText(), HasSubstr("event=records_skipped stream=orders shard=shardId-000000000000 count=2 "
                                   "reason=\"not lower case\" first=4"));
}

TEST_F(HandlerPolicyTest, ARecordThatSucceedsAtTheSecondTryIsNoFailure) {
  put({"a", "b", "c"});
  auto context = makeContext();
  std::map<std::string, int> calls;
  watch(*context, HandlerPolicy::skipCounted("bad").withAttempts(2), [&calls](const Record& record) {
    const std::string text(record.text());
    if (++calls[text] == 1 && text == "b") throw 1;
    return text;
  });

  run(*context);

  EXPECT_THAT(seen_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(context->totals().skipped, 0);
  EXPECT_EQ(calls["a"], 1);
  EXPECT_EQ(calls["b"], 2);
}

TEST_F(HandlerPolicyTest, TriesARecordAsOftenAsThePolicySays) {
  put({"a", "B"});
  auto context = makeContext();
  int calls = 0;
  watch(*context, HandlerPolicy::skipCounted("bad").withAttempts(3), [&calls](const Record& record) {
    if (record.text() == "B") ++calls;
    return lowerOnly(record);
  });

  run(*context);

  EXPECT_EQ(calls, 3);
  EXPECT_THAT(seen_, ElementsAre("a"));
  EXPECT_EQ(context->totals().skipped, 1);
}

TEST_F(HandlerPolicyTest, ADeadLetterHoldsAllThatIsKnownOfTheRecord) {
  put({"a", "Bad", "c"});
  auto context = makeContext();
  std::vector<std::string> numbers;
  watch(*context, HandlerPolicy::deadLetterToFile(kLetters), [&numbers](const Record& record) {
    numbers.emplace_back(record.sequenceNumber);
    return lowerOnly(record);
  });

  run(*context);

  EXPECT_THAT(seen_, ElementsAre("a", "c"));
  EXPECT_EQ(context->totals().checkpointed, 3);
  EXPECT_EQ(context->totals().deadLettered, 1);
  ASSERT_EQ(numbers.size(), 3u);
  EXPECT_THAT(file(), testing::StartsWith("{\"stream\":\"orders\",\"shard\":\"shardId-000000000000\","
                                          "\"sequenceNumber\":\"" +
                                          numbers[1] + "\",\"subSequenceNumber\":0,\"arrival\":1"));
  EXPECT_THAT(file(), HasSubstr(",\"partitionKey\":\""));
  EXPECT_THAT(file(), testing::EndsWith("\",\"data\":\"QmFk\",\"reason\":\"cannot read Bad\"}\n"));
  EXPECT_EQ(countOf(file(), "\n"), 1u);
  EXPECT_THAT(logText(),
              HasSubstr("event=dead_letters_kept stream=orders count=1 place=letters/orders.jsonl"));
  EXPECT_THAT(logText(), Not(HasSubstr("cannot read")));
}

TEST_F(HandlerPolicyTest, TwoActionsAndAFailedTaskGiveOneLetter) {
  put({"a", "B", "c"});
  auto context = makeContext();
  int failures = 2;
  builder(*context)
      .handlerPolicy(HandlerPolicy::deadLetterToFile(kLetters))
      .buildWithMessageHandler(lowerOnly)
      .map([&failures](const std::string& text) {
        if (text == "c" && failures-- > 0) throw std::runtime_error("the task fails behind the letter");
        return text;
      })
      .foreachRDD([this](const RDD<std::string>& rdd) {
        EXPECT_EQ(rdd.count(), rdd.isEmpty() ? 0 : 2);
        for (const std::string& text : rdd.collect()) seen_.push_back(text);
      });

  run(*context);

  EXPECT_THAT(seen_, ElementsAre("a", "c"));
  EXPECT_LT(failures, 0);
  EXPECT_EQ(countOf(file(), "\"data\":\"Qg==\""), 1u);
  EXPECT_EQ(context->totals().deadLettered, 1);
}

TEST_F(HandlerPolicyTest, TwoActionsCountASkippedRecordOnce) {
  put({"a", "B"});
  auto context = makeContext();
  builder(*context)
      .handlerPolicy(HandlerPolicy::skipCounted("bad"))
      .buildWithMessageHandler(lowerOnly)
      .foreachRDD([](const RDD<std::string>& rdd) {
        rdd.count();
        rdd.collect();
      });
  run(*context);
  EXPECT_EQ(context->totals().skipped, 1);
}

TEST_F(HandlerPolicyTest, WhatFailsBehindTheHandlerIsNoLetter) {
  put({"a"});
  auto context = makeContext();
  builder(*context)
      .handlerPolicy(HandlerPolicy::deadLetterToFile(kLetters))
      .buildWithMessageHandler(lowerOnly)
      .map([](const std::string&) -> std::string { throw std::runtime_error("no database"); })
      .foreachRDD([](const RDD<std::string>& rdd) { rdd.collect(); });
  EXPECT_THAT(failureText(*context), HasSubstr("no database"));
  EXPECT_EQ(file(), "");
}

TEST_F(HandlerPolicyTest, NoRecordIsGivenUpForLackOfMemory) {
  put({"a"});
  auto context = makeContext();
  int failures = 2;
  watch(*context, HandlerPolicy::skipCounted("bad"), [&failures](const Record& record) {
    if (failures-- > 0) throw std::bad_alloc();
    return lowerOnly(record);
  });
  run(*context);
  EXPECT_THAT(seen_, ElementsAre("a"));
  EXPECT_EQ(context->totals().skipped, 0);
}

TEST_F(HandlerPolicyTest, LettersOfAFailedTryAreForgotten) {
  put({"a", "B"});
  auto context = makeContext();
  builder(*context)
      .handlerPolicy(HandlerPolicy::deadLetterToFile(kLetters))
      .buildWithMessageHandler(lowerOnly)
      .foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
        rdd.collect();
        if (batch.records > 0 && batch.attempt < 3) throw std::runtime_error("the database is away");
        attempts_ = std::max(attempts_, batch.attempt);
      });
  run(*context);
  EXPECT_EQ(attempts_, 3);
  EXPECT_EQ(countOf(file(), "\n"), 1u);
}

TEST_F(HandlerPolicyTest, AFullDiskFailsTheBatchUntilThereIsRoom) {
  put({"a", "B", "c", "D"});
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToFile(kLetters), lowerOnly);
  const std::uint64_t roomy = node_->disk().faults().bytesMax;
  context->start();
  ASSERT_TRUE(world_.runUntil(
      [&] { return !leases_->rows.empty() && leases_->rows.begin()->second.leaseOwner == "me"; }, 10s));
  node_->disk().faults().bytesMax = 0;
  ASSERT_TRUE(world_.runUntil([&] { return node_->log().count("batch_failed") > 0; }, 10s));

  EXPECT_EQ(context->totals().processed, 0);
  EXPECT_EQ(context->totals().deadLettered, 0);
  EXPECT_THAT(logText(), HasSubstr("2 dead letters: no space left"));

  node_->disk().faults().bytesMax = roomy;
  ASSERT_TRUE(world_.runUntil([&] { return context->totals().processed == 4; }, 60s));
  EXPECT_TRUE(stopped(*context));
  EXPECT_THAT(attempted_, testing::IsEmpty());  // The batches behind it.
  EXPECT_THAT(seen_, ElementsAre("a", "c", "a", "c"));
  EXPECT_GE(attempts_, 2);
  EXPECT_EQ(countOf(file(), "\"data\":\"Qg==\""), 1u);
  EXPECT_EQ(countOf(file(), "\"data\":\"RA==\""), 1u);
  EXPECT_EQ(context->totals().deadLettered, 2);
}

TEST_F(HandlerPolicyTest, LettersAreKeptBeforeTheCheckpointPassesThem) {
  put({"B"});
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToFile(kLetters), lowerOnly);
  std::optional<bool> there;
  leases_->onCheckpoint = [&](const std::string&, const lease::Checkpoint&, const lease::Checkpoint& to) {
    if (to.isSequenceNumber() && !there) there = file().find("Qg==") != std::string::npos;
  };
  run(*context);
  EXPECT_EQ(there, true);
}

TEST_F(HandlerPolicyTest, MoreLettersThanTheBoundFailTheBatch) {
  put({"A" + std::string(200, 'x')});
  const auto attempt = [this](const std::string& bound) {
    Conf conf;
    conf.set("tidemill.worker.id", "me")
        .set("tidemill.batch.maxFailures", "2")
        .set("tidemill.handler.deadLetterBytes", bound);
    return std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
  };
  auto tight = attempt("300b");
  watch(*tight, HandlerPolicy::deadLetterToFile(kLetters), lowerOnly);
  EXPECT_THAT(failureText(*tight), HasSubstr("more than 300 bytes (tidemill.handler.deadLetterBytes)"));
  EXPECT_EQ(file(), "");

  auto wide = attempt("4k");
  watch(*wide, HandlerPolicy::deadLetterToFile(kLetters), lowerOnly);
  run(*wide);
  EXPECT_EQ(countOf(file(), "\n"), 1u);
}

// Letters that lie in a Kinesis stream.
class LetterStreamTest : public HandlerPolicyTest {
 protected:
  void SetUp() override {
    HandlerPolicyTest::SetUp();
    createStream(1, "letters");
  }
  std::vector<std::string> letters() {
    std::vector<std::string> all;
    auto iterator = world_.loop().run(client_->getShardIterator("letters", "shardId-000000000000", {}));
    EXPECT_TRUE(iterator);
    for (int empty = 0; empty < 5;) {
      world_.runFor(1s);
      auto page =
          world_.loop().run(client_->getRecords("letters", "shardId-000000000000", *iterator, 10'000));
      EXPECT_TRUE(page);
      if (!page || !page->nextShardIterator) break;
      for (const Record& record : page->records) all.emplace_back(record.text());
      if (page->records.empty()) ++empty;
      iterator = *page->nextShardIterator;
    }
    return all;
  }
};

TEST_F(LetterStreamTest, HoldsTheSameLines) {
  put({"a", "B"});
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToStream("letters"), lowerOnly);

  run(*context);

  EXPECT_THAT(seen_, ElementsAre("a"));
  const auto kept = letters();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_THAT(kept[0], HasSubstr("{\"stream\":\"orders\",\"shard\":\"shardId-000000000000\""));
  EXPECT_THAT(kept[0], testing::EndsWith("\"data\":\"Qg==\",\"reason\":\"cannot read B\"}\n"));
}

TEST_F(LetterStreamTest, LosesNoneToThrottling) {
  // More than a shard takes in a second (1,000 records), so calls succeed in part.
  constexpr int kRecords = 2500;
  for (int i = 0; i < kRecords; i += 500) {
    std::vector<std::string> lines;
    for (int k = i; k < i + 500; ++k) lines.push_back("B" + std::to_string(k));
    put(lines);
    world_.runFor(1s);
  }
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToStream("letters"), lowerOnly);

  run(*context, 60s);

  EXPECT_EQ(context->totals().deadLettered, kRecords);
  EXPECT_EQ(node_->log().count("batch_failed"), 0u);
  std::map<std::string, int> times;
  for (const std::string& line : letters()) ++times[line];
  EXPECT_EQ(times.size(), static_cast<std::size_t>(kRecords));
  for (const auto& [line, count] : times) EXPECT_EQ(count, 1) << line;
}

TEST_F(LetterStreamTest, ALetterThatIsTooLargeForTheStreamIsNamed) {
  put({"a", "B", "C" + std::string(900'000, 'x')});
  intercept_ = [](const http::Request& request) -> std::optional<http::Response> {
    if (request.body.find("\"letters\"") == std::string::npos || request.body.size() < (1 << 20))
      return std::nullopt;
    return sim::makeResponse(400, "application/x-amz-json-1.1",
                             R"({"__type":"ValidationException","message":"too large"})");
  };
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToStream("letters"), lowerOnly);
  context->start();
  const auto end = ended(*context);
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error().message(),
              HasSubstr("stream orders, shard shardId-000000000000, sequence number 4"));
  EXPECT_THAT(end.error().message(), HasSubstr("too large"));
}

TEST_F(LetterStreamTest, AStreamThatTakesNothingFailsTheBatch) {
  put({"a", "B"});
  bool away = true;
  intercept_ = [&](const http::Request& request) -> std::optional<http::Response> {
    if (!away || request.body.find("\"letters\"") == std::string::npos) return std::nullopt;
    return sim::makeResponse(
        200, "application/x-amz-json-1.1",
        R"({"FailedRecordCount":1,"Records":[{"ErrorCode":"ProvisionedThroughputExceededException",)"
        R"("ErrorMessage":"slow down"}]})");
  };
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToStream("letters"), lowerOnly);
  context->start();
  ASSERT_TRUE(world_.runUntil([&] { return node_->log().count("batch_failed") > 0; }, 120s));
  EXPECT_THAT(logText(), HasSubstr("sub-sequence number 0: stream letters: 1 records refused 8 times: "
                                   "ProvisionedThroughputExceededException"));
  EXPECT_EQ(context->totals().processed, 0);

  away = false;
  ASSERT_TRUE(world_.runUntil([&] { return context->totals().processed == 2; }, 120s));
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(letters().size(), 1u);
}

TEST_F(HandlerPolicyTest, ALetterStreamThatDoesNotExistFailsTheBatchByItsName) {
  put({"B"});
  auto context = makeContext();
  watch(*context, HandlerPolicy::deadLetterToStream("nowhere"), lowerOnly);
  context->start();
  const auto end = ended(*context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUnknownStream);
  EXPECT_THAT(end.error().message(), HasSubstr("stream nowhere"));
}

TEST_F(HandlerPolicyTest, TheConfigurationDecidesForStreamsWithoutAPolicyOfTheirOwn) {
  put({"a", "B"});
  const auto contextWith = [this](const std::map<std::string, std::string>& keys, const std::string& worker) {
    Conf conf;
    conf.set("tidemill.worker.id", worker).set("tidemill.batch.maxFailures", "2");
    for (const auto& [key, value] : keys) conf.set("tidemill.handler." + key, value);
    return std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
  };
  const auto watchPlain = [this](StreamingContext& context, const std::string& application) {
    builder(context)
        .checkpointAppName(application)
        .buildWithMessageHandler(lowerOnly)
        .foreachRDD([this](const RDD<std::string>& rdd) {
          for (const std::string& text : rdd.collect()) seen_.push_back(text);
        });
  };
  auto letters =
      contextWith({{"onError", "dead-letter"}, {"deadLetter", std::string("file:") + kLetters}}, "a");
  watchPlain(*letters, "letters");
  run(*letters);
  EXPECT_EQ(countOf(file(), "\n"), 1u);
  auto skips = contextWith({{"onError", "skip"}, {"skipReason", "upper"}, {"attempts", "2"}}, "b");
  watchPlain(*skips, "skips");
  run(*skips);
  EXPECT_EQ(skips->totals().skipped, 1);
  EXPECT_THAT(seen_, ElementsAre("a", "a"));

  const auto refused = [&](const std::map<std::string, std::string>& keys) {
    return thrownBy([&] { watchPlain(*contextWith(keys, "c"), "refused"); });
  };
  EXPECT_EQ(refused({{"onError", "ignore"}}), Code::kInvalidConfig);
  EXPECT_EQ(refused({{"onError", "skip"}}), Code::kInvalidConfig);
  EXPECT_EQ(refused({{"onError", "dead-letter"}}), Code::kInvalidConfig);
  EXPECT_EQ(refused({{"onError", "dead-letter"}, {"deadLetter", "ftp:x"}}), Code::kInvalidConfig);
  EXPECT_EQ(refused({{"onError", "dead-letter"}, {"deadLetter", "kinesis:orders"}}), Code::kInvalidConfig);
  EXPECT_EQ(refused({{"attempts", "0"}}), Code::kInvalidConfig);
}

TEST_F(HandlerPolicyTest, CreateStreamTakesAPolicy) {
  put({"a", "B"});
  auto context = makeContext();
  KinesisUtils::createStream(*context, "app", "orders", kEndpoint, "us-east-1",
                             InitialPositionInStream::TRIM_HORIZON, Seconds(1), StorageLevel::MEMORY_ONLY,
                             lowerOnly, HandlerPolicy::skipCounted("upper"))
      .foreachRDD([this](const RDD<std::string>& rdd) {
        for (const std::string& text : rdd.collect()) seen_.push_back(text);
      });
  run(*context);
  EXPECT_THAT(seen_, ElementsAre("a"));
}

TEST_F(HandlerPolicyTest, PoliciesThatMeanNothingAreRefused) {
  EXPECT_EQ(thrownBy([] { HandlerPolicy::skipCounted(""); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([] { HandlerPolicy::skipCounted(std::string(101, 'x')); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([] { HandlerPolicy::deadLetterToFile(""); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([] { HandlerPolicy::deadLetterToFile("letters/"); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([] { HandlerPolicy::deadLetterToStream(""); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([] { HandlerPolicy::failBatch().withAttempts(0); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([] { HandlerPolicy::failBatch().withAttempts(1001); }), Code::kInvalidConfig);
  EXPECT_EQ(HandlerPolicy::skipCounted(std::string(100, 'x')).withAttempts(1000).attempts(), 1000);
}

// A record of its own, and a part of an aggregated one.
class HandlerSeesTest : public HandlerPolicyTest, public testing::WithParamInterface<Aggregation> {
 protected:
  static constexpr char kHashKey[] = "170141183460469231731687303715884105728";
  const std::string data_{"\x00\xff body", 7};

  static bool part() { return GetParam() == Aggregation::kPart; }
  // With the record in question, behind another part if it is one.
  kinesis::PutEntry entry() const {
    if (!part()) return {data_, "key-1", kHashKey};
    return {codec::aggregateOf({{"key-0", "other", kHashKey}, {"key-1", data_, kHashKey}}), "a", kHashKey};
  }
  void answerInJson(bool json) {
    intercept_ = [json](const http::Request& request) -> std::optional<http::Response> {
      for (const http::Header& header : request.headers) {
        if (json && header.value.find("cbor") != std::string::npos)
          return sim::makeResponse(400, "application/x-amz-json-1.1",
                                   R"({"__type":"SerializationException"})");
      }
      return std::nullopt;
    };
  }
  // How often the handler saw it. Every block is lost with `lose`.
  int seenIn(const std::string& stream, bool lose) {
    createStream(2, stream);
    const auto before = world_.loop().wall();
    const std::vector<kinesis::PutEntry> entries = {entry()};
    auto outcomes = world_.loop().run(client_->putRecords(stream, entries));
    EXPECT_TRUE(outcomes);
    if (!outcomes) return 0;
    Conf conf;
    conf.set("tidemill.worker.id", stream).set("tidemill.test.loseBlocks", lose ? "100%" : "0");
    StreamingContext context(*seams_, conf, Seconds(1));
    int calls = 0;
    builder(context)
        .streamName(stream)
        .checkpointAppName(stream)
        .buildWithMessageHandler([&](const Record& record) {
          if (record.text() == "other") return 0;
          ++calls;
          EXPECT_EQ(record.text(), data_);
          EXPECT_EQ(record.partitionKey, "key-1");
          EXPECT_EQ(record.sequenceNumber, (*outcomes)[0].sequenceNumber);
          EXPECT_EQ(record.subSequenceNumber, part() ? 1u : 0u);
          // That of a record of its own Kinesis does not give back.
          EXPECT_EQ(record.explicitHashKey, part() ? kHashKey : "");
          EXPECT_EQ(record.shardId, "shardId-000000000001");
          EXPECT_EQ(record.aggregation, GetParam());
          EXPECT_GE(record.approximateArrivalTimestamp, before);
          EXPECT_LE(record.approximateArrivalTimestamp, before + 5s);
          return 1;
        })
        .foreachRDD([](const RDD<int>& rdd) {
          rdd.collect();
          rdd.count();  // Runs it again.
        });
    run(context);
    EXPECT_EQ(context.totals().blocksRebuilt > 0, lose);
    return calls;
  }
};

INSTANTIATE_TEST_SUITE_P(Records, HandlerSeesTest, codec::plainAndAggregated(), codec::modeName);

TEST_P(HandlerSeesTest, AllOfARecordWhateverTheWireAndAgainWhenItsBlockWasLost) {
  for (const bool json : {false, true}) {
    answerInJson(json);
    for (const bool lose : {false, true}) {
      const std::string stream = std::string(json ? "in-json" : "in-cbor") + (lose ? "-lost" : "");
      EXPECT_EQ(seenIn(stream, lose), 2) << stream;
    }
    EXPECT_EQ(node_->log().count("kinesis_wire_json") > 0, json);
  }
}

}  // namespace
}  // namespace tidemill

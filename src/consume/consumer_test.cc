#include "tidemill/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consume/test_consumer.h"

namespace tidemill::consume {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr char kShard[] = "shardId-000000000000";

class ConsumerTest : public ConsumerFixture {
 protected:
  bool all(std::size_t payloads) const { return script_.payloads.size() >= payloads; }
  bool checkpointed() const {
    const auto found = table_->rows.find(kShard);
    return found != table_->rows.end() && found->second.checkpoint.isSequenceNumber();
  }
};

TEST_F(ConsumerTest, InitializesEachShardBeforeItsRecordsAndKeepsTheirOrder) {
  createStream(1);
  put({"a", "b", "c"});

  auto consumer = startConsumer();
  runUntil([&] { return all(3); });
  put({"d"});
  runUntil([&] { return all(4); });
  const auto end = stopped(*consumer);

  EXPECT_TRUE(end) << end.error().message();
  EXPECT_EQ(script_.calls.front(), std::string(kShard) + " initialize TRIM_HORIZON");
  EXPECT_THAT(script_.payloads, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(script_.calls.back(), std::string(kShard) + " shutdown");
  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["d"]);
  EXPECT_EQ(row().leaseOwner, "");
  EXPECT_EQ(consumer->status().delivered, 4);
  EXPECT_EQ(consumer->status().checkpointed, 4);
}

TEST_F(ConsumerTest, EachShardHasAHandlerOfItsOwn) {
  createStream(3);
  std::vector<std::string> payloads;
  for (int i = 0; i < 30; ++i) payloads.push_back("p" + std::to_string(i));
  put(payloads);

  auto consumer = startConsumer();
  runUntil([&] { return all(30); });

  EXPECT_EQ(script_.count("initialize"), 3);
  std::map<std::string, std::vector<std::string>> expected;
  for (const std::string& payload : payloads) expected[shards_[payload]].push_back(payload);
  std::map<std::string, std::vector<std::string>> seen;
  for (const std::string& payload : script_.payloads) seen[shards_[payload]].push_back(payload);
  EXPECT_EQ(seen, expected);
  world_.runFor(1s);
  EXPECT_EQ(consumer->status().shards.size(), 3u);
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, ARestartGoesOnBehindTheCheckpoint) {
  createStream(1);
  put({"a"});
  auto first = startConsumer();
  runUntil([&] { return all(1); });
  ASSERT_TRUE(stopped(*first));
  put({"b"});

  auto second = startConsumer();
  runUntil([&] { return all(2); });

  EXPECT_THAT(script_.payloads, ElementsAre("a", "b"));
  EXPECT_EQ(script_.count("initialize " + numbers_["a"]), 1);
  EXPECT_TRUE(stopped(*second));
}

TEST_F(ConsumerTest, ARetryGivesTheSameRecordsAfterTheWaitAndNothingElseBefore) {
  createStream(1);
  put({"a"});
  std::vector<int> attempts;
  std::vector<rt::TimePoint> at;
  script_.onRecords = [&](const RecordBatch& batch, Checkpointer&) {
    attempts.push_back(batch.attempt);
    at.push_back(world_.loop().now());
    return attempts.size() < 3 ? Outcome::retryAfter(5s, "busy") : Outcome::ok();
  };

  auto consumer = startConsumer();
  runUntil([&] { return all(1); });
  put({"b"});
  runUntil([&] { return all(4); });

  EXPECT_THAT(script_.payloads, ElementsAre("a", "a", "a", "b"));
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3, 1));
  EXPECT_GE(at[1] - at[0], rt::Duration(5s));
  EXPECT_EQ(logged("handler_retry"), 2u);
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, AnExceptionIsTriedAgainAndThenStopsTheShardWithAnAlarm) {
  createStream(1);
  put({"a"});
  script_.onRecords = [](const RecordBatch&, Checkpointer&) -> Outcome {
    throw std::runtime_error("secret content");
  };

  auto consumer = startConsumer();
  runUntil([&] { return logged("shard_stopped") > 0; });
  put({"b"});
  world_.runFor(20s);

  EXPECT_THAT(script_.payloads, ElementsAre("a", "a", "a", "a"));
  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
  EXPECT_EQ(row().leaseOwner, "me");
  const ConsumerStatus status = consumer->status();
  ASSERT_EQ(status.shards.size(), 1u);
  EXPECT_EQ(status.shards[0].activity, ShardActivity::kStopped);
  EXPECT_EQ(status.shards[0].reason, "processRecords: it threw an exception");
  for (const std::string& line : node_->log().lines()) {
    EXPECT_EQ(line.find("secret content"), std::string::npos) << line;
  }
  EXPECT_TRUE(stopped(*consumer));
  EXPECT_EQ(script_.count("shutdown"), 0);
}

TEST_F(ConsumerTest, AStoppedShardHoldsBackNoOther) {
  createStream(2);
  std::vector<std::string> payloads;
  for (int i = 0; i < 20; ++i) payloads.push_back("p" + std::to_string(i));
  put(payloads);
  script_.onRecords = [](const RecordBatch& batch, Checkpointer&) {
    return batch.shardId == kShard ? Outcome::stopShard("not today") : Outcome::ok();
  };

  auto consumer = startConsumer();
  runUntil([&] { return logged("shard_stopped") == 1 && all(20); });
  world_.runFor(5s);

  EXPECT_FALSE(row(kShard).checkpoint.isSequenceNumber());
  EXPECT_TRUE(row("shardId-000000000001").checkpoint.isSequenceNumber());
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, AFatalOutcomeEndsTheConsumerAndTheCheckpointStaysInFront) {
  createStream(1);
  put({"a"});
  auto consumer = startConsumer();
  runUntil([&] { return checkpointed(); });
  script_.onRecords = [](const RecordBatch&, Checkpointer&) { return Outcome::fatal("no more"); };
  put({"b"});

  const auto end = ended(*consumer);

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
  EXPECT_NE(end.error().message().find("no more"), std::string::npos);
  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["a"]);
  EXPECT_EQ(row().leaseOwner, "");
}

TEST_F(ConsumerTest, InitializeIsTriedAgainToo) {
  createStream(1);
  put({"a"});
  int tries = 0;
  script_.onInitialize = [&](const ShardInfo&) -> Outcome {
    if (++tries < 3) throw std::runtime_error("not yet");
    return Outcome::ok();
  };

  auto consumer = startConsumer();
  runUntil([&] { return all(1); });

  EXPECT_EQ(script_.count("initialize"), 3);
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, DeadLettersAreInTheFileBeforeTheCheckpointPassesThem) {
  createStream(1);
  options_.deadLetterFile = "letters/dead.jsonl";
  put({"a", "b", "c"});
  script_.onRecords = [](const RecordBatch& batch, Checkpointer&) {
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      if (batch.records[i].text() == "b") return Outcome::deadLetter({i}, "cannot read it");
    }
    return Outcome::ok();
  };

  std::optional<bool> there;
  table_->onCheckpoint = [&](const std::string&, const lease::Checkpoint&, const lease::Checkpoint& to) {
    if (there || to.sequenceNumber() != numbers_["c"]) return;
    auto text = env_->files.read("letters/dead.jsonl", 1 << 20);
    there = text && text->find(numbers_["b"]) != std::string::npos;
  };
  auto consumer = startConsumer();
  runUntil([&] { return there.has_value(); });
  EXPECT_TRUE(stopped(*consumer));

  EXPECT_TRUE(there.value_or(false));
  auto text = env_->files.read("letters/dead.jsonl", 1 << 20);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, testing::StartsWith("{\"stream\":\"orders\",\"shard\":\"" + std::string(kShard) +
                                         "\",\"sequenceNumber\":\"" + numbers_["b"] +
                                         "\",\"subSequenceNumber\":0,\"arrival\":"));
  EXPECT_THAT(*text, testing::EndsWith(",\"partitionKey\":\"key-b\",\"data\":\"Yg==\","
                                       "\"reason\":\"cannot read it\"}\n"));
  EXPECT_EQ(consumer->status().deadLettered, 1);
}

TEST_F(ConsumerTest, DeadLettersGoToTheFunctionAndAreOfferedAgainUntilItTakesThem) {
  createStream(1);
  put({"a"});
  int offered = 0;
  options_.deadLetters = [&](const DeadLetters& letters) -> Result<void> {
    EXPECT_EQ(letters.records.size(), 1u);
    EXPECT_EQ(letters.shardId, kShard);
    if (++offered < 3) return fail(Code::kIo, "the queue is full");
    return {};
  };
  script_.onRecords = [](const RecordBatch&, Checkpointer&) { return Outcome::deadLetter({0}, "bad"); };

  auto consumer = startConsumer();
  runUntil([&] { return checkpointed(); });

  EXPECT_EQ(offered, 3);
  EXPECT_THAT(script_.payloads, ElementsAre("a"));
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, DeadLettersThatNobodyKeepsStopTheShard) {
  createStream(1);
  put({"a"});
  script_.onRecords = [](const RecordBatch&, Checkpointer&) { return Outcome::deadLetter({0}, "bad"); };

  auto consumer = startConsumer();
  runUntil([&] { return logged("shard_stopped") > 0; });

  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, AfterTheRetriesTheWholeBatchMayGoToTheDeadLetters) {
  createStream(1);
  put({"a", "b"});
  std::vector<std::string> letters;
  options_.afterRetries = AfterRetries::kDeadLetter;
  options_.deadLetters = [&](const DeadLetters& parcel) -> Result<void> {
    for (const Record& record : parcel.records) letters.emplace_back(record.text());
    return {};
  };
  script_.onRecords = [](const RecordBatch&, Checkpointer&) -> Outcome { throw 1; };

  auto consumer = startConsumer();
  runUntil([&] { return letters.size() == 2; });
  EXPECT_TRUE(stopped(*consumer));

  EXPECT_THAT(letters, ElementsAre("a", "b"));
  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["b"]);
}

TEST_F(ConsumerTest, ARecordOutsideTheBatchIsNoDeadLetter) {
  createStream(1);
  put({"a"});
  script_.onRecords = [](const RecordBatch&, Checkpointer&) { return Outcome::deadLetter({7}, "bad"); };

  auto consumer = startConsumer();
  runUntil([&] { return logged("shard_stopped") > 0; });
  world_.runFor(1s);

  ASSERT_EQ(consumer->status().shards.size(), 1u);
  EXPECT_EQ(consumer->status().shards[0].reason,
            "processRecords: it named record 7 of 1 for the dead letters");
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, TheEndOfAShardIsWrittenAfterItsHandlerAndBeforeItsChildren) {
  createStream(1);
  put({"a"});
  auto consumer = startConsumer();
  runUntil([&] { return all(1); });

  splitShard(kShard);
  put({"b"});
  runUntil([&] { return all(2) && script_.count("initialize") == 3; });
  EXPECT_TRUE(stopped(*consumer));

  EXPECT_TRUE(row().checkpoint.isShardEnd());
  const auto endedAt = std::find(script_.calls.begin(), script_.calls.end(), std::string(kShard) + " ended");
  ASSERT_NE(endedAt, script_.calls.end());
  for (auto call = script_.calls.begin(); call != endedAt; ++call) EXPECT_TRUE(call->starts_with(kShard));
  EXPECT_EQ(script_.count(std::string(kShard) + " shutdown"), 0);
}

TEST_F(ConsumerTest, ATailThatFailsIsNeverSealedWithTheEndOfTheShard) {
  createStream(1);
  put({"a"});
  script_.onRecords = [](const RecordBatch&, Checkpointer&) { return Outcome::stopShard("bad tail"); };
  auto consumer = startConsumer();
  runUntil([&] { return logged("shard_stopped") > 0; });

  splitShard(kShard);
  world_.runFor(120s);

  EXPECT_FALSE(row().checkpoint.isShardEnd());
  EXPECT_EQ(script_.count("ended"), 0);
  EXPECT_EQ(script_.count("initialize"), 1);
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, InManualModeTheEndNeedsACheckpointAndIsAskedForAgain) {
  createStream(1);
  options_.checkpointMode = CheckpointMode::kManual;
  put({"a"});
  int ends = 0;
  script_.onEnded = [&](Checkpointer& checkpointer) {
    if (++ends == 3) {
      EXPECT_TRUE(checkpointer.checkpoint());
    }
    return Outcome::ok();
  };
  auto consumer = startConsumer();
  runUntil([&] { return all(1); });

  splitShard(kShard);
  runUntil([&] { return row().checkpoint.isShardEnd(); });

  EXPECT_EQ(ends, 3);
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, InManualModeOnlyTheHandlerMovesTheCheckpoint) {
  createStream(1);
  options_.checkpointMode = CheckpointMode::kManual;
  put({"a", "b"});
  auto consumer = startConsumer();
  runUntil([&] { return all(2); });
  world_.runFor(10s);
  EXPECT_FALSE(row().checkpoint.isSequenceNumber());

  script_.onRecords = [](const RecordBatch&, Checkpointer& checkpointer) {
    EXPECT_TRUE(checkpointer.checkpoint());
    return Outcome::ok();
  };
  put({"c"});
  runUntil([&] { return checkpointed(); });

  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["c"]);
  EXPECT_TRUE(stopped(*consumer));
  EXPECT_EQ(consumer->status().checkpointed, 3);
}

TEST_F(ConsumerTest, ACheckpointWithoutAPositionCountsOnlyIfTheCallSucceeds) {
  createStream(1);
  options_.checkpointMode = CheckpointMode::kManual;
  put({"a"});
  script_.onRecords = [](const RecordBatch&, Checkpointer& checkpointer) {
    EXPECT_TRUE(checkpointer.checkpoint());
    return Outcome::stopShard("after all not");
  };

  auto consumer = startConsumer();
  runUntil([&] { return logged("shard_stopped") > 0; });
  world_.runFor(10s);

  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, RecordsCheckpointedByNumberAreNotGivenAgain) {
  createStream(1);
  put({"a", "b", "c"});
  script_.onRecords = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    if (batch.attempt > 1) return Outcome::ok();
    EXPECT_TRUE(checkpointer.checkpoint(batch.records[1]));
    return Outcome::retryAfter(1s, "the rest later");
  };

  auto consumer = startConsumer();
  runUntil([&] { return all(4); });

  EXPECT_THAT(script_.payloads, ElementsAre("a", "b", "c", "c"));
  EXPECT_TRUE(stopped(*consumer));
  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["c"]);
}

TEST_F(ConsumerTest, AStopKeepsTheCheckpointInFrontOfABatchThatIsBeingTriedAgain) {
  createStream(1);
  put({"a"});
  auto consumer = startConsumer();
  runUntil([&] { return checkpointed(); });
  script_.onRecords = [](const RecordBatch&, Checkpointer&) { return Outcome::retryAfter(1h, "busy"); };
  script_.onShutdown = [](Checkpointer& checkpointer) {
    EXPECT_TRUE(checkpointer.checkpoint());
    return Outcome::ok();
  };
  put({"b"});
  runUntil([&] { return all(2); });

  EXPECT_TRUE(stopped(*consumer));

  EXPECT_EQ(script_.count("shutdown"), 1);
  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["a"]);
  EXPECT_EQ(row().leaseOwner, "");
}

TEST_F(ConsumerTest, AHandlerThatRunsForLongKeepsItsLeaseAndIsReportedAndHoldsBackNoOther) {
  createStream(2);
  std::vector<std::string> payloads;
  for (int i = 0; i < 20; ++i) payloads.push_back("p" + std::to_string(i));
  options_.handlerWarningAfter = 10s;
  auto consumer = startConsumer();
  runUntil([&] { return script_.count("initialize") == 2; });
  const std::int64_t counter = row().leaseCounter;
  pool_->hold(1);

  put(payloads);
  world_.runFor(60s);

  ASSERT_EQ(pool_->held(), 1u);
  EXPECT_GT(script_.payloads.size(), 0u);
  EXPECT_LT(script_.payloads.size(), 20u);
  EXPECT_GE(logged("handler_slow"), 2u);
  EXPECT_EQ(logged("lease_lost"), 0u);
  EXPECT_GT(row().leaseCounter, counter + 10);

  pool_->release();
  runUntil([&] { return all(20); });
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, ALeaseLostDuringACallRefusesItsCheckpointsAndTellsTheHandler) {
  createStream(1);
  Code code = Code::kCancelled;
  script_.onRecords = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    auto done = checkpointer.checkpoint(batch.records.back());
    if (!done) code = done.error().code();
    return Outcome::ok();
  };
  auto consumer = startConsumer();
  runUntil([&] { return script_.count("initialize") == 1; });
  pool_->hold(1);
  put({"a"});
  runUntil([&] { return pool_->held() == 1; });

  row().leaseOwner = "other";
  row().leaseCounter += 1;
  runUntil([&] { return logged("lease_lost") == 1; });
  pool_->release();
  runUntil([&] { return script_.count("lost") == 1; });

  EXPECT_EQ(code, Code::kLeaseLost);
  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
  EXPECT_EQ(row().leaseOwner, "other");
  EXPECT_TRUE(stopped(*consumer));
  EXPECT_EQ(script_.count("shutdown"), 0);
}

TEST_F(ConsumerTest, ALeaseLostBeforeInitializeIsNotTold) {
  createStream(1);
  auto consumer = makeConsumer();
  pool_->hold(1);
  consumer->start();
  runUntil([&] { return pool_->held() == 1; });
  script_.onInitialize = [](const ShardInfo&) { return Outcome::retryAfter(1h); };

  row().leaseOwner = "other";
  row().leaseCounter += 1;
  runUntil([&] { return logged("lease_lost") == 1; });
  pool_->release();
  runUntil([&] { return consumer->status().shards.empty(); });

  EXPECT_EQ(script_.count("lost"), 0);
  EXPECT_TRUE(stopped(*consumer));
}

TEST_F(ConsumerTest, AStopWaitsNoLongerThanItsGraceForACall) {
  createStream(1);
  options_.shutdownGrace = 5s;
  auto consumer = startConsumer();
  runUntil([&] { return script_.count("initialize") == 1; });
  pool_->hold(1);
  put({"a"});
  runUntil([&] { return pool_->held() == 1; });
  const rt::TimePoint asked = world_.loop().now();

  EXPECT_TRUE(stopped(*consumer));

  EXPECT_LT(world_.loop().now() - asked, rt::Duration(7s));
  EXPECT_EQ(logged("handler_abandoned"), 1u);
  EXPECT_EQ(row().leaseOwner, "");
  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
  consumer.reset();
  pool_->release();  // What the call uses is still there.
  world_.runFor(1s);
}

TEST_F(ConsumerTest, WhatWasPreparedSurvivesAFailoverAndCanBeCommitted) {
  createStream(1);
  options_.checkpointMode = CheckpointMode::kManual;
  put({"a", "b"});
  std::optional<PreparedCheckpoint> seen;
  script_.onRecords = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    if (checkpointer.prepared()) {
      seen = checkpointer.prepared();
      return Outcome::retryAfter(1h, "dies before the commit");
    }
    EXPECT_TRUE(checkpointer.prepareCheckpoint(batch.records[0].sequenceNumber, 0, "my state"));
    return Outcome::againWhenPrepared();
  };
  auto first = startConsumer();
  runUntil([&] { return seen.has_value(); });
  EXPECT_EQ(row().pendingCheckpoint, lease::Checkpoint::at(numbers_["a"]));
  first.reset();

  options_.workerId = "successor";
  Script second;
  std::optional<PreparedCheckpoint> pending;
  second.onInitialize = [&](const ShardInfo& shard) {
    pending = shard.pending;
    return Outcome::ok();
  };
  second.onRecords = [&](const RecordBatch&, Checkpointer& checkpointer) {
    EXPECT_TRUE(checkpointer.commit(*pending));
    return Outcome::ok();
  };
  auto successor = makeConsumer(second);
  successor->start();
  runUntil([&] { return checkpointed(); });

  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->position.sequenceNumber, numbers_["a"]);
  EXPECT_EQ(pending->state, "my state");
  EXPECT_EQ(seen->state, "my state");
  EXPECT_THAT(second.payloads, ElementsAre("a", "b"));
  EXPECT_EQ(row().checkpoint.sequenceNumber(), numbers_["a"]);
  EXPECT_FALSE(row().pendingCheckpoint);
  EXPECT_TRUE(stopped(*successor));
}

TEST_F(ConsumerTest, AWorkerThatJoinsIsGivenShardsWithoutALossOrAGap) {
  createStream(2);
  auto first = startConsumer();
  runUntil([&] { return script_.count("initialize") == 2; });

  options_.workerId = "you";
  Script other;
  auto second = makeConsumer(other);
  second->start();
  runUntil([&] { return other.count("initialize") == 1; });
  std::vector<std::string> payloads;
  for (int i = 0; i < 20; ++i) payloads.push_back("p" + std::to_string(i));
  put(payloads);
  runUntil([&] { return script_.payloads.size() + other.payloads.size() == 20; });

  EXPECT_EQ(script_.count("shutdown"), 1);
  EXPECT_EQ(script_.count("lost"), 0);
  EXPECT_GT(other.payloads.size(), 0u);
  EXPECT_TRUE(stopped(*first));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(ConsumerTest, EmptyAnswersAreGivenOnlyToThoseWhoWantThem) {
  createStream(1);
  auto without = startConsumer();
  world_.runFor(10s);
  EXPECT_EQ(script_.count("records"), 0);
  EXPECT_TRUE(stopped(*without));

  options_.callProcessRecordsEvenForEmptyRecordList = true;
  auto with = startConsumer();
  runUntil([&] { return script_.count("records") >= 3; });
  EXPECT_TRUE(script_.payloads.empty());
  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
  EXPECT_TRUE(stopped(*with));
}

TEST_F(ConsumerTest, AStreamThatDoesNotExistEndsIt) {
  auto consumer = startConsumer();

  const auto end = ended(*consumer);

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUnknownStream);
}

TEST_F(ConsumerTest, WithoutCredentialsItEndsWithAHint) {
  createStream(1);
  seams_.emplace(ConsumerSeams{*env_, *factory_, [](std::string_view) { return std::nullopt; }});
  auto consumer = startConsumer();

  const auto end = ended(*consumer);

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kNoCredentials);
  EXPECT_FALSE(end.error().hint().empty());
}

TEST_F(ConsumerTest, MistakesOfTheProgramAreThrown) {
  options_.streamName.clear();
  EXPECT_THROW(makeConsumer(), Error);
  options_.streamName = "orders";
  EXPECT_THROW(Consumer(*seams_, options_, nullptr), Error);
  createStream(1);
  auto consumer = startConsumer();
  ASSERT_TRUE(stopped(*consumer));
  EXPECT_THROW(consumer->start(), Error);
}

TEST_F(ConsumerTest, ItCanBeDestroyedAtAnyMoment) {
  createStream(2);
  put({"a", "b", "c", "d"});
  for (int i = 0; i < 60; ++i) {
    auto consumer = startConsumer();
    world_.runFor(std::chrono::milliseconds(i * 11));
    consumer.reset();
  }
  world_.runFor(30s);
  auto last = startConsumer();
  world_.runFor(20s);
  EXPECT_TRUE(stopped(*last));
}

}  // namespace
}  // namespace tidemill::consume

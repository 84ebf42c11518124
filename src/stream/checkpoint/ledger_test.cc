// With the meaning of Spark's WriteAheadLogSuite and CheckpointSuite where they speak of one writer.
#include "stream/checkpoint/ledger.h"

#include <gtest/gtest.h>

#include "sim/world.h"
#include "stream/checkpoint/file_checkpoint_store.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/memory_checkpoint_store.h"
#include "stream/checkpoint/test_ledger.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;
using Kind = SpanEntry::Kind;

// A ledger and what it was told.
class Writer final : public LedgerHost {
 public:
  Writer(const rt::Env& env, std::unique_ptr<CheckpointStore> store, LedgerOptions options)
      : ledger_(env, std::move(store), std::move(options), *this) {}

  void onCommitted(std::uint64_t ticket) override { committed = ticket; }
  void onLedgerFailed(const Error& error) override { failure = error; }
  Ledger& operator*() { return ledger_; }
  Ledger* operator->() { return &ledger_; }

  std::uint64_t committed = 0;
  std::optional<Error> failure;

 private:
  Ledger ledger_;
};

// Whose names cannot be read or removed as long as a test wants it so.
class TroubledStore final : public CheckpointStore {
 public:
  using Trouble = std::function<std::optional<Error>(const std::string& name, bool removes)>;
  TroubledStore(std::unique_ptr<CheckpointStore> store, Trouble trouble)
      : store_(std::move(store)), trouble_(std::move(trouble)) {}
  const std::string& url() const override { return store_->url(); }
  rt::Task<Result<void>> open(std::string holder) override { return store_->open(std::move(holder)); }
  bool exclusive() const override { return store_->exclusive(); }
  rt::Task<Result<void>> putIfAbsent(std::string name, std::string bytes) override {
    return store_->putIfAbsent(std::move(name), std::move(bytes));
  }
  rt::Task<Result<std::string>> get(std::string name) override {
    if (const auto trouble = trouble_(name, false)) co_return fail(*trouble);
    co_return co_await store_->get(std::move(name));
  }
  rt::Task<Result<std::vector<std::string>>> list(std::string folder) override {
    return store_->list(std::move(folder));
  }
  rt::Task<Result<void>> remove(std::string name) override {
    if (const auto trouble = trouble_(name, true)) co_return fail(*trouble);
    co_return co_await store_->remove(std::move(name));
  }

 private:
  const std::unique_ptr<CheckpointStore> store_;
  const Trouble trouble_;
};

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    node_ = &world_.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  }
  rt::Env& env() { return node_->env(); }
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }
  LedgerOptions options(const std::string& incarnation) const {
    LedgerOptions options;
    options.worker = "me";
    options.incarnation = incarnation;
    options.inputs = {{"in", "app", "orders"}};
    options.program = {Seconds(1), {{"in", "kinesis", {}, Seconds(1), "", ""}}};
    options.heartbeat = 1s;
    options.createOnError = createOnError_;
    return options;
  }
  std::unique_ptr<Writer> writer(LedgerOptions options) {
    return std::make_unique<Writer>(env(), std::make_unique<MemoryCheckpointStore>(env().loop, place_, 10ms),
                                    std::move(options));
  }
  std::unique_ptr<Writer> writer(const std::string& incarnation, const std::string& previous = {}) {
    LedgerOptions chosen = options(incarnation);
    chosen.previousIncarnation = previous;
    return writer(std::move(chosen));
  }
  std::unique_ptr<CheckpointStore> troubled(TroubledStore::Trouble trouble) {
    return std::make_unique<TroubledStore>(std::make_unique<MemoryCheckpointStore>(env().loop, place_, 10ms),
                                           std::move(trouble));
  }
  // Opened; what it found is kept.
  std::unique_ptr<Writer> opened(const std::string& incarnation, const std::string& previous = {}) {
    auto made = writer(incarnation, previous);
    auto found = run((*made)->open());
    EXPECT_TRUE(found) << found.error().message();
    if (found) found_ = std::move(*found);
    return made;
  }
  void commit(Writer& writer, const std::vector<LedgerEntry>& entries) {
    std::uint64_t ticket = 0;
    for (const LedgerEntry& entry : entries) ticket = writer->append(entry);
    const auto done = run(writer->committed(ticket));
    EXPECT_TRUE(done) << done.error().message();
  }
  Code openFails(const std::string& incarnation) {
    auto made = writer(incarnation);
    auto found = run((*made)->open());
    EXPECT_FALSE(found);
    if (found) return Code::kCancelled;
    failure_ = found.error().message();
    return found.error().code();
  }
  std::size_t countOf(const std::string& folder) const {
    std::size_t count = 0;
    for (const auto& [name, bytes] : place_->values) count += name.starts_with(folder + "/") ? 1 : 0;
    return count;
  }
  std::string newest(const std::string& folder) const {
    std::string last;
    for (const auto& [name, bytes] : place_->values) {
      if (name.starts_with(folder + "/")) last = name;
    }
    return last;
  }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  std::shared_ptr<MemoryCheckpoints> place_ = std::make_shared<MemoryCheckpoints>();
  LedgerFound found_;
  std::string failure_;
  bool createOnError_ = false;
};

TEST_F(LedgerTest, ANewDirectoryIsEmptyAndTheNextProcessFindsWhatWasCommitted) {
  {
    auto first = opened("me/1");
    EXPECT_FALSE(found_.program);
    EXPECT_EQ((*first)->epoch(), 1u);
    commit(*first, {span("s", Kind::kAnew, number(0)), added("a", "s", 1, 2), added("b", "s", 3, 4),
                    AllocatedEntry{at(1), {"a"}}});
  }
  auto second = opened("me/2", "me/1");
  EXPECT_EQ((*second)->epoch(), 2u);
  EXPECT_EQ(found_.state.unallocated().size(), 1u);
  EXPECT_EQ(found_.state.batches().at(at(1)).blocks.size(), 1u);
  EXPECT_EQ(found_.before.incarnation, "me/1");
}

TEST_F(LedgerTest, WhatComesWhileAGroupIsOnItsWayMakesUpTheNextOne) {
  auto writer = opened("me/1");
  world_.runFor(1s);
  const std::size_t before = countOf("log");
  for (int i = 0; i < 100; ++i) (*writer)->append(added("b" + std::to_string(i), "s", i + 1, i + 1));
  const std::uint64_t last = (*writer)->append(AllocatedEntry{at(1), {}});
  ASSERT_TRUE(run((*writer)->committed(last)));
  EXPECT_LE(countOf("log") - before, 2u);
  EXPECT_EQ(writer->committed, last);
}

TEST_F(LedgerTest, AHundredThousandBlocksComeBack) {
  {
    auto first = opened("me/1");
    AllocatedEntry all{at(1), {}};
    for (int i = 0; i < 100'000; ++i) {
      all.blocks.push_back("input-0-" + std::to_string(i));
      (*first)->append(added(all.blocks.back(), "s", i + 1, i + 1));
    }
    commit(*first, {all});
  }
  auto second = opened("me/2", "me/1");
  EXPECT_EQ(found_.state.batches().at(at(1)).blocks.size(), 100'000u);
}

TEST_F(LedgerTest, ASecondWriterIsFencedWhileTheFirstGivesSignsOfLife) {
  auto first = opened("me/1");
  EXPECT_EQ(openFails("other/1"), Code::kFenced);
  EXPECT_NE(failure_.find("worker me"), std::string::npos);
  commit(*first, {added("a", "s", 1, 2)});
  EXPECT_FALSE(first->failure);
}

TEST_F(LedgerTest, ASilentWriterLosesTheDirectoryAndFindsOut) {
  auto first = opened("me/1");
  world_.runFor(1s);
  {
    // The first hangs; its store answers nobody.
    auto second = writer("other/1");
    place_->failure.reset();
    auto taken = opened("me/2", "me/1");  // Certain that me/1 has ended.
    EXPECT_EQ((*taken)->epoch(), 2u);
    const std::uint64_t ticket = (*first)->append(CompletedEntry{at(1)});
    const auto done = run((*first)->committed(ticket));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Code::kFenced);
    ASSERT_TRUE(first->failure);
    EXPECT_NE(first->failure->message().find("epoch 2"), std::string::npos);
    commit(*taken, {added("a", "s", 1, 2)});
  }
}

TEST_F(LedgerTest, AWriterWhoseNumberIsFreeAgainIsFencedAllTheSame) {
  auto first = opened("me/1");
  commit(*first, {added("a", "s", 1, 2)});
  place_->failure = Error(Code::kServiceError, "503", "");
  const std::uint64_t ticket = (*first)->append(CompletedEntry{at(1)});
  world_.runFor(3s);
  // Meanwhile somebody has gone on, and removed the log behind.
  place_->values[metadataName(100)] = "theirs";
  place_->failure.reset();
  const auto done = run((*first)->committed(ticket));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kFenced);
}

TEST_F(LedgerTest, WhoFindsTheNumberFreeAgainDoesNotClaimTheDirectory) {
  opened("me/1").reset();
  auto second = writer("other/1");
  std::optional<Code> ended;
  const auto open = [&](Writer& writer) -> rt::Task<void> {
    auto found = co_await writer->open();
    ended = found ? Code::kCancelled : found.error().code();
  };
  world_.spawn(open(*second));
  world_.runFor(1s);
  place_->values[metadataName(100)] = "theirs";
  world_.runFor(5s);
  EXPECT_EQ(ended, Code::kFenced);
  EXPECT_EQ((*second)->epoch(), 0u);
}

TEST_F(LedgerTest, AWriterThatHasEndedIsNotWaitedFor) {
  {
    auto first = opened("me/1");
    ASSERT_TRUE(run((*first)->close()));
  }
  const rt::TimePoint before = env().loop.now();
  auto second = opened("other/1");
  EXPECT_LT(env().loop.now() - before, 500ms);
  EXPECT_TRUE(found_.before.closed);
}

TEST_F(LedgerTest, AWriterThatDiedUnknownIsWatchedForTwoHeartbeats) {
  opened("me/1").reset();
  const rt::TimePoint before = env().loop.now();
  auto second = opened("other/1");
  EXPECT_GE(env().loop.now() - before, 2s);
  EXPECT_EQ((*second)->epoch(), 2u);
}

TEST_F(LedgerTest, OfTwoWritersThatBeginTogetherOneHasTheDirectory) {
  auto a = writer("a/1");
  auto b = writer("b/1");
  int opened = 0;
  int fenced = 0;
  const auto open = [&](Writer& writer) -> rt::Task<void> {
    auto found = co_await writer->open();
    if (found) ++opened;
    if (!found && found.error().code() == Code::kFenced) ++fenced;
  };
  world_.spawn(open(*a));
  world_.spawn(open(*b));
  world_.runFor(5s);
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(fenced, 1);
}

TEST_F(LedgerTest, AnOutageHoldsCommitsUpLosesNothingAndIsToldOnce) {
  auto writer = opened("me/1");
  place_->failure = Error(Code::kServiceError, "503", "");
  const std::uint64_t ticket = (*writer)->append(added("a", "s", 1, 2));
  (*writer)->append(added("b", "s", 3, 4));
  world_.runFor(60s);
  EXPECT_LT(writer->committed, ticket);
  EXPECT_EQ(node_->log().count("checkpoint_store_unavailable"), 1u);

  place_->failure.reset();
  ASSERT_TRUE(run((*writer)->committed(ticket + 1)));
  EXPECT_EQ((*writer)->state().unallocated().size(), 2u);
  EXPECT_EQ(node_->log().count("checkpoint_store_available"), 1u);
}

TEST_F(LedgerTest, APutWhoseAnswerWasLostCountsAsOurs) {
  auto writer = opened("me/1");
  world_.runFor(1s);
  place_->failure = Error(Code::kTimeout, "no answer", "");
  place_->doneAllTheSame = true;
  const std::uint64_t ticket = (*writer)->append(added("a", "s", 1, 2));
  world_.runFor(1s);
  place_->failure.reset();
  ASSERT_TRUE(run((*writer)->committed(ticket)));
  EXPECT_FALSE(writer->failure);
}

// Spark: a failure reaches everybody whose record was in the merged write.
TEST_F(LedgerTest, EveryoneWhoWaitsHearsThatTheDirectoryIsLostAndSoDoesWhoComesLater) {
  auto writer = opened("me/1");
  world_.runFor(1s);
  place_->values[logName(*parseNumberName(newest("log").substr(4)) + 1)] = "theirs";
  std::vector<Code> heard;
  const auto wait = [&](std::uint64_t ticket) -> rt::Task<void> {
    auto done = co_await (*writer)->committed(ticket);
    heard.push_back(done ? Code::kCancelled : done.error().code());
  };
  for (int i = 1; i <= 3; ++i)
    world_.spawn(wait((*writer)->append(added("b" + std::to_string(i), "s", i, i))));
  world_.runFor(5s);
  EXPECT_EQ(heard, std::vector<Code>(3, Code::kFenced));
  ASSERT_TRUE(writer->failure);
  const auto later = run((*writer)->committed((*writer)->append(AliveEntry{})));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code(), Code::kFenced);
}

// Spark: after close() new writes fail.
TEST_F(LedgerTest, WhatComesAfterTheCloseIsNotWrittenAndNobodyWaitsForIt) {
  auto writer = opened("me/1");
  const std::uint64_t before = (*writer)->append(added("a", "s", 1, 2));
  ASSERT_TRUE(run((*writer)->close()));
  EXPECT_TRUE(run((*writer)->committed(before)));
  const auto after = run((*writer)->committed((*writer)->append(added("b", "s", 3, 4))));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code(), Code::kCancelled);
  EXPECT_TRUE(run((*writer)->close())) << "a second time does nothing";
  writer.reset();
  auto next = opened("me/2");
  EXPECT_TRUE(found_.before.closed);
  EXPECT_EQ(found_.state.unallocated().size(), 1u);
}

// Spark: names are matched whole (SPARK-28912).
TEST_F(LedgerTest, NamesThatAreAlmostOursAreNeitherReadNorRemoved) {
  auto first = opened("me/1");
  commit(*first, {added("a", "s", 1, 2)});
  first.reset();
  const std::vector<std::string> others = {"metadata/00000000000000000099.bk",
                                           "metadata/99",
                                           "metadata/x00000000000000000099",
                                           "log/00000000000000000099.tmp",
                                           "log/000000000000000000099",
                                           "state/odd",
                                           "state/counts.1-1.0.bk"};
  for (const std::string& name : others) place_->values[name] = "somebody's";
  auto second = opened("me/2", "me/1");
  EXPECT_EQ(found_.state.unallocated().size(), 1u);
  EXPECT_TRUE(found_.unreadable.empty());
  for (int i = 1; i <= 15; ++i) {
    commit(*second, {AllocatedEntry{at(i), {}}, CompletedEntry{at(i)}, CleanedEntry{at(i)}});
    world_.runFor(11s);
  }
  for (const std::string& name : others) EXPECT_TRUE(place_->values.contains(name)) << name;
}

// Spark: errors of the clean-up are tolerated.
TEST_F(LedgerTest, WhatCannotBeRemovedHoldsNothingUpAndGoesWhenItCan) {
  bool keeps = true;
  auto trouble = [&keeps](const std::string& name, bool removes) -> std::optional<Error> {
    if (!keeps || !removes) return std::nullopt;
    return Error(Code::kAccessDenied, name + " may not be removed", "");
  };
  Writer writer(env(), troubled(trouble), options("me/1"));
  ASSERT_TRUE(run(writer->open()));
  const auto batches = [&](int from, int to) {
    for (int i = from; i <= to; ++i) {
      auto ticket = run(writer->putSnapshot({"counts", at(i), 0, "int", 0}, {"x"}));
      ASSERT_TRUE(ticket);
      commit(writer, {AllocatedEntry{at(i), {}}, CompletedEntry{at(i)}, CleanedEntry{at(i)}});
      world_.runFor(11s);
    }
  };
  batches(1, 15);
  EXPECT_GT(countOf("metadata"), 14u);
  EXPECT_EQ(countOf("state"), 15u);
  EXPECT_FALSE(writer.failure);
  keeps = false;
  batches(16, 16);
  EXPECT_EQ(countOf("metadata"), 10u);
}

TEST_F(LedgerTest, KeepsTheNewestMetadataAndTheLogBehindTheOldestOfThem) {
  auto writer = opened("me/1");
  for (int i = 1; i <= 40; ++i) {
    commit(*writer,
           {added("b" + std::to_string(i), "s", i, i), AllocatedEntry{at(i), {"b" + std::to_string(i)}},
            CompletedEntry{at(i)}, CleanedEntry{at(i)}});
    world_.runFor(11s);
  }
  EXPECT_EQ(countOf("metadata"), 10u);
  EXPECT_LT(countOf("log"), 200u);
  const auto first = parseNumberName(place_->values.lower_bound("log/")->first.substr(4));
  const auto oldest = parseNumberName(place_->values.lower_bound("metadata/")->first.substr(9));
  EXPECT_EQ(*first, *oldest + 1);
  writer.reset();
  auto next = opened("me/2", "me/1");
  EXPECT_EQ(found_.state.lastAllocated(), at(40));
}

TEST_F(LedgerTest, DamagedMetadataIsStoodInForByOlderOnesAndTheLog) {
  {
    auto first = opened("me/1");
    for (int i = 1; i <= 3; ++i) {
      commit(*first, {added("b" + std::to_string(i), "s", i, i)});
      world_.runFor(11s);
    }
  }
  place_->values[newest("metadata")][70] ^= 1;
  auto second = opened("me/2", "me/1");
  EXPECT_EQ(found_.state.unallocated().size(), 3u);
  EXPECT_EQ(node_->log().count("checkpoint_unreadable"), 1u);
  EXPECT_NE(found_.unreadable.find("metadata/"), std::string::npos);
  EXPECT_NE(found_.unreadable.find("in its place: metadata/"), std::string::npos);
}

// A folder of that name, a pipe, a file of a terabyte: it can neither be read nor removed.
TEST_F(LedgerTest, WhatIsNoFileIsStoodInForAsDamagedMetadataIsAndStopsNoCleaning) {
  {
    auto first = opened("me/1");
    for (int i = 1; i <= 3; ++i) {
      commit(*first, {added("b" + std::to_string(i), "s", i, i)});
      world_.runFor(11s);
    }
  }
  const std::string odd = newest("metadata");
  auto trouble = [odd](const std::string& name, bool) -> std::optional<Error> {
    if (name != odd) return std::nullopt;
    return Error(Code::kIo, name + " is no file", "");
  };
  LedgerOptions chosen = options("me/2");
  chosen.previousIncarnation = "me/1";
  Writer second(env(), troubled(trouble), chosen);
  const auto found = run(second->open());
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->state.unallocated().size(), 3u);
  EXPECT_NE(found->unreadable.find(odd), std::string::npos) << found->unreadable;
  for (int i = 1; i <= 20; ++i) {
    commit(second, {AllocatedEntry{at(i), {}}, CompletedEntry{at(i)}, CleanedEntry{at(i)}});
    world_.runFor(11s);
  }
  EXPECT_EQ(countOf("metadata"), 11u) << "the ten newest, and what cannot be removed";
}

TEST_F(LedgerTest, AChunkOfTheLogThatIsNoFileIsRefusedByNameOrBegunAnew) {
  {
    auto first = opened("me/1");
    commit(*first, {added("a", "s", 1, 1)});
  }
  const std::string odd = newest("log");
  const auto left = place_->values;
  for (const Code code : {Code::kIo, Code::kNotFound}) {
    auto trouble = [odd, code](const std::string& name, bool) -> std::optional<Error> {
      if (name != odd) return std::nullopt;
      return Error(code, "somewhere", "");
    };
    for (const bool anew : {false, true}) {
      place_->values = left;
      LedgerOptions chosen = options("me/2");
      chosen.previousIncarnation = "me/1";
      chosen.createOnError = anew;
      Writer second(env(), troubled(trouble), chosen);
      const auto found = run(second->open());
      EXPECT_EQ(found.has_value(), anew);
      if (found) continue;
      EXPECT_EQ(found.error().code(), Code::kCheckpointUnreadable);
      EXPECT_NE(found.error().message().find(odd), std::string::npos) << found.error().message();
      EXPECT_NE(found.error().hint().find("restore it from a copy"), std::string::npos);
    }
  }
}

// With createOnError all that was logged would be given up for one error of a disk.
TEST_F(LedgerTest, AReadThatFailsForAMomentIsNoDamage) {
  {
    auto first = opened("me/1");
    for (int i = 1; i <= 3; ++i) {
      commit(*first, {added("b" + std::to_string(i), "s", i, i)});
      world_.runFor(11s);
    }
  }
  createOnError_ = true;
  for (const std::string& odd : {newest("metadata"), newest("log")}) {
    const auto left = place_->values;
    int failures = 3;
    auto trouble = [odd, &failures](const std::string& name, bool) -> std::optional<Error> {
      if (name != odd || failures == 0) return std::nullopt;
      --failures;
      return Error(Code::kIo, "input/output error", "");
    };
    Writer second(env(), troubled(trouble), options("me/2"));
    const auto found = run(second->open());
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(failures, 0) << odd;
    EXPECT_EQ(found->state.unallocated().size(), 3u);
    EXPECT_TRUE(found->unreadable.empty()) << found->unreadable;
    EXPECT_GE(node_->log().count("checkpoint_read_again"), 3u);
    place_->values = left;
  }
}

TEST_F(LedgerTest, ADirectoryOfWhichNothingCanBeReadIsNotReadAgainForHours) {
  {
    auto first = opened("me/1");
    for (int i = 1; i <= 60; ++i) commit(*first, {added("b" + std::to_string(i), "s", i, i)});
  }
  createOnError_ = true;
  auto trouble = [left = place_->values](const std::string& name, bool) -> std::optional<Error> {
    if (!name.starts_with("log/") || !left.contains(name)) return std::nullopt;
    return Error(Code::kIo, "permission denied", "");
  };
  LedgerOptions chosen = options("me/2");
  chosen.previousIncarnation = "me/1";
  Writer second(env(), troubled(trouble), chosen);
  const auto before = world_.loop().now();
  const auto found = run(second->open());
  EXPECT_TRUE(found) << found.error().message();
  EXPECT_GE(node_->log().count("checkpoint_read_again"), 3u);
  EXPECT_LT(world_.loop().now() - before, 30s);
}

// Its last chunk was stored without its hearing of it: older metadata still needs that chunk.
TEST_F(LedgerTest, AWriterThatWasCutOffRemovesNothingThatOlderMetadataNeeds) {
  bool isCutOff = false;
  auto trouble = [&isCutOff](const std::string&, bool) -> std::optional<Error> {
    if (!isCutOff) return std::nullopt;
    return Error(Code::kUnreachable, "no route", "");
  };
  Writer first(env(), troubled(trouble), options("me/1"));
  ASSERT_TRUE(run(first->open()));
  commit(first, {added("a", "s", 1, 1)});
  first->append(added("b", "s", 2, 2));
  place_->failure = Error(Code::kTimeout, "no answer");
  place_->doneAllTheSame = true;
  world_.runFor(15ms);  // The chunk is stored.
  isCutOff = true;
  place_->failure.reset();
  place_->doneAllTheSame = false;

  auto second = opened("you/1");
  EXPECT_EQ(found_.state.unallocated().size(), 2u);
  commit(*second, {added("c", "s", 3, 3)});
  world_.runFor(11s);  // Its metadata is stored.
  isCutOff = false;
  world_.runFor(20s);
  EXPECT_FALSE(run(first->committed(first->append(added("d", "s", 4, 4))))) << "it is fenced";
  second.reset();

  const std::string damaged = newest("metadata");
  place_->values[damaged].resize(20);
  auto third = opened("me/2");
  EXPECT_EQ(found_.state.unallocated().size(), 3u);
}

TEST_F(LedgerTest, AllMetadataDamagedAndTheWholeLogThereLosesNothing) {
  {
    auto first = opened("me/1");
    commit(*first, {added("a", "s", 1, 1)});
    world_.runFor(11s);
  }
  for (auto& [name, bytes] : place_->values) {
    if (name.starts_with("metadata/")) bytes.resize(bytes.size() / 2);
  }
  auto second = opened("me/2", "me/1");
  EXPECT_EQ(found_.state.unallocated().size(), 1u);
}

TEST_F(LedgerTest, AGapOrATruncatedChunkInTheLogIsRefusedByName) {
  {
    auto first = opened("me/1");
    world_.runFor(1s);
    for (int i = 1; i <= 4; ++i) commit(*first, {added("b" + std::to_string(i), "s", i, i)});
  }
  const auto whole = place_->values;
  auto& values = place_->values;
  const std::string last = newest("log");
  values[last].resize(values[last].size() - 5);
  EXPECT_EQ(openFails("me/2"), Code::kCheckpointUnreadable);
  EXPECT_NE(failure_.find(last), std::string::npos);

  values = whole;
  const std::string beforeLast = logName(*parseNumberName(last.substr(4)) - 1);
  values.erase(beforeLast);
  EXPECT_EQ(openFails("me/2"), Code::kCheckpointUnreadable);
  EXPECT_NE(failure_.find(beforeLast), std::string::npos);
}

TEST_F(LedgerTest, ADamagedDirectoryIsBegunAnewBehindWhatLiesThereIfThatWasAskedFor) {
  std::uint64_t epoch = 0;
  {
    auto first = opened("me/1");
    epoch = (*first)->epoch();
    world_.runFor(1s);
    for (int i = 1; i <= 4; ++i) commit(*first, {added("b" + std::to_string(i), "s", i, i)});
  }
  const std::string last = newest("log");
  place_->values[last].resize(place_->values[last].size() - 5);
  EXPECT_EQ(openFails("me/2"), Code::kCheckpointUnreadable);

  createOnError_ = true;
  {
    auto second = opened("me/2");
    EXPECT_TRUE(found_.state.unallocated().empty());
    EXPECT_FALSE(found_.program);
    EXPECT_NE(found_.unreadable.find(last), std::string::npos);
    EXPECT_GT((*second)->epoch(), epoch);
    EXPECT_GT(newest("log"), last);
    commit(*second, {added("b9", "s", 9, 9)});
    world_.runFor(1s);  // Metadata is written.
  }
  createOnError_ = false;
  auto third = opened("me/3");
  EXPECT_EQ(found_.state.unallocated().size(), 1u);
}

TEST_F(LedgerTest, AForeignDirectoryIsRefusedAndLeftAsItIs) {
  place_->values["checkpoint-1700000000000"] = "of Spark";
  EXPECT_EQ(openFails("me/1"), Code::kForeignDirectory);
  EXPECT_NE(failure_.find("checkpoint-1700000000000"), std::string::npos);
  EXPECT_EQ(place_->values.size(), 1u);

  place_->values = {{kFormatName, "something"}};
  EXPECT_EQ(openFails("me/1"), Code::kForeignDirectory);
}

TEST_F(LedgerTest, SnapshotsComeBackAndOlderOnesAreRemoved) {
  {
    auto first = opened("me/1");
    for (const int time : {10, 20}) {
      std::vector<std::string> partitions = {"x" + std::to_string(time), "y"};
      auto ticket = run((*first)->putSnapshot({"counts", at(time), 0, "int", 0}, std::move(partitions)));
      ASSERT_TRUE(ticket);
      ASSERT_TRUE(run((*first)->committed(*ticket)));
      world_.runFor(1s);
    }
    EXPECT_EQ(countOf("state"), 2u);
    // One that is not finished when the process dies.
    place_->values[stateName({"counts", 30'000, 1, 0})] = "half";
  }
  auto second = opened("me/2", "me/1");
  const auto read = run((*second)->readSnapshot(found_.state.snapshots().at("counts")));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (std::vector<std::string>{"x20", "y"}));
  world_.runFor(1s);
  EXPECT_EQ(countOf("state"), 2u);

  place_->values[newest("state")].resize(10);
  const auto damaged = run((*second)->readSnapshot(found_.state.snapshots().at("counts")));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), Code::kCheckpointUnreadable);
}

// Power cuts after every change of a folder: what was committed is found, and nothing that was not appended.
TEST_F(LedgerTest, NoCrashOfAFolderLosesACommit) {
  for (int cutAt = 1; cutAt < 40; ++cutAt) {
    sim::World world(static_cast<std::uint64_t>(cutAt));
    sim::Node& node =
        world.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    std::vector<std::string> promised;
    {
      Writer writer(node.env(), std::make_unique<FileCheckpointStore>(node.env(), "/c", "/c"),
                    options("me/1"));
      ASSERT_TRUE(world.loop().run(writer->open()));
      for (int i = 1; i <= cutAt; ++i) {
        const std::string id = "b" + std::to_string(i);
        const std::uint64_t ticket = writer->append(added(id, "s", i, i));
        if (i % 3 != 0) continue;
        ASSERT_TRUE(world.loop().run(writer->committed(ticket)));
        for (int j = static_cast<int>(promised.size()) + 1; j <= i; ++j)
          promised.push_back("b" + std::to_string(j));
      }
      for (int steps = cutAt % 7; steps > 0; --steps) world.loop().step();
    }
    node.crash(sim::CrashKind::kPowerCut);
    node.restart();
    Writer next(node.env(), std::make_unique<FileCheckpointStore>(node.env(), "/c", "/c"), options("me/2"));
    auto found = world.loop().run(next->open());
    ASSERT_TRUE(found) << found.error().message();
    const auto& blocks = found->state.unallocated();
    ASSERT_GE(blocks.size(), promised.size());
    ASSERT_LE(blocks.size(), static_cast<std::size_t>(cutAt));
    for (std::size_t i = 0; i < promised.size(); ++i) EXPECT_EQ(blocks[i].info->id, promised[i]);
  }
}

}  // namespace
}  // namespace tidemill::stream

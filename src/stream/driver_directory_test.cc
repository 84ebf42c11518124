// Directories that are out of order, somebody else's or nobody's; with the getOrCreate tests of Spark's
// StreamingContextSuite.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stream/checkpoint/memory_checkpoint_store.h"
#include "stream/test_driver.h"

namespace tidemill {
namespace {

class DriverDirectoryTest : public DriverFixture {
 protected:
  // The directory lies in a store whose failures the test decides.
  std::shared_ptr<stream::MemoryCheckpoints> usePlace() {
    auto place = std::make_shared<stream::MemoryCheckpoints>();
    seams_->checkpoints = [this,
                           place](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
      return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
    };
    return place;
  }
};

TEST_F(DriverDirectoryTest, AContextMadeAnewOverAnOldDirectoryIsToldAndLosesNothing) {
  createStream(2);
  put(numbered(1, 20));
  begin(collect()).reset();
  auto first = begin(collect());
  world_.runFor(2500ms);
  first.reset();
  put(numbered(21, 30));

  auto second = begin(collect(), /*resume=*/false);
  world_.runFor(5s);
  EXPECT_EQ(events("checkpoint_metadata_ignored"), 1u);
  EXPECT_EQ(all(), numbered(1, 30));
}

TEST_F(DriverDirectoryTest, AStoreThatIsOutOfOrderHoldsBatchesUpAndLosesNothing) {
  createStream(2);
  const auto place = usePlace();
  auto context = begin(collect());
  put(numbered(1, 10));
  world_.runFor(3s);
  EXPECT_EQ(all(), numbered(1, 10));

  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  put(numbered(11, 20));
  world_.runFor(20s);
  EXPECT_EQ(all(), numbered(1, 10)) << "no batch runs whose blocks are not logged";
  EXPECT_EQ(events("checkpoint_store_unavailable"), 1u);

  place->failure.reset();
  world_.runFor(10s);
  EXPECT_EQ(all(), numbered(1, 20));
  EXPECT_TRUE(stopped(*context));
}

TEST_F(DriverDirectoryTest, AContextEndsAtOnceAlthoughTheStoreIsOutOfOrder) {
  createStream(1);
  const auto place = usePlace();
  auto context = begin(collect());
  world_.runFor(3s);
  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  put(numbered(1, 3));
  world_.runFor(2s);

  context->requestStop(false);
  world_.runFor(20s);
  EXPECT_EQ(context->getState(), StreamingContextState::STOPPED);
}

TEST_F(DriverDirectoryTest, AGracefulStopBeforeTheFirstBatchLeavesNoLeases) {
  createStream(2);
  auto place = usePlace();
  put(numbered(1, 10));
  begin(collect()).reset();
  auto first = begin(collect());
  world_.runFor(2500ms);
  first.reset();

  seen_.clear();
  auto second = begin(collect());
  const auto mine = [&] {
    return std::count_if(leases_->rows.begin(), leases_->rows.end(),
                         [this](const auto& row) { return row.second.leaseOwner == worker_; });
  };
  // The rows are those of the first: only counters tell that the second has them.
  const auto counters = [&] {
    std::int64_t sum = 0;
    for (const auto& [shard, row] : leases_->rows) sum += row.leaseCounter;
    return sum;
  };
  const std::int64_t before = counters();
  for (int i = 0; i < 10'000 && counters() == before; ++i) world_.runFor(1ms);
  ASSERT_NE(counters(), before);
  second->requestStop(true);
  world_.runFor(20s);
  EXPECT_EQ(second->getState(), StreamingContextState::STOPPED);
  EXPECT_TRUE(seen_.empty()) << "no batch was made";
  EXPECT_EQ(mine(), 0);
}

TEST_F(DriverDirectoryTest, WhoLosesTheDirectoryEndsFenced) {
  createStream(1);
  const auto place = usePlace();
  auto context = begin(collect());
  world_.runFor(3s);
  // Another writer has the next number.
  std::uint64_t last = 0;
  for (const auto& [name, bytes] : place->values) {
    if (name.starts_with("log/")) last = std::stoull(name.substr(4));
  }
  place->values["log/" + std::string(20 - std::to_string(last + 1).size(), '0') + std::to_string(last + 1)] =
      "theirs";
  put(numbered(1, 3));
  EXPECT_EQ(failureOf(*context), Code::kFenced);
}

TEST_F(DriverDirectoryTest, ASecondProcessOnTheFolderIsFencedAndTheFirstGoesOn) {
  createStream(1);
  put({"a"});
  auto first = begin(collect());
  world_.runFor(3s);

  // Another process on the same host.
  rt::Registry registry;
  rt::Env& here = env();
  rt::Env other{here.loop, here.http,   here.fetchLoop, here.fetchHttp, here.workers,
                here.jobs, here.store,  here.replicas,  here.files,     here.random,
                here.log,  here.faults, registry};
  lease::MemoryLeaseStoreFactory leases(other, tables_);
  auto seams = std::make_unique<stream::Seams>(stream::Seams{other, leases, sim::testEnvironment()});
  std::swap(seams, seams_);
  worker_ = "other";
  conf_.set("tidemill.state.directory", "/other");
  auto second = begin(collect());
  EXPECT_EQ(failureOf(*second), Code::kFenced);
  put({"b"});
  world_.runFor(3s);
  EXPECT_EQ(all(), (std::vector<std::string>{"a", "b"}));

  first.reset();  // Killed: the lock is free.
  put({"c"});
  auto third = begin(collect());
  world_.runFor(60s);
  EXPECT_EQ(all(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(stopped(*third));
  second.reset();
  third.reset();
  std::swap(seams, seams_);
}

TEST_F(DriverDirectoryTest, AForeignDirectoryIsRefusedBeforeAnythingIsRead) {
  createStream(1);
  ASSERT_TRUE(env().files.makeDirectory("/checkpoints"));
  {
    auto file = env().files.openAppend("/checkpoints/checkpoint-1700000000000");
    ASSERT_TRUE(file);
  }
  auto context = begin(collect());
  EXPECT_EQ(failureOf(*context), Code::kForeignDirectory);
  EXPECT_TRUE(leases_->rows.empty());
}

TEST_F(DriverDirectoryTest, AnUnwritableDirectoryIsAnErrorThatNamesIt) {
  createStream(1);
  {
    auto file = env().files.openAppend("/checkpoints");
    ASSERT_TRUE(file);
  }
  auto context = begin(collect());
  const Result<void> end = ended(*context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kIo);
  EXPECT_NE(end.error().message().find("/checkpoints"), std::string::npos);
}

TEST_F(DriverDirectoryTest, ADamagedDirectoryEndsTheContextUnlessItMayBeMadeAnew) {
  createStream(1);
  auto place = usePlace();
  auto first = begin(collect());
  put(numbered(1, 10));
  world_.runFor(3s);
  first.reset();
  for (auto& [name, bytes] : place->values)
    if (name.starts_with("log/") || name.starts_with("metadata/")) bytes.resize(bytes.size() / 2);

  auto refused = begin(collect());
  EXPECT_EQ(failureOf(*refused), Code::kCheckpointUnreadable);
  refused.reset();
  auto anew = StreamingContext::getOrCreate(
      "/checkpoints",
      [&] {
        auto context = makeContext();
        collect()(*context);
        return context;
      },
      /*createOnError=*/true);
  anew->start();
  put(numbered(11, 20));
  world_.runFor(20s);
  std::vector<std::string> lines = all();  // What no lease checkpoint has passed comes again.
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  EXPECT_EQ(lines, numbered(1, 20));
  EXPECT_GE(events("checkpoint_unreadable"), 1u);
  EXPECT_TRUE(stopped(*anew));
  anew.reset();

  auto next = begin(collect());
  put(numbered(21, 22));
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*next)) << "the directory can be read again";
}

TEST_F(DriverDirectoryTest, StateThatCannotBeReadIsRefusedOrBegunAnewIfThatWasAskedFor) {
  createStream(1);
  const auto place = usePlace();
  std::int64_t total = 0;
  const Define define = countInState([&](std::int64_t counted, Time) {
    if (counted > 0) total = counted;
  });
  auto first = begin(define);
  put({"a", "b", "c"});
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*first));
  first.reset();
  int damaged = 0;
  for (auto& [name, bytes] : place->values) {
    if (!name.starts_with("state/")) continue;
    bytes.resize(bytes.size() / 2);
    ++damaged;
  }
  ASSERT_GT(damaged, 0);

  auto refused = begin(define);
  const Result<void> end = ended(*refused);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kCheckpointUnreadable);
  EXPECT_NE(end.error().message().find("totals"), std::string::npos) << end.error().message();
  EXPECT_NE(end.error().hint().find("createOnError"), std::string::npos) << end.error().hint();
  refused.reset();

  auto anew = StreamingContext::getOrCreate(
      "/checkpoints",
      [&] {
        auto context = makeContext();
        define(*context);
        return context;
      },
      /*createOnError=*/true);
  anew->start();
  total = 0;
  put({"d", "e"});
  world_.runFor(20s);
  EXPECT_EQ(total, 2);
  EXPECT_EQ(events("checkpoint_unreadable"), 1u);
  EXPECT_TRUE(stopped(*anew));
}

TEST_F(DriverDirectoryTest, GetOrCreateRefusesWhatMakesNoSense) {
  EXPECT_EQ(thrownBy([&] { StreamingContext::getOrCreate("", [&] { return makeContext(); }); }),
            Code::kUsage);
  EXPECT_EQ(thrownBy([&] {
              StreamingContext::getOrCreate("/a",
                                            []() -> std::unique_ptr<StreamingContext> { return nullptr; });
            }),
            Code::kUsage);
  EXPECT_EQ(thrownBy([&] {
              StreamingContext::getOrCreate("/a", [&] {
                auto context = makeContext();
                context->checkpoint("/b");
                return context;
              });
            }),
            Code::kUsage);
}

TEST_F(DriverDirectoryTest, TheActiveContextIsFoundAndGoesOnWithoutTheHandle) {
  createStream(1);
  auto context = makeContext();
  collect()(*context);
  EXPECT_EQ(StreamingContext::getActive(context->sparkContext()), nullptr);
  int made = 0;
  const auto make = [&] {
    ++made;
    return makeContext();
  };
  EXPECT_EQ(StreamingContext::getActiveOrCreate(context->sparkContext(), make)->getState(),
            StreamingContextState::INITIALIZED);
  EXPECT_EQ(made, 1) << "none is active";
  const auto created =
      StreamingContext::getActiveOrCreate(context->sparkContext(), "/checkpoints-of-made", make);
  EXPECT_EQ(created->getState(), StreamingContextState::INITIALIZED);
  EXPECT_EQ(created->conf().get("spark.streaming.checkpoint.directory"), "/checkpoints-of-made");
  EXPECT_EQ(made, 2) << "none is active";
  context->start();
  auto active = StreamingContext::getActiveOrCreate(context->sparkContext(), [&] {
    ADD_FAILURE() << "one is active";
    return makeContext();
  });
  ASSERT_NE(active, nullptr);
  EXPECT_EQ(active->getState(), StreamingContextState::ACTIVE);
  auto same = StreamingContext::getActiveOrCreate(context->sparkContext(), "/checkpoints-of-made", make);
  EXPECT_EQ(same->getState(), StreamingContextState::ACTIVE);
  EXPECT_EQ(same->conf().get("spark.streaming.checkpoint.directory"), "");
  EXPECT_EQ(made, 2) << "one is active";
  active.reset();
  same.reset();
  put(numbered(1, 3));
  world_.runFor(5s);
  EXPECT_EQ(all(), numbered(1, 3));
  EXPECT_TRUE(stopped(*context));
}

}  // namespace
}  // namespace tidemill

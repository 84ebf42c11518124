// One contract for every store: each test runs on SQLite (a real file), on DynamoDB's interface, on the
// client before the fake service, and on memory. TIDEMILL_TEST_DYNAMODB=http://127.0.0.1:PORT adds a server
// of DynamoDB's protocol that somebody else has started, and whose table `app` that somebody deletes between
// tests (tests/integration/lease_store_peers_test.py).

#include "lease/lease_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "dynamo/dynamo_client.h"
#include "fake/fake_aws.h"
#include "http/http_transport.h"
#include "http/production_env.h"
#include "lease/dynamo_lease_store.h"
#include "lease/memory_dynamo.h"
#include "lease/memory_lease_store.h"
#include "lease/sqlite_lease_store.h"
#include "sim/world.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

Lease rowOf(const std::string& key) {
  Lease row;
  row.leaseKey = key;
  row.checkpoint = Checkpoint::trimHorizon();
  row.parentShardIds = {"shardId-000000000000", "shardId-000000000001"};
  row.startingHashKey = "0";
  row.endingHashKey = "340282366920938463463374607431768211455";
  row.startsAt = rt::WallTime(1'767'225'600'123ms);
  return row;
}

const char* outerServer() {
  return std::getenv("TIDEMILL_TEST_DYNAMODB");
}

std::vector<std::string> stores() {
  std::vector<std::string> names{"sqlite", "dynamodb", "fakedynamodb", "memory"};
  if (outerServer() != nullptr) names.push_back("outerdynamodb");
  return names;
}

// A world with one node, whose Env the store uses; its pools run on the simulated loop.
class LeaseStoreContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    world_.net().serve("dynamo.local",
                       {.handle = [this](const http::Request& request,
                                         rt::WallTime now) { return aws_.handle(request, now).response; },
                        .throttled = {}});
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    open("app", "orders", store_);
  }
  void TearDown() override {
    if (outer_ != nullptr) {
      outer_->onControlLane([this] { forget(); });
      outer_.reset();
    }
    forget();
    std::filesystem::remove_all(directory_);
  }

  void forget() {
    store_.reset();
    factory_.reset();
    client_.reset();
  }

  void open(const std::string& application, const std::string& stream, std::unique_ptr<LeaseStore>& into) {
    makeFactory();
    auto opened = run(factory_->open(application, stream));
    ASSERT_TRUE(opened) << opened.error().message();
    into = std::move(*opened);
  }
  void makeFactory() {
    rt::Env& env = node_->env();
    if (factory_ == nullptr && GetParam() == "sqlite") {
      directory_ = std::filesystem::temp_directory_path() / ("lease-store-test-" + std::to_string(getpid()));
      std::filesystem::create_directories(directory_);
      factory_ = std::make_unique<SqliteLeaseStoreFactory>(env, directory_.string());
    } else if (factory_ == nullptr && GetParam() == "dynamodb") {
      factory_ = std::make_unique<DynamoLeaseStoreFactory>(env, dynamo_);
    } else if (factory_ == nullptr && GetParam() == "fakedynamodb") {
      dynamo::DynamoClientOptions options;
      options.aws.endpoint = {"http://dynamo.local:4567", "us-east-1"};
      options.aws.credentials = AwsCredentials("test", "test");
      client_ = std::make_unique<dynamo::DynamoClient>(env.loop, env.http, env.random, env.log, options);
      factory_ = std::make_unique<DynamoLeaseStoreFactory>(env, *client_);
    } else if (factory_ == nullptr && GetParam() == "outerdynamodb") {
      outer_ = std::make_unique<http::ProductionEnv>(log_);
      dynamo::DynamoClientOptions options;
      options.aws.endpoint = {outerServer(), "us-east-1"};
      options.aws.credentials = AwsCredentials("test", "test");
      const rt::Env& real = outer_->env();
      client_ = std::make_unique<dynamo::DynamoClient>(real.loop, real.http, random_, log_, options);
      factory_ = std::make_unique<DynamoLeaseStoreFactory>(real, *client_);
    } else if (factory_ == nullptr) {
      factory_ = std::make_unique<MemoryLeaseStoreFactory>(env, std::make_shared<MemoryLeaseTables>());
    }
  }
  // One table for an application: a second stream has no room in it.
  bool keepsStreamsApart() const { return !GetParam().ends_with("dynamodb"); }
  template <class T>
  T run(rt::Task<T> task) {
    if (outer_ != nullptr) return outer_->block(std::move(task));
    return world_.loop().run(std::move(task));
  }
  Lease created(const std::string& key) {
    const Lease row = rowOf(key);
    EXPECT_TRUE(run(store_->create(row)).value());
    return row;
  }

  fake::FakeAws aws_{{}};
  sim::World world_{1};
  sim::Node* node_ = nullptr;
  std::filesystem::path directory_;
  MemoryDynamo dynamo_{world_.loop()};
  base::StderrLog log_;
  base::Random random_{1};
  std::unique_ptr<http::ProductionEnv> outer_;
  std::unique_ptr<dynamo::DynamoClient> client_;
  std::unique_ptr<LeaseStoreFactory> factory_;
  std::unique_ptr<LeaseStore> store_;
};

TEST_P(LeaseStoreContract, KeepsEveryAttributeOfARow) {
  const Lease row = created("shardId-000000000002");
  const auto read = run(store_->get(row.leaseKey));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(**read, row);
  EXPECT_EQ(run(store_->list())->leases, std::vector<Lease>{row});
}

TEST_P(LeaseStoreContract, GivesNothingForARowThatIsNotThere) {
  EXPECT_FALSE(run(store_->get("shardId-000000000009")).value().has_value());
}

TEST_P(LeaseStoreContract, LeavesAnExistingRowAlone) {
  const Lease row = created("shardId-000000000002");
  Lease other = row;
  other.leaseOwner = "somebody";
  EXPECT_FALSE(run(store_->create(other)).value());
  EXPECT_EQ(**run(store_->get(row.leaseKey)), row);
}

TEST_P(LeaseStoreContract, TakesOnlyTheRowThatWasSeen) {
  const Lease row = created("shardId-000000000002");
  const auto taken = run(store_->write(taking(row, {"a", "1"})));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->leaseOwner, "a");
  EXPECT_EQ(taken->leaseCounter, 1);
  EXPECT_EQ(taken->ownerSwitchesSinceCheckpoint, 0);

  const auto late = run(store_->write(taking(row, {"b", "1"})));

  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kConflict);
  EXPECT_EQ(late.error().message().find("application app, stream orders, lease shardId-000000000002: "), 0u);
  EXPECT_EQ(**run(store_->get(row.leaseKey)), *taken);
}

TEST_P(LeaseStoreContract, CountsSwitchesOfOwnersUntilACheckpoint) {
  const Lease row = created("shardId-000000000002");
  const Lease a = *run(store_->write(taking(row, {"a", "1"})));
  const Lease b = *run(store_->write(taking(a, {"b", "1"})));
  EXPECT_EQ(b.ownerSwitchesSinceCheckpoint, 1);
  const Lease moved = *run(store_->write(checkpointing(b, Checkpoint::at("17", 3))));
  EXPECT_EQ(moved.ownerSwitchesSinceCheckpoint, 0);
  EXPECT_EQ(moved.leaseCounter, 3);
  EXPECT_EQ(**run(store_->get(row.leaseKey)), moved);
}

TEST_P(LeaseStoreContract, NeverMovesACheckpointBackFromTheEnd) {
  const Lease row = created("shardId-000000000002");
  const Lease ended = *run(store_->write(checkpointing(row, Checkpoint::shardEnd())));
  const auto back = run(store_->write(checkpointing(ended, Checkpoint::at("17"))));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), Code::kConflict);
  EXPECT_TRUE((*run(store_->get(row.leaseKey)))->checkpoint.isShardEnd());
}

TEST_P(LeaseStoreContract, RenewsOnlyWithTheRightCounter) {
  const Lease taken = *run(store_->write(taking(created("shardId-000000000002"), {"a", "1"})));
  const Lease renewed = *run(store_->write(renewing(taken)));
  EXPECT_EQ(renewed.leaseCounter, 2);
  EXPECT_EQ(renewed.leaseOwner, "a");
  EXPECT_EQ(run(store_->write(renewing(taken))).error().code(), Code::kConflict);
  EXPECT_EQ(**run(store_->get(taken.leaseKey)), renewed);
}

TEST_P(LeaseStoreContract, KeepsAPreparedCheckpointUntilTheNextOne) {
  const Lease row = created("shardId-000000000002");
  const std::string bytes("a\0b", 3);
  const Lease prepared = *run(store_->write(preparing(row, Checkpoint::at("17", 3), bytes)));
  EXPECT_EQ(prepared.checkpoint, row.checkpoint);
  EXPECT_EQ(**run(store_->get(row.leaseKey)), prepared);
  EXPECT_EQ(prepared.pendingCheckpoint, Checkpoint::at("17", 3));
  EXPECT_EQ(prepared.pendingCheckpointState, bytes);
  const Lease committed = *run(store_->write(checkpointing(prepared, Checkpoint::at("17", 3))));
  EXPECT_FALSE(committed.pendingCheckpoint);
  EXPECT_FALSE(committed.pendingCheckpointState);
  EXPECT_EQ(**run(store_->get(row.leaseKey)), committed);
}

TEST_P(LeaseStoreContract, HandsALeaseOverToWhoAskedForIt) {
  const Lease a = *run(store_->write(taking(created("shardId-000000000002"), {"a", "a/1"})));
  EXPECT_TRUE(ownerHandsOver(a));
  ASSERT_TRUE(run(store_->ask(a, "b")));
  const Lease asked = *run(store_->write(renewing(a)));
  EXPECT_EQ(asked.wantedBy, "b");
  EXPECT_EQ(asked.leaseOwner, "a");
  const Lease handed = *run(store_->write(handingOver(asked)));
  EXPECT_EQ(handed.leaseOwner, "b");
  EXPECT_EQ(handed.wantedBy, "");
  EXPECT_EQ(handed.leaseCounter, 3);
  EXPECT_FALSE(ownerHandsOver(handed));
  EXPECT_EQ(run(store_->ask(asked, "c")).error().code(), Code::kConflict);
  EXPECT_EQ(**run(store_->get(a.leaseKey)), handed);
}

TEST_P(LeaseStoreContract, RewindsByCommandAndLeavesNobodyAsOwner) {
  const Lease taken = *run(store_->write(taking(created("shardId-000000000002"), {"a", "1"})));
  const Lease ended = *run(store_->write(checkpointing(taken, Checkpoint::shardEnd())));
  const Lease back = *run(store_->write(rewinding(ended, Checkpoint::trimHorizon())));
  EXPECT_EQ(back.checkpoint, Checkpoint::trimHorizon());
  EXPECT_EQ(back.leaseOwner, "");
  EXPECT_EQ(back.leaseCounter, 3);
  EXPECT_FALSE(run(store_->write(rewinding(ended, Checkpoint::trimHorizon()))));
}

TEST_P(LeaseStoreContract, FillsInAHashRangeWithoutTouchingTheCounter) {
  const Lease row = created("shardId-000000000002");
  ASSERT_TRUE(run(store_->setHashRange(row.leaseKey, "5", "9")));
  const Lease read = **run(store_->get(row.leaseKey));
  EXPECT_EQ(read.startingHashKey, "5");
  EXPECT_EQ(read.endingHashKey, "9");
  EXPECT_EQ(read.leaseCounter, 0);
  EXPECT_EQ(run(store_->setHashRange("shardId-000000000009", "5", "9")).error().code(), Code::kConflict);
}

TEST_P(LeaseStoreContract, DeletesOnlyAFinishedRowThatHasNotChanged) {
  const Lease row = created("shardId-000000000002");
  EXPECT_EQ(run(store_->remove(row)).error().code(), Code::kConflict);
  const Lease ended = *run(store_->write(checkpointing(row, Checkpoint::shardEnd())));
  EXPECT_EQ(run(store_->remove(row)).error().code(), Code::kConflict);
  EXPECT_TRUE(run(store_->remove(ended)));
  EXPECT_FALSE(run(store_->get(row.leaseKey))->has_value());
  EXPECT_TRUE(run(store_->remove(ended)));
}

TEST_P(LeaseStoreContract, NeverMakesADeletedRowAgain) {
  Lease gone;
  gone.leaseKey = "shardId-000000000009";
  EXPECT_EQ(run(store_->write(renewing(gone))).error().code(), Code::kConflict);
  EXPECT_EQ(run(store_->write(checkpointing(gone, Checkpoint::at("17")))).error().code(), Code::kConflict);
  EXPECT_FALSE(run(store_->get(gone.leaseKey))->has_value());
}

TEST_P(LeaseStoreContract, ReleasesToNobody) {
  const Lease taken = *run(store_->write(taking(created("shardId-000000000002"), {"a", "1"})));
  const Lease released = *run(store_->write(releasing(taken)));
  EXPECT_EQ(released.leaseOwner, "");
  EXPECT_EQ(released.leaseCounter, 2);
  EXPECT_FALSE(run(store_->write(releasing(taken))));
}

TEST_P(LeaseStoreContract, WritesChildrenWithoutTouchingTheCounter) {
  const Lease row = created("shardId-000000000002");
  ASSERT_TRUE(run(store_->setChildren(row.leaseKey, {"shardId-000000000005", "shardId-000000000004"})));
  const Lease read = **run(store_->get(row.leaseKey));
  EXPECT_EQ(read.childShardIds, (std::set<std::string>{"shardId-000000000004", "shardId-000000000005"}));
  EXPECT_EQ(read.leaseCounter, 0);
  EXPECT_EQ(run(store_->setChildren("shardId-000000000009", {})).error().code(), Code::kConflict);
}

TEST_P(LeaseStoreContract, LeavesChildrenThatWereWrittenSinceTheRowWasRead) {
  const Lease row = created("shardId-000000000002");
  ASSERT_TRUE(run(store_->setChildren(row.leaseKey, {"shardId-000000000004"})));
  ASSERT_TRUE(run(store_->write(checkpointing(row, Checkpoint::at("17")))));
  EXPECT_EQ((*run(store_->get(row.leaseKey)))->childShardIds, std::set<std::string>{"shardId-000000000004"});
}

TEST_P(LeaseStoreContract, RemembersWhenItsStreamWasCreated) {
  const rt::WallTime first{1'767'225'600'123ms};
  EXPECT_EQ(run(store_->claimStream(first)), first);
  EXPECT_EQ(run(store_->claimStream(first + 1s)), first);
  std::unique_ptr<LeaseStore> otherStream;
  open("app", "clicks", otherStream);
  EXPECT_EQ(run(otherStream->claimStream(first + 1s)), first + 1s);
}

TEST_P(LeaseStoreContract, KeepsApplicationsAndStreamsApart) {
  created("shardId-000000000002");
  std::unique_ptr<LeaseStore> otherApplication;
  open("other", "orders", otherApplication);
  EXPECT_TRUE(run(otherApplication->list())->leases.empty());
  if (keepsStreamsApart()) {
    std::unique_ptr<LeaseStore> otherStream;
    open("app", "clicks", otherStream);
    EXPECT_TRUE(run(otherStream->list())->leases.empty());
  } else {
    EXPECT_EQ(run(factory_->open("app", "clicks")).error().code(), Code::kForeignTable);
  }
}

TEST_P(LeaseStoreContract, FindsItsRowsWhenItIsOpenedAgain) {
  const Lease row = created("shardId-000000000002");
  const rt::WallTime first{1'767'225'600'123ms};
  EXPECT_TRUE(run(store_->claimStream(first)));
  store_.reset();
  open("app", "orders", store_);
  EXPECT_EQ(run(store_->list())->leases, std::vector<Lease>{row});
  EXPECT_EQ(run(store_->claimStream(first + 1s)), first);
}

INSTANTIATE_TEST_SUITE_P(Stores, LeaseStoreContract, testing::ValuesIn(stores()),
                         [](const auto& store) { return store.param; });

class SqliteLeaseStoreTest : public LeaseStoreContract {};

TEST_P(SqliteLeaseStoreTest, RefusesATableOfAnotherProgram) {
  store_.reset();
  auto database = SqliteDatabase::open((directory_ / "leases.db").string());
  ASSERT_TRUE(
      (*database)->execute("DROP TABLE leases; DROP TABLE streams; PRAGMA user_version = 0;"
                           "CREATE TABLE leases (flat TEXT, rent INTEGER)"));
  const auto refused = run(factory_->open("app", "orders"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_NE(refused.error().message().find("not tidemill's"), std::string::npos);
  EXPECT_NE(refused.error().hint().find("leases.db"), std::string::npos);
  auto tables = (*database)->prepare("SELECT count(*) FROM sqlite_master WHERE name = 'streams'");
  ASSERT_TRUE(tables->step().value());
  EXPECT_EQ(tables->integer(0), 0) << "the other program's file was changed";
}

TEST_P(SqliteLeaseStoreTest, RefusesATableOfANewerVersion) {
  store_.reset();
  auto database = SqliteDatabase::open((directory_ / "leases.db").string());
  ASSERT_TRUE((*database)->execute("PRAGMA user_version = 7"));
  const auto refused = run(factory_->open("app", "orders"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_NE(refused.error().message().find("has version 7, and this program knows versions up to 2"),
            std::string::npos);
}

TEST_P(SqliteLeaseStoreTest, NamesARowThatWasDamagedByHand) {
  created("shardId-000000000002");
  auto database = SqliteDatabase::open((directory_ / "leases.db").string());
  ASSERT_TRUE(database);
  ASSERT_TRUE((*database)->execute("UPDATE leases SET checkpoint = 'yesterday'"));
  const auto rows = run(store_->list());
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->leases.empty());
  ASSERT_EQ(rows->unreadable.size(), 1u);
  EXPECT_EQ(rows->unreadable[0].leaseKey, "shardId-000000000002");
  EXPECT_NE(rows->unreadable[0].reason.find("yesterday"), std::string::npos);
  const auto row = run(store_->get("shardId-000000000002"));
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), Code::kForeignTable);
}

TEST_P(SqliteLeaseStoreTest, KeepsTheRowsOfAnEarlierVersion) {
  store_.reset();
  auto database = SqliteDatabase::open((directory_ / "leases.db").string());
  ASSERT_TRUE((*database)->execute(
      "ALTER TABLE leases DROP COLUMN pendingCheckpoint;"
      "ALTER TABLE leases DROP COLUMN pendingCheckpointSubSequenceNumber;"
      "ALTER TABLE leases DROP COLUMN pendingCheckpointState;"
      "ALTER TABLE leases DROP COLUMN incarnation; ALTER TABLE leases DROP COLUMN wantedBy;"
      "INSERT INTO leases VALUES ('app', 'orders', 'shardId-000000000002', NULL, 7, 0, "
      "'17', 0, '', '', '', '', NULL);"
      "PRAGMA user_version = 1"));
  open("app", "orders", store_);
  const auto row = run(store_->get("shardId-000000000002"));
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->leaseCounter, 7);
  EXPECT_EQ((*row)->checkpoint, Checkpoint::at("17"));
}

INSTANTIATE_TEST_SUITE_P(Sqlite, SqliteLeaseStoreTest, testing::Values("sqlite"));

TEST(SqliteDatabase, TellsAFullDiskFromABrokenOne) {
  EXPECT_EQ(codeFor(SQLITE_FULL, 0), Code::kDiskFull);
  EXPECT_EQ(codeFor(SQLITE_IOERR_SHMSIZE, ENOSPC), Code::kDiskFull);
  EXPECT_EQ(codeFor(SQLITE_IOERR_WRITE, EDQUOT), Code::kDiskFull);
  EXPECT_EQ(codeFor(SQLITE_IOERR_WRITE, EIO), Code::kIo);
  EXPECT_EQ(codeFor(SQLITE_CORRUPT, ENOSPC), Code::kIo);
}

TEST(SqliteDatabase, NamesAFileThatIsNoDatabase) {
  const auto path = std::filesystem::temp_directory_path() / ("no-database-" + std::to_string(getpid()));
  {
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs("this file was here before and is something else entirely, in more than one page of text",
               file);
    std::fclose(file);
  }
  const auto opened = SqliteDatabase::open(path.string());
  std::filesystem::remove(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kIo);
  EXPECT_NE(opened.error().message().find(path.filename().string()), std::string::npos);
  EXPECT_FALSE(opened.error().hint().empty());
}

TEST(SqliteDatabase, SaysThatTheDiskIsFullAndKeepsWhatWasCommitted) {
  const auto path = std::filesystem::temp_directory_path() / ("full-database-" + std::to_string(getpid()));
  auto database = SqliteDatabase::open(path.string());
  ASSERT_TRUE(database);
  ASSERT_TRUE((*database)->execute(
      "CREATE TABLE t (x TEXT); PRAGMA max_page_count = 4; INSERT INTO t VALUES ('kept')"));

  const auto full = (*database)->transaction(
      [&]() -> Result<void> { return (*database)->execute("INSERT INTO t VALUES (hex(zeroblob(100000)))"); });

  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::kDiskFull);
  EXPECT_EQ(exitCode(full.error().code()), 2);
  auto select = (*database)->prepare("SELECT x FROM t");
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->text(0), "kept");
  EXPECT_FALSE(select->step().value());
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}

}  // namespace
}  // namespace tidemill::lease

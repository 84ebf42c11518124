// What the contract of all stores does not say: the table, what KCL's workers see of our writes, and what we
// make of theirs.

#include "lease/dynamo_lease_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/scripted_transport.h"
#include "base/random.h"
#include "dynamo/attribute_json.h"
#include "dynamo/dynamo_client.h"
#include "fake/fake_aws.h"
#include "http/http_transport.h"
#include "lease/lease_table.h"
#include "lease/memory_dynamo.h"
#include "lease/memory_lease_store.h"
#include "lease/settled_write.h"
#include "sim/world.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;
using dynamo::AttributeValue;
using dynamo::Item;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kKey = "shardId-000000000002";
const rt::WallTime kCreated{1'767'225'600'123ms};

Lease freshRow(const std::string& key) {
  Lease row;
  row.leaseKey = key;
  return row;
}

class DynamoLeaseStoreTest : public testing::Test {
 protected:
  DynamoLeaseStoreTest()
      : node_(world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }))),
        env_(withLog(node_.env(), log_)),
        factory_(env_, dynamo_) {}

  static rt::Env withLog(rt::Env env, base::LogSink& log) {
    return {env.loop,     env.http,  env.fetchLoop, env.fetchHttp, env.workers, env.jobs,    env.store,
            env.replicas, env.files, env.random,    log,           env.faults,  env.registry};
  }
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }
  Result<std::unique_ptr<LeaseStore>> open(const std::string& stream = "orders") {
    return run(factory_.open("app", stream));
  }
  std::unique_ptr<LeaseStore> opened(const std::string& stream = "orders") {
    auto store = open(stream);
    EXPECT_TRUE(store) << store.error().message();
    return std::move(*store);
  }
  void put(const std::string& json, const std::string& table = "app") {
    dynamo_.put(table, *dynamo::parseItem(json));
  }
  // As a worker of KCL 1 leaves it, with an attribute that nobody knows.
  void putJavaRow() {
    put(R"({"leaseKey":{"S":"shardId-000000000002"},"leaseCounter":{"N":"7"},"checkpoint":{"S":"17"},
            "leaseOwner":{"S":"java"},"ownerSwitchesSinceCheckpoint":{"N":"1"},"zzz":{"S":"kept"}})");
  }
  const Item& row(const std::string& key = kKey) { return dynamo_.tables.at("app").rows.at(key); }

  sim::World world_{1};
  sim::Node& node_;
  aws::CapturedLog log_;
  MemoryDynamo dynamo_{world_.loop()};
  const rt::Env env_;
  DynamoLeaseStoreFactory factory_;
};

TEST_F(DynamoLeaseStoreTest, MakesTheTableAndWaitsUntilItIsActive) {
  dynamo_.creatingTurns = 30;
  const rt::TimePoint start = world_.loop().now();
  ASSERT_TRUE(open());
  EXPECT_EQ(dynamo_.tables.at("app").description.partitionKey.name, "leaseKey");
  EXPECT_GE(world_.loop().now() - start, 30s);
  EXPECT_THAT(log_.events, ElementsAre("lease_table_created"));
  ASSERT_TRUE(open());
  EXPECT_EQ(log_.events.size(), 1u);
}

TEST_F(DynamoLeaseStoreTest, DoesNotWaitForATableWhereNobodyAnswers) {
  dynamo_.refusals.emplace("app", Error(Code::kUnreachable, "nobody listens"));
  const rt::TimePoint start = world_.loop().now();
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Code::kUnreachable);
  EXPECT_LE(world_.loop().now() - start, 30s);
}

TEST_F(DynamoLeaseStoreTest, GivesUpOnATableThatNeverBecomesActive) {
  dynamo_.creatingTurns = 1'000'000;
  const rt::TimePoint start = world_.loop().now();
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Code::kTimeout);
  EXPECT_THAT(store.error().message(), HasSubstr("application app, stream orders: table app"));
  EXPECT_LE(world_.loop().now() - start, 602s);
}

TEST_F(DynamoLeaseStoreTest, MakesNoTableForWhoOnlyLooks) {
  DynamoLeaseStoreFactory looking(env_, dynamo_, {.makeTable = false, .provisioned = {}});
  const auto store = run(looking.open("app", ""));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Code::kUnknownTable);
  EXPECT_FALSE(dynamo_.tables.contains("app"));
}

TEST_F(DynamoLeaseStoreTest, RefusesATableOfAnotherFormat) {
  dynamo_.make("app", "id");
  EXPECT_EQ(open().error().code(), Code::kForeignTable);
  dynamo_.tables.clear();

  dynamo_.make("app");
  put(R"({"leaseKey":{"S":"a"},"price":{"N":"1"}})");
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Code::kForeignTable);
  EXPECT_THAT(store.error().message(), HasSubstr("leaseCounter"));
}

TEST_F(DynamoLeaseStoreTest, RefusesATableOfAnotherStreamOrOfSeveral) {
  ASSERT_TRUE(run(opened()->create(freshRow(kKey))).value());
  EXPECT_TRUE(open());
  EXPECT_TRUE(open(""));
  const auto other = open("clicks");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::kForeignTable);
  EXPECT_THAT(other.error().message(), HasSubstr("orders"));
  EXPECT_THAT(run(factory_.streamsOf("app")).value(), ElementsAre("orders"));

  dynamo_.tables.at("app").rows.clear();
  put(R"({"leaseKey":{"S":"123456789012:orders:1700000000:shardId-000000000000"},"leaseCounter":{"N":"7"},
          "checkpoint":{"S":"17"},"streamName":{"S":"123456789012:orders:1700000000"}})");
  EXPECT_EQ(open().error().code(), Code::kForeignTable);
}

TEST_F(DynamoLeaseStoreTest, RefusesANameThatNoTableHas) {
  for (const char* name : {"", "ab", "a b c", "app/x"}) {
    EXPECT_EQ(checkTableName(name).error().code(), Code::kInvalidConfig) << name;
  }
  EXPECT_TRUE(checkTableName("app"));
  EXPECT_TRUE(checkTableName(std::string(255, 'a')));
  EXPECT_FALSE(checkTableName(std::string(256, 'a')));
}

TEST_F(DynamoLeaseStoreTest, WritesNameOnlyWhatTheyChange) {
  dynamo_.make("app");
  putJavaRow();
  auto store = opened();
  const Lease seen = **run(store->get(kKey));
  EXPECT_EQ(seen.unknownAttributes.at("zzz"), R"({"S":"kept"})");

  const Lease taken = *run(store->write(taking(seen, {"b", "b/1"})));
  EXPECT_EQ(dynamo::stringOf(row(), "leaseOwner"), "b");
  EXPECT_EQ(dynamo::integerOf(row(), "ownerSwitchesSinceCheckpoint"), 2);
  EXPECT_THAT(dynamo_.lastUpdate.update, HasSubstr("REMOVE"));
  EXPECT_TRUE(dynamo_.lastUpdate.bindings.names.contains("#checkpointOwner"));

  ASSERT_TRUE(run(store->write(renewing(taken))));
  EXPECT_EQ(dynamo_.lastUpdate.update, "SET #leaseCounter = :v0");
  EXPECT_EQ(dynamo_.lastUpdate.condition, "#leaseCounter = :v1");
  EXPECT_EQ(dynamo::stringOf(row(), "zzz"), "kept");
  EXPECT_EQ(dynamo::stringOf(row(), "xTidemillStream"), "orders");
}

TEST_F(DynamoLeaseStoreTest, ATakeEndsAHandoffThatBeganSinceTheRowWasSeen) {
  dynamo_.make("app");
  putJavaRow();
  auto store = opened();
  const Lease seen = **run(store->get(kKey));
  Item handed = row();
  handed.emplace("checkpointOwner", AttributeValue::string("java"));
  dynamo_.put("app", handed);
  ASSERT_TRUE(run(store->write(taking(seen, {"b", "b/1"}))));
  EXPECT_EQ(dynamo::find(row(), "checkpointOwner"), nullptr);
}

TEST_F(DynamoLeaseStoreTest, OnlyTheEndReplacesTheEnd) {
  auto store = opened();
  ASSERT_TRUE(run(store->create(freshRow(kKey))).value());
  const Lease seen = **run(store->get(kKey));
  ASSERT_TRUE(run(store->write(checkpointing(seen, Checkpoint::at("17")))));
  EXPECT_THAT(dynamo_.lastUpdate.condition, HasSubstr("#checkpoint <> "));
  const Lease moved = **run(store->get(kKey));
  ASSERT_TRUE(run(store->write(checkpointing(moved, Checkpoint::shardEnd()))));
  EXPECT_EQ(dynamo_.lastUpdate.condition.find("<>"), std::string::npos);
}

TEST_F(DynamoLeaseStoreTest, ALostAnswerLeavesTheOutcomeOpenAndAReadSettlesIt) {
  auto store = opened();
  ASSERT_TRUE(run(store->create(freshRow(kKey))).value());
  const Lease seen = **run(store->get(kKey));
  const LeaseWrite write = taking(seen, {"b", "b/1"});
  dynamo_.lostAnswer = Error(Code::kMalformedResponse, "half an answer");
  const auto lost = run(store->write(write));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kServiceError);
  EXPECT_TRUE(lost.error().retryable());
  EXPECT_TRUE(isAppliedTo(write, **run(store->get(kKey))));
}

TEST_F(DynamoLeaseStoreTest, AnAnswerToAReadThatCannotBeUsedIsWorthAnotherTry) {
  auto store = opened();
  ASSERT_TRUE(run(store->create(freshRow(kKey))).value());
  dynamo_.refusals.emplace("app", Error(Code::kMalformedResponse, "half an answer"));
  const auto row = run(store->get(kKey));
  ASSERT_FALSE(row);
  EXPECT_TRUE(row.error().retryable());
  const auto rows = run(store->list());
  ASSERT_FALSE(rows);
  EXPECT_TRUE(rows.error().retryable());
  dynamo_.refusals.at("app") = Error(Code::kAccessDenied, "not for you");
  EXPECT_FALSE(run(store->get(kKey)).error().retryable());
}

TEST_F(DynamoLeaseStoreTest, AConflictNeedsNoItemFromTheEndpoint) {
  dynamo_.tellsItems = false;
  auto store = opened();
  ASSERT_TRUE(run(store->create(freshRow(kKey))).value());
  const Lease seen = **run(store->get(kKey));
  EXPECT_EQ(run(store->write(renewing(seen)))->leaseCounter, 1);
  EXPECT_EQ(run(store->write(renewing(seen))).error().code(), Code::kConflict);
}

TEST_F(DynamoLeaseStoreTest, SetsRowsOfOtherPurposesAndUnreadableOnesApart) {
  dynamo_.make("app");
  putJavaRow();
  put(R"({"leaseKey":{"S":"Migration3.0"},"cv":{"S":"CLIENT_VERSION_2X"}})");
  put(R"({"leaseKey":{"S":"worker-a"},"entityType":{"S":"WORKER_METRIC_STATS"},"lut":{"N":"1"}})");
  put(R"({"leaseKey":{"S":"shardId-000000000003"},"leaseCounter":{"N":"1"}})");
  put(R"({"leaseKey":{"S":"shardId-000000000001"},"leaseCounter":{"N":"1"},"checkpoint":{"S":"LATEST"}})");
  auto store = opened();
  const LeaseListing listing = *run(store->list());
  ASSERT_EQ(listing.leases.size(), 2u);
  EXPECT_EQ(listing.leases[0].leaseKey, "shardId-000000000001");
  EXPECT_THAT(listing.otherRows, ElementsAre("Migration3.0", "worker-a"));
  ASSERT_EQ(listing.unreadable.size(), 1u);
  EXPECT_EQ(listing.unreadable[0].leaseKey, "shardId-000000000003");
  EXPECT_THAT(listing.unreadable[0].reason, HasSubstr("checkpoint"));
  const std::string state = "Migration3.0";
  EXPECT_EQ(run(store->get(state)).error().code(), Code::kForeignTable);
}

TEST_F(DynamoLeaseStoreTest, NotesTheStreamOnARowOfAnotherProgramWithoutTouchingItsCounter) {
  dynamo_.make("app");
  putJavaRow();
  EXPECT_EQ(run(opened()->claimStream(kCreated)), kCreated);
  EXPECT_EQ(dynamo::integerOf(row(), "xTidemillStreamCreated"), kCreated.time_since_epoch().count());
  EXPECT_EQ(dynamo::integerOf(row(), "leaseCounter"), 7);
  EXPECT_EQ(dynamo_.tables.at("app").rows.size(), 1u);
  EXPECT_EQ(run(opened()->claimStream(kCreated + 1s)), kCreated);
}

TEST_F(DynamoLeaseStoreTest, AnyRowOfAnEarlierStreamIsFound) {
  auto store = opened();
  EXPECT_EQ(run(store->claimStream(kCreated)), kCreated);
  ASSERT_TRUE(run(store->create(freshRow(kKey))).value());
  put(R"({"leaseKey":{"S":"shardId-000000000001"},"leaseCounter":{"N":"1"},"checkpoint":{"S":"LATEST"}})");
  EXPECT_EQ(run(opened()->claimStream(kCreated)), kCreated);
  EXPECT_EQ(run(opened()->claimStream(kCreated + 1s)), kCreated);
}

TEST_F(DynamoLeaseStoreTest, SaysThatTheTableIsGone) {
  auto store = opened();
  ASSERT_TRUE(run(store->create(freshRow(kKey))).value());
  const Lease seen = **run(store->get(kKey));
  dynamo_.tables.clear();
  const auto renewed = run(store->write(renewing(seen)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code(), Code::kUnknownTable);
  EXPECT_THAT(renewed.error().hint(), HasSubstr("backup"));
  EXPECT_EQ(run(store->list()).error().code(), Code::kUnknownTable);
  EXPECT_EQ(run(store->checkFleet()).error().code(), Code::kUnknownTable);
}

TEST_F(DynamoLeaseStoreTest, AFleetWithoutStateIsJoined) {
  EXPECT_TRUE(run(opened()->checkFleet()));
}

TEST_F(DynamoLeaseStoreTest, AFleetOfKcl3IsRefusedWhereverItsStateIs) {
  auto store = opened();
  dynamo_.make("app-CoordinatorState", "key");
  put(R"({"key":{"S":"Migration3.0"},"cv":{"S":"CLIENT_VERSION_3X"}})", "app-CoordinatorState");
  const auto refused = run(store->checkFleet());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnsupportedFleet);
  EXPECT_THAT(refused.error().message(), HasSubstr("application app, stream orders: "));

  put(R"({"key":{"S":"Migration3.0"},"cv":{"S":"CLIENT_VERSION_2X"}})", "app-CoordinatorState");
  EXPECT_TRUE(run(store->checkFleet()));

  dynamo_.tables.erase("app-CoordinatorState");
  put(R"({"leaseKey":{"S":"Migration3.0"},"entityType":{"S":"CLIENT_VERSION_MIGRATION"},
          "cv":{"S":"CLIENT_VERSION_3X_WITH_ROLLBACK"}})");
  EXPECT_EQ(run(store->checkFleet()).error().code(), Code::kUnsupportedFleet);
}

TEST_F(DynamoLeaseStoreTest, FreshMetricsTellOfAFleetThatSaysNothingElse) {
  auto store = opened();
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(world_.loop().wall().time_since_epoch());
  dynamo_.make("app-WorkerMetricStats", "wid");
  dynamo_.put("app-WorkerMetricStats",
              {{"wid", AttributeValue::string("a")}, {"lut", AttributeValue::number(now.count() - 3600)}});
  EXPECT_TRUE(run(store->checkFleet()));
  dynamo_.put("app-WorkerMetricStats",
              {{"wid", AttributeValue::string("a")}, {"lut", AttributeValue::number(now.count())}});
  EXPECT_EQ(run(store->checkFleet()).error().code(), Code::kUnsupportedFleet);
}

TEST_F(DynamoLeaseStoreTest, AStateTableThatMayNotBeReadIsPassedOverAndLoggedOnce) {
  dynamo_.make("app");
  auto store = opened();
  dynamo_.refusals.emplace("app-CoordinatorState", Error(Code::kAccessDenied, "no"));
  dynamo_.refusals.emplace("app-WorkerMetricStats", Error(Code::kAccessDenied, "no"));
  EXPECT_TRUE(run(store->checkFleet()));
  EXPECT_TRUE(run(store->checkFleet()));
  EXPECT_THAT(log_.events, ElementsAre("lease_fleet_state_unreadable", "lease_fleet_state_unreadable"));
  EXPECT_THAT(log_.lines[0], HasSubstr("app-CoordinatorState"));
  EXPECT_THAT(log_.lines[1], HasSubstr("app-WorkerMetricStats"));

  dynamo_.refusals.clear();
  dynamo_.refusals.emplace("app-CoordinatorState", Error(Code::kThrottled, "slow down"));
  EXPECT_EQ(run(store->checkFleet()).error().code(), Code::kThrottled);
}

// Both stores get the same calls, made of rows as they are and as they were; they must answer alike and end
// alike.
class Differential {
 public:
  Differential(sim::World& world, LeaseStore& a, LeaseStore& b, std::uint64_t seed)
      : world_(world), a_(a), b_(b), random_(seed) {}

  void step() {
    const std::string key = "shardId-00000000000" + std::to_string(random_.between(0, 2));
    Lease seen = pick(key);
    switch (random_.between(0, 6)) {
      case 0:
        return same(run(a_.create(seen)), run(b_.create(seen)));
      case 1: {
        const auto children = childrenOf();
        return sameCode(run(a_.setChildren(key, children)), run(b_.setChildren(key, children)));
      }
      case 2:
        return sameCode(run(a_.setHashRange(key, "5", "9")), run(b_.setHashRange(key, "5", "9")));
      case 3: {
        const std::string by = worker();
        return sameCode(run(a_.ask(seen, by)), run(b_.ask(seen, by)));
      }
      case 4:
        return sameCode(run(a_.remove(seen)), run(b_.remove(seen)));
      default: {
        const LeaseWrite write = writeOf(seen);
        return same(run(a_.write(write)), run(b_.write(write)));
      }
    }
  }
  // Reads the rows of both.
  void compare() {
    const auto a = run(a_.list());
    const auto b = run(b_.list());
    ASSERT_TRUE(a && b);
    ASSERT_EQ(a->leases, b->leases);
    for (const Lease& row : a->leases) past_.push_back(row);
  }
  int writes() const { return applied_; }

 private:
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }
  template <class T>
  void sameCode(const Result<T>& a, const Result<T>& b) {
    ASSERT_EQ(a.has_value(), b.has_value()) << (a ? b.error().message() : a.error().message());
    if (a) {
      ++applied_;
    } else {
      ASSERT_EQ(a.error().code(), b.error().code());
    }
  }
  template <class T>
  void same(const Result<T>& a, const Result<T>& b) {
    sameCode(a, b);
    if (a && b) {
      ASSERT_EQ(*a, *b);
    }
  }
  std::string worker() { return random_.between(0, 1) == 0 ? "a" : "b"; }
  std::set<std::string> childrenOf() {
    if (random_.between(0, 1) == 0) return {};
    return {"shardId-000000000008", "shardId-000000000009"};
  }
  Checkpoint checkpoint() {
    const auto kind = random_.between(0, 5);
    if (kind == 0) return Checkpoint::shardEnd();
    if (kind == 1) return Checkpoint::latest();
    return Checkpoint::at(std::to_string(random_.between(1, 99)), static_cast<std::uint64_t>(kind));
  }
  // The row as it is, half of the time; else as it was at some time, or a new one.
  Lease pick(const std::string& key) {
    const auto row = run(a_.get(key));
    if (row && *row && random_.between(0, 1) == 0) return **row;
    std::vector<Lease> known;
    for (const Lease& one : past_) {
      if (one.leaseKey == key) known.push_back(one);
    }
    if (known.empty()) return freshRow(key);
    return known[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(known.size()) - 1))];
  }
  LeaseWrite writeOf(const Lease& seen) {
    switch (random_.between(0, 6)) {
      case 0:
        return renewing(seen);
      case 1:
        return releasing(seen);
      case 2:
        return seen.wantedBy.empty() ? renewing(seen) : handingOver(seen);
      case 3:
        return checkpointing(seen, checkpoint());
      case 4:
        return preparing(seen, checkpoint(),
                         random_.between(0, 1) == 0 ? std::optional<std::string>("s") : std::nullopt);
      case 5:
        return rewinding(seen, checkpoint());
      default: {
        const std::string id = worker();
        return taking(seen, {id, id + "/1"});
      }
    }
  }

  sim::World& world_;
  LeaseStore& a_;
  LeaseStore& b_;
  base::Random random_;
  std::vector<Lease> past_;
  int applied_ = 0;
};

TEST_F(DynamoLeaseStoreTest, AnswersAsTheStoreInMemoryDoes) {
  int applied = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    dynamo_.tables.clear();
    auto store = opened();
    MemoryLeaseStore memory(env_, "app", "orders", std::make_shared<MemoryLeaseTable>());
    Differential both(world_, memory, *store, seed);
    for (int i = 0; i < 120 && !HasFatalFailure(); ++i) {
      both.step();
      if (!HasFatalFailure()) both.compare();
    }
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
    applied += both.writes();
  }
  EXPECT_GT(applied, 1000);
}

// The client, the service and a network that loses, delays and breaks calls.
TEST(DynamoLeaseStoreOverTheNetwork, EachWriteHappensOnceWhateverTheNetworkDoes) {
  std::uint64_t faults = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    fake::FakeAws aws({});
    sim::WorldOptions options;
    options.net.requestLost = options.net.responseLost = options.net.reset = 30'000;
    options.net.serverError = options.net.throttle = options.net.slow = 30'000;
    sim::World world(seed, options);
    world.net().serve("dynamo.local",
                      {.handle = [&aws](const http::Request& request,
                                        rt::WallTime now) { return aws.handle(request, now).response; },
                       .throttled = {}});
    rt::Env& env =
        world.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; })).env();
    dynamo::DynamoClientOptions where;
    where.aws.endpoint = {"http://dynamo.local:4567", "us-east-1"};
    where.aws.credentials = AwsCredentials("test", "test");
    dynamo::DynamoClient client(env.loop, env.http, env.random, env.log, where);
    DynamoLeaseStoreFactory factory(env, client);
    auto store = world.loop().run(factory.open("app", "orders"));
    ASSERT_TRUE(store) << store.error().message();
    const SettleContext settling{env.loop, **store, env.random};
    ASSERT_TRUE(world.loop().run(createSettled(settling, freshRow(kKey))));
    Lease row = freshRow(kKey);
    for (int i = 1; i <= 60; ++i) {
      const Checkpoint next = Checkpoint::at(std::to_string(i));
      const LeaseWrite write = i % 3 == 0   ? checkpointing(row, next)
                               : i % 3 == 1 ? taking(row, {"a", "a/1"})
                                            : renewing(row);
      const auto written = world.loop().run(writeSettled(settling, write));
      ASSERT_TRUE(written) << "seed " << seed << ": " << written.error().message();
      row = written->row;
      ASSERT_EQ(row.leaseCounter, i) << "seed " << seed;
      ASSERT_EQ(row, write.after) << "seed " << seed;
    }
    faults += world.net().faultsDrawn();
  }
  EXPECT_GT(faults, 50u);
}

}  // namespace
}  // namespace tidemill::lease

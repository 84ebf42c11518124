#include "sim/world.h"

#include <gtest/gtest.h>

#include <string>

#include "rt/channel.h"
#include "rt/worker_pool.h"
#include "sim/checker.h"
#include "sim/nemesis.h"
#include "sim/runner.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

// A counter behind HTTP: adds one per request, and remembers by whom.
class CounterService {
 public:
  void serveOn(SimNet& net) {
    net.serve("counter.local", {.handle =
                                    [this](const http::Request& request, rt::WallTime) {
                                      ++applied;
                                      last = request.body;
                                      return makeResponse(200, "text/plain", std::to_string(applied));
                                    },
                                .throttled = {}});
  }
  std::uint64_t applied = 0;
  std::string last;
};

// Touches every seam of its Env for ever.
rt::Task<void> useEverything(rt::Env& env) {
  http::Request request;
  request.url = "http://counter.local/add";
  request.body = env.random.uuid();
  static_cast<void>(env.files.makeDirectory("state"));
  auto lock = env.files.lock("state/lock", "a worker");
  if (!lock) env.log.write(base::Severity::kBug, "lock_refused", {{"error", lock.error().message()}});
  for (;;) {
    const http::SendOptions options{.deadline = env.loop.now() + 1s};
    auto response = co_await env.http.send(request, options);
    env.log.info("answered", {{"ok", response.has_value() ? 1 : 0}});
    auto append = [&files = env.files] {
      auto file = files.openAppend("state/log");
      if (!file || !(*file)->append("line\n") || !(*file)->sync()) return 0;
      return files.syncDirectory("state") ? 1 : 0;
    };
    co_await rt::runOn(env.store, env.loop, std::move(append));
    auto twice = [n = 21] { return 2 * n; };
    const int number = co_await rt::runOn(env.workers, env.loop, std::move(twice));
    if (number != 42) env.log.write(base::Severity::kBug, "wrong_number", {});
    co_await env.loop.sleepFor(1ms);
  }
}

WorldOptions roughWorld() {
  WorldOptions options;
  options.net.requestLost = 10'000;
  options.net.responseLost = 10'000;
  options.net.reset = 10'000;
  options.net.serverError = 10'000;
  options.net.throttle = 10'000;
  options.net.slow = 10'000;
  options.disk.full = 10'000;
  options.disk.syncFails = 10'000;
  return options;
}

SeedOutcome roughRun(std::uint64_t seed, const WorkloadOptions& options) {
  World world(seed, roughWorld());
  CounterService counter;
  counter.serveOn(world.net());
  for (const char* name : {"one", "two", "three"}) {
    Node& node = world.addNode(name, taskProgram(useEverything), {.offset = {}, .driftPpm = 50});
    world.spawn(crashNemesis(world, node, {.every = {1s, 3s}, .down = {100ms, 2s}, .stepsMax = 100}));
    world.spawn(stallNemesis(world, node, {2s, 4s}, {1ms, 500ms}));
    world.spawn(clockNemesis(world, node, {1s, 5s}, 1h));
    world.spawn(cutNemesis(world, node, "counter.local", {1s, 5s}, {10ms, 2s}));
  }
  if (world.runFor(options.time)) {
    world.heal();
    world.runFor(1s);
  }
  return outcomeOf(world);
}

const Workload kRough{"rough", "touches every seam", {}, roughRun};

TEST(World, RepeatsItselfFromTheSeed) {
  const WorkloadOptions options{.time = 20s, .planted = {}, .settings = {}};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto outcome = runTwice(kRough, seed, options);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_FALSE(outcome->failed) << outcome->report;
    EXPECT_GT(outcome->calls, 100U);
  }
  EXPECT_NE(roughRun(1, options).hash, roughRun(2, options).hash);
}

TEST(World, GivesTheSameHashWithEveryCompiler) {
  // A change of the simulator's draws changes this number, and that is fine: take the new one. A compiler
  // must not.
  const WorkloadOptions options{.time = 10s, .planted = {}, .settings = {}};
  const RunSummary summary = runSeeds(kRough, 1, 20, options);
  EXPECT_EQ(summary.failed, 0U);
  EXPECT_EQ(summary.hash, 16189689108890356463ULL);
}

// Everything that a program holds when it is destroyed tries to act on the world.
class ActsAtTheEnd {
 public:
  explicit ActsAtTheEnd(rt::Env& env) : env_(env) {}
  ActsAtTheEnd(const ActsAtTheEnd&) = delete;
  ActsAtTheEnd& operator=(const ActsAtTheEnd&) = delete;
  ~ActsAtTheEnd() {
    env_.loop.post([] { ADD_FAILURE() << "a dead node ran a post"; });
    env_.workers.submit([] { ADD_FAILURE() << "a dead node ran a function"; });
    EXPECT_FALSE(env_.files.openAppend("from-the-grave"));
    rt::TaskGroup late(env_.loop);
    late.spawn([](rt::Env& env) -> rt::Task<void> {
      http::Request request;
      request.url = "http://counter.local/add";
      request.body = "from the grave";
      const http::SendOptions options{.deadline = env.loop.now() + 1s};
      co_await env.http.send(request, options);
    }(env_));
  }

 private:
  rt::Env& env_;
};

rt::Task<void> produce(rt::Env& env, rt::Channel<std::string>& channel) {
  const ActsAtTheEnd end(env);
  http::Request request;
  request.url = "http://counter.local/add";
  for (;;) {
    const http::SendOptions options{.deadline = env.loop.now() + 100ms};
    auto response = co_await env.http.send(request, options);
    std::string text = response ? std::string(response->body->view()) : "none";
    co_await channel.push(std::move(text));
  }
}

rt::Task<void> deepTree(rt::Env& env) {
  const ActsAtTheEnd end(env);
  rt::Channel<std::string> channel(env.loop, 1);
  rt::TaskGroup group(env.loop);
  group.spawn(produce(env, channel));
  group.spawn(produce(env, channel));
  for (;;) {
    auto text = co_await channel.pop();
    auto write = [&files = env.files, value = std::move(*text)] {
      auto file = files.openAppend("log");
      return file && (*file)->append(value);
    };
    co_await rt::runOn(env.store, env.loop, std::move(write));
    co_await env.loop.sleepFor(1ms);
  }
}

TEST(World, ACrashBeforeAnyStepLeavesNothingThatActs) {
  for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerCut}) {
    for (std::uint64_t step = 1; step <= 150; ++step) {
      World world(step);
      CounterService counter;
      counter.serveOn(world.net());
      Node& node = world.addNode("one", taskProgram(deepTree));
      node.crashBeforeStep(step, kind);
      ASSERT_TRUE(world.runUntil([&] { return !node.up(); }, 1h));
      EXPECT_FALSE(node.disk().find("from-the-grave"));
      node.restart();
      ASSERT_TRUE(world.runFor(1s)) << world.failureText();
      EXPECT_EQ(node.starts(), 2);
      EXPECT_NE(counter.last, "from the grave");
    }
  }
}

TEST(World, ANodeMayCrashInsideItsOwnStep) {
  World world(1);
  Node* self = nullptr;
  bool wentOn = false;
  self = &world.addNode("one", taskProgram([&](rt::Env& env) -> rt::Task<void> {
                          co_await env.loop.sleepFor(1ms);
                          self->crash(CrashKind::kPowerCut);
                          EXPECT_FALSE(self->up());
                          co_await env.loop.sleepFor(1ms);
                          wentOn = true;
                        }));
  EXPECT_TRUE(world.runFor(1s));
  EXPECT_FALSE(wentOn);
  EXPECT_EQ(self->program(), nullptr);
}

TEST(World, ABugInTheLogFailsTheRunAndTheReportSaysWhere) {
  World world(7);
  world.addNode("one", taskProgram([](rt::Env& env) -> rt::Task<void> {
                  co_await env.loop.sleepFor(1500ms);
                  env.log.write(base::Severity::kBug, "broken", {{"shard", "shard 1"}});
                }));
  EXPECT_FALSE(world.runFor(10s));
  EXPECT_EQ(world.firstViolation()->invariant, "Bug");
  EXPECT_EQ(world.failureText().find("FAILED seed=7 invariant=Bug at=1.500000 detail="), 0U)
      << world.failureText();
  EXPECT_NE(world.failureText().find("node.start"), std::string::npos);
  EXPECT_EQ(world.loop().now() - rt::TimePoint{}, 1500ms);  // The run ended there.
}

class Ascending final : public Checker {
 public:
  using Checker::Checker;
  void on(int value) {
    expect(value > last_, "I2", "not ascending");
    last_ = value;
  }

 private:
  int last_ = 0;
};

TEST(World, TheFirstViolationOfACheckerCounts) {
  World world(1);
  Ascending checker(world);
  checker.on(1);
  checker.on(2);
  EXPECT_FALSE(world.failed());
  checker.on(2);
  world.violation("I9", "too late");
  EXPECT_EQ(world.firstViolation()->invariant, "I2");
  EXPECT_FALSE(world.runFor(1s));
}

TEST(World, RunUntilEndsWhenThePredicateHoldsOrPatienceIsOver) {
  World world(1);
  CounterService counter;
  counter.serveOn(world.net());
  world.addNode("one", taskProgram(useEverything));
  EXPECT_TRUE(world.runUntil([&] { return counter.applied >= 10; }, 10s));
  EXPECT_EQ(counter.applied, 10U);
  EXPECT_FALSE(world.runUntil([] { return false; }, 5s));
  EXPECT_FALSE(world.failed());
}

TEST(World, HealingEndsAllFaultsAndStartsWhatIsDown) {
  World world(1, roughWorld());
  CounterService counter;
  counter.serveOn(world.net());
  Node& node = world.addNode("one", taskProgram(useEverything));
  world.net().cutRequests("one", "counter.local", true);
  node.crash(CrashKind::kKill);
  world.faultPlan().otherRate = 1'000'000;
  world.heal();

  EXPECT_TRUE(node.up());
  EXPECT_FALSE(node.env().faults.fires("anything"));
  EXPECT_FALSE(world.faultsOn());
  const std::uint64_t before = world.net().faultsDrawn();
  EXPECT_TRUE(world.runFor(2s));
  EXPECT_EQ(world.net().faultsDrawn(), before);
  EXPECT_EQ(counter.applied, world.net().calls() - (counter.applied < world.net().calls() ? 1 : 0));
}

TEST(World, EndsItsProgramsWhileWhatTheyReferToIsStillThere) {
  struct Tracker {
    bool gone = false;
  };
  struct Program final : NodeProgram {
    explicit Program(Tracker& t) : tracker(t) {}
    ~Program() override { tracker.gone = true; }
    Tracker& tracker;
  };
  World world(1);
  Tracker tracker;  // Declared later, so destroyed earlier than the world.
  world.addNode("one", [&](rt::Env&) { return std::make_unique<Program>(tracker); });
  world.runFor(1s);
  EXPECT_FALSE(outcomeOf(world).failed);
  EXPECT_TRUE(tracker.gone);
  EXPECT_EQ(world.node("one"), nullptr);
}

TEST(World, SeesTasksThatKeepEachOtherReadyForEver) {
  World world(1);
  world.addNode("one", taskProgram([](rt::Env& env) -> rt::Task<void> {
                  for (;;) co_await env.loop.yield();
                }));
  EXPECT_FALSE(world.runFor(1s));
  EXPECT_EQ(world.firstViolation()->invariant, "Livelock");
}

TEST(SimFaults, FireAtTheirRatesAndPlantBugsByName) {
  FaultPlan plan;
  plan.rates["often"] = 500'000;
  plan.planted.insert("checkpoint-before-output");
  SimFaults faults(plan, 1);
  int fired = 0;
  for (int i = 0; i < 1000; ++i) fired += faults.fires("often") ? 1 : 0;
  EXPECT_GT(fired, 400);
  EXPECT_LT(fired, 600);
  EXPECT_FALSE(faults.fires("never"));
  EXPECT_TRUE(faults.planted("checkpoint-before-output"));
  EXPECT_FALSE(faults.planted("another"));
}

}  // namespace
}  // namespace tidemill::sim

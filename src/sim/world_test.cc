#include "sim/world.h"

#include <gtest/gtest.h>

#include "rt/worker_pool.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr char kHost[] = "echo.local";

SimService countingService(std::uint64_t& applied) {
  return {.handle = [&applied](const http::Request&, rt::WallTime) {
            ++applied;
            return makeResponse(200, "text/plain", "pong");
          },
          .throttled = {}};
}

rt::Task<void> callForEver(rt::Env& env) {
  http::Request request;
  request.url = "http://echo.local/";
  request.body = "ping";
  for (;;) {
    const http::SendOptions options{.deadline = env.loop.now() + 1s};
    auto response = co_await env.http.send(request, options);
    auto file = env.files.openAppend("log");
    if (file) static_cast<void>((*file)->append(response ? "ok\n" : "no\n"));
    auto twice = [n = 21] { return 2 * n; };
    auto number = co_await rt::runOn(env.workers, env.loop, std::move(twice));
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
  return options;
}

struct Outcome {
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t applied = 0;
};

Outcome runOnce(std::uint64_t seed) {
  Outcome run;
  World world(seed, roughWorld());
  world.net().serve(kHost, countingService(run.applied));
  Node& one = world.addNode("one", taskProgram(callForEver));
  world.addNode("two", taskProgram(callForEver));
  for (int i = 0; i < 20; ++i) {
    const auto kind = i % 2 == 0 ? CrashKind::kKill : CrashKind::kPowerCut;
    one.crashBeforeStep(1 + world.random().below(100), kind);
    EXPECT_TRUE(world.runFor(3s));
    EXPECT_FALSE(one.up());
    one.restart();
  }
  run.hash = world.history().hash();
  run.events = world.history().events();
  return run;
}

TEST(World, RepeatsItselfFromTheSeed) {
  const Outcome first = runOnce(1);
  const Outcome again = runOnce(1);
  const Outcome other = runOnce(2);

  EXPECT_GT(first.events, 1000U);
  EXPECT_EQ(first.hash, again.hash);
  EXPECT_EQ(first.events, again.events);
  EXPECT_EQ(first.applied, again.applied);
  EXPECT_NE(first.hash, other.hash);
}

}  // namespace
}  // namespace tidemill::sim

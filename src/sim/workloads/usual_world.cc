#include "sim/workloads/usual_world.h"

#include <fmt/format.h>

#include <utility>

namespace tidemill::sim {

using namespace std::chrono_literals;

WorldOptions usualWorld(const WorkloadOptions& options) {
  WorldOptions world;
  world.faults.planted = options.planted;
  world.net.on = options.faults;
  world.faults.on = options.faults;
  world.net.requestLost = 3'000;
  world.net.responseLost = 3'000;
  world.net.reset = 5'000;
  world.net.serverError = 5'000;
  world.net.throttle = 10'000;
  world.net.slow = 3'000;
  return world;
}

fake::FakeAwsOptions usualService(std::uint64_t seed, const WorkloadOptions& options) {
  fake::FakeAwsOptions service;
  service.seed = seed;
  service.bareEnds = true;
  service.networkFaults = false;  // The simulated network has its own.
  service.faultsPerThousand = options.faults ? 20 : 0;
  service.iteratorLife = 20s;  // Short, so that iterators expire within a run.
  return service;
}

void serve(World& world, const std::string& host, fake::FakeAws& service) {
  world.net().serve(host,
                    {.handle = [&service](const http::Request& request,
                                          rt::WallTime now) { return service.handle(request, now).response; },
                     .throttled = {}});
}

void addProducer(World& world, StreamProducerOptions options, bool& produced) {
  world.addNode("producer", taskProgram([options = std::move(options), &produced](rt::Env& env) {
                  return produceStream(env, options, produced);
                }));
}

void watchCheckpoints(lease::MemoryLeaseTable& leases, DeliveryChecker& checker) {
  leases.onCheckpoint = [&checker](const std::string& shard, const lease::Checkpoint& from,
                                   const lease::Checkpoint& to) { checker.onCheckpoint(shard, from, to); };
}

void catchUp(World& world, fake::FakeAws& service, const bool& produced, DeliveryChecker& checker,
             rt::Duration patience, std::string_view missed) {
  world.heal();
  service.setFaults(0);
  const bool complete = world.runUntil([&] { return produced && checker.complete(); }, patience);
  if (!complete && !world.failed()) world.violation("I7", fmt::format("{}: {}", missed, checker.missing()));
  if (!world.failed()) checker.finish();
}

}  // namespace tidemill::sim

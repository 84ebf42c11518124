#include "sim/workloads/happened.h"

namespace tidemill::sim {
namespace {

std::uint64_t refusals(const fake::FakeKinesis& kinesis, std::string_view type) {
  const auto& byError = kinesis.calls().byError;
  const auto found = byError.find(type);
  return found == byError.end() ? 0 : found->second;
}

}  // namespace

Happened happenedIn(const World& world, const fake::FakeKinesis& kinesis) {
  const History& history = world.history();
  Happened happened;
  happened["crashes"] = history.count("node.kill") + history.count("node.powercut");
  happened["stalls"] = history.count("node.stall");
  happened["clock_steps"] = history.count("node.clock");
  happened["lost"] = history.count("net.resplost");
  happened["lost_requests"] = history.count("net.reqlost");
  happened["resets"] = history.count("net.reset");
  happened["server_errors"] = history.count("net.5xx");
  happened["throttled"] = history.count("net.throttle") +
                          refusals(kinesis, "ProvisionedThroughputExceededException") +
                          refusals(kinesis, "LimitExceededException");
  happened["expired"] = refusals(kinesis, "ExpiredIteratorException");
  happened["bare_ends"] = kinesis.calls().bareEnds;
  std::uint64_t halves = 0;
  std::uint64_t merges = 0;
  for (const auto& [name, stream] : kinesis.store().streams()) {
    for (const auto& shard : stream->shards) {
      if (shard->adjacentParent) {
        ++merges;
      } else if (shard->parent) {
        ++halves;
      }
    }
  }
  happened["splits"] = halves / 2;
  happened["merges"] = merges;
  return happened;
}

}  // namespace tidemill::sim

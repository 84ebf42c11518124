#include "sim/workloads/stream_producer.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kinesis/hash_key.h"
#include "kinesis/kinesis_client.h"
#include "rt/task_group.h"
#include "sim/workloads/test_account.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array kWords = {"tide",  "mill",  "pond",  "gate",   "wheel",
                               "stone", "grain", "flour", "sluice", "ebb"};

// Half way between the ends of a shard.
std::string middleOf(const kinesis::Shard& shard) {
  const auto low = kinesis::parseHashKey(shard.startingHashKey).value_or(0);
  const auto high = kinesis::parseHashKey(shard.endingHashKey).value_or(kinesis::kHashKeyMax);
  return kinesis::formatHashKey(low + (high - low) / 2);
}

std::string someLine(base::Random& random) {
  std::string line;
  const std::uint64_t words = random.below(8);
  for (std::uint64_t i = 0; i < words; ++i) {
    if (i > 0) line += ' ';
    line += kWords[random.below(kWords.size())];
  }
  return line;
}

// The parts' keys may belong to other shards.
std::string somePacked(base::Random& random, PackedRecords& packed) {
  std::vector<PackedPart> parts(1 + random.below(6));
  for (PackedPart& part : parts) {
    part.text = someLine(random);
    part.partitionKey = random.uuid();
  }
  return random.chance(1, 8) ? packed.packDamaged(parts) : packed.pack(parts);
}

std::vector<kinesis::PutEntry> someLines(base::Random& random, PackedRecords* packed) {
  std::vector<kinesis::PutEntry> entries(1 + random.below(20));
  for (kinesis::PutEntry& entry : entries) {
    const bool many = packed != nullptr && random.chance(1, 4);
    entry.data = many ? somePacked(random, *packed) : someLine(random);
    entry.partitionKey = random.uuid();
  }
  return entries;
}

rt::Task<void> putLines(rt::Env& env, kinesis::KinesisApi& api, std::string stream, PackedRecords* packed,
                        rt::TimePoint until) {
  while (env.loop.now() < until) {
    const std::vector<kinesis::PutEntry> entries = someLines(env.random, packed);
    auto put = co_await api.putRecords(stream, entries);
    const rt::Duration pause = std::chrono::milliseconds(env.random.between(100, put ? 1500 : 5000));
    co_await env.loop.sleepFor(pause);
  }
}

rt::Task<void> reshard(rt::Env& env, kinesis::KinesisApi& api, std::string stream) {
  auto shards = co_await kinesis::listAllShards(api, stream);
  if (!shards) co_return;
  std::vector<kinesis::Shard> open;
  for (const kinesis::Shard& shard : *shards) {
    if (shard.open()) open.push_back(shard);
  }
  if (open.empty()) co_return;
  const auto byHash = [](const kinesis::Shard& a, const kinesis::Shard& b) {
    return std::pair(a.startingHashKey.size(), a.startingHashKey) <
           std::pair(b.startingHashKey.size(), b.startingHashKey);
  };
  std::sort(open.begin(), open.end(), byHash);
  const auto place = static_cast<std::size_t>(env.random.below(open.size()));
  const bool split = env.random.chance(1, 2) || place + 1 == open.size();
  if (split) {
    const std::string middle = middleOf(open[place]);
    auto done = co_await api.splitShard(stream, open[place].shardId, middle);
    static_cast<void>(done);  // The stream may be busy; the next resharding comes.
  } else {
    auto done = co_await api.mergeShards(stream, open[place].shardId, open[place + 1].shardId);
    static_cast<void>(done);
  }
}

}  // namespace

rt::Task<void> produceStream(rt::Env& env, StreamProducerOptions options, bool& done) {
  kinesis::KinesisClient api(env.loop, env.http, env.random, env.log, testClient(options.endpoint));
  bool active = false;
  while (!active) {  // Until it exists: the world heals in the end.
    auto summary = co_await api.describeStreamSummary(options.stream);
    active = summary && summary->status == "ACTIVE";
    if (!summary && summary.error().code() == Code::kUnknownStream) {
      auto created = co_await api.createStream(options.stream, options.shards);
      static_cast<void>(created);
    }
    co_await env.loop.sleepFor(100ms);
  }
  const rt::TimePoint until = env.loop.now() + options.time;
  rt::TaskGroup puts(env.loop);
  puts.spawn(putLines(env, api, options.stream, options.packed, until));
  for (int i = 0; i < options.reshardings; ++i) {
    const auto share = options.time.count() / (options.reshardings + 1);
    const rt::Duration pause(env.random.between(share / 2, share));
    co_await env.loop.sleepFor(pause);
    co_await reshard(env, api, options.stream);
  }
  co_await puts.join(options.time + 300s);
  done = true;
}

}  // namespace tidemill::sim

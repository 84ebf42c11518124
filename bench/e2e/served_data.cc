#include "served_data.h"

#include <algorithm>
#include <filesystem>

#include "cli/line_producer.h"

namespace tidemill::bench {
namespace {

constexpr std::int64_t kPortion = 10'000;

// bin/bench_e2e and tidemill lie in one build tree.
std::string tidemillProgram() {
  return (std::filesystem::path(cli::ownProgram()).parent_path().parent_path() / "tidemill").string();
}

}  // namespace

Result<void> ServedData::fill(std::int64_t records) {
  auto ready = startFake();
  if (ready) ready = createStream();
  if (!ready) return ready;
  cli::LineProducer producer(production_.env().loop, *client_, random_, kStream);
  for (std::int64_t left = records; left > 0; left -= std::min(left, kPortion)) {
    std::vector<std::string> lines;
    for (std::int64_t i = 0; i < std::min(left, kPortion); ++i) lines.push_back(nextLine());
    auto put = production_.block(producer.put(std::move(lines)));
    if (!put) return put;
  }
  return {};
}

Result<void> ServedData::startFake() {
  auto fake = cli::FakeProcess::start(tidemillProgram(), {"--limits", "off"});
  if (!fake) return fail(fake.error());
  fake_.emplace(std::move(*fake));
  kinesis::KinesisClientOptions options = fake_->clientOptions();
  options.wire = kinesis::Wire::kCbor;
  const rt::Env& env = production_.env();
  client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random_, env.log, options);
  return {};
}

Result<void> ServedData::createStream() {
  auto created = production_.block(client_->createStream(kStream, kShards));
  if (!created) return created;
  return cli::awaitActive(production_, *client_, kStream);
}

Result<std::vector<std::string>> ServedData::iterators() {
  auto shards = production_.block(kinesis::listAllShards(*client_, kStream));
  if (!shards) return fail(shards.error());
  std::vector<std::string> iterators;
  for (const kinesis::Shard& shard : *shards) {
    auto iterator = production_.block(client_->getShardIterator(kStream, shard.shardId, {}));
    if (!iterator) return fail(iterator.error());
    iterators.push_back(std::move(*iterator));
  }
  return iterators;
}

std::string ServedData::nextLine() {
  std::string line(static_cast<std::size_t>(kRecordBytes), '\0');
  for (char& c : line) c = static_cast<char>('a' + (&c - line.data()) % 26);
  const std::string mark = std::to_string(random_.next());  // No two records are alike.
  line.replace(0, mark.size(), mark);
  return line;
}

}  // namespace tidemill::bench

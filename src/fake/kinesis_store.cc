#include "fake/kinesis_store.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace tidemill::fake {
namespace {

// A new stream's shards claim to be this much older than the call that made them; the service's do by 2 to 7
// s.
constexpr std::chrono::seconds kBackdating{2};
// Numbers of neighbouring records differ by one plus at most this.
constexpr std::uint64_t kGapMax = 7;

std::int64_t secondOf(rt::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

std::string_view statusName(StreamStatus status) {
  switch (status) {
    case StreamStatus::kCreating:
      return "CREATING";
    case StreamStatus::kActive:
      return "ACTIVE";
    case StreamStatus::kUpdating:
      return "UPDATING";
    case StreamStatus::kDeleting:
      return "DELETING";
  }
  return "";
}

std::string formatShardId(std::uint32_t index) {
  std::string id = "shardId-000000000000";  // By hand: every call and every record names its shard.
  for (auto digit = id.rbegin(); index > 0; index /= 10, ++digit)
    *digit = static_cast<char>('0' + index % 10);
  return id;
}

std::optional<std::uint32_t> parseShardId(std::string_view text) {
  const auto hyphen = text.rfind('-');
  if (hyphen != std::string_view::npos) text.remove_prefix(hyphen + 1);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto number = base::parseInteger(text);
  if (!number || *number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::string FakeShard::id() const {
  return formatShardId(index);
}

std::string FakeShard::startingSequenceNumber() const {
  return formatSequence({second, second, 0, index, briefNumbers});
}

std::string FakeShard::endingSequenceNumber() const {
  if (!closed) return {};
  return formatSequence({second, std::max(second, secondOf(*closed)), kCounterEnd, index, briefNumbers});
}

bool FakeStream::expired(const FakeShard& shard, rt::WallTime now) const {
  return shard.closed && *shard.closed + retention() <= now;
}

FakeShard* FakeStream::shard(std::uint32_t index, rt::WallTime now) const {
  if (index >= shards.size() || expired(*shards[index], now)) return nullptr;
  return shards[index].get();
}

std::vector<const FakeShard*> FakeStream::childrenOf(std::uint32_t index) const {
  std::vector<const FakeShard*> children;
  for (const auto& shard : shards) {
    if (shard->parent == index || shard->adjacentParent == index) children.push_back(shard.get());
  }
  return children;
}

int FakeStream::openShards() const {
  return static_cast<int>(
      std::count_if(shards.begin(), shards.end(), [](const auto& s) { return s->open(); }));
}

FakeShard& FakeStream::route(HashKey key) const {
  for (const auto& shard : shards) {
    if (shard->open() && shard->startingHashKey <= key && key <= shard->endingHashKey) return *shard;
  }
  base::checkFailed("route", __FILE__, __LINE__, "the open shards of a stream cover all hash keys");
}

KinesisStore::KinesisStore(const FakeAwsOptions& options, base::Random random)
    : options_(options), random_(random) {}

FakeStream* KinesisStore::find(std::string_view name) {
  const auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second.get();
}

ServiceError KinesisStore::streamNotFound(std::string_view name) const {
  return {"ResourceNotFoundException",
          fmt::format("Stream {} under account {} not found.", name, options_.accountId)};
}

ServiceError KinesisStore::shardNotFound(std::string_view shard, std::string_view stream) const {
  return {"ResourceNotFoundException", fmt::format("Could not find shard {} in stream {} under account {}.",
                                                   shard, stream, options_.accountId)};
}

int KinesisStore::openShards() const {
  int open = 0;
  for (const auto& [name, stream] : streams_) {
    open += stream->status == StreamStatus::kCreating ? stream->shardsWanted : stream->openShards();
  }
  return open;
}

Outcome<void> KinesisStore::roomFor(int shards) const {
  const int open = openShards();
  if (open + shards <= options_.shardLimit) return {};
  return refuse(
      "LimitExceededException",
      fmt::format("This request would exceed the shard limit for the account {} in {}. Current shard "
                  "count for the account: {}. Limit: {}. Number of additional shards that would have "
                  "resulted from this request: {}. Refer to the AWS Service Limits page "
                  "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current "
                  "limits and how to request higher limits.",
                  options_.accountId, options_.region, open, options_.shardLimit, shards));
}

Outcome<void> KinesisStore::mustBeActive(const FakeStream& stream) const {
  if (stream.status == StreamStatus::kActive) return {};
  return refuse("ResourceInUseException",
                fmt::format("Stream {} under account {} not ACTIVE, instead in state {}", stream.name,
                            options_.accountId, statusName(stream.status)));
}

Outcome<void> KinesisStore::create(const NewStream& wanted, rt::WallTime now) {
  if (find(wanted.name) != nullptr) {
    return refuse("ResourceInUseException",
                  fmt::format("Stream {} under account {} already exists.", wanted.name, options_.accountId));
  }
  if (auto room = roomFor(wanted.shards); !room) return room;
  auto stream = std::make_unique<FakeStream>();
  stream->name = wanted.name;
  stream->arn =
      fmt::format("arn:aws:kinesis:{}:{}:stream/{}", options_.region, options_.accountId, wanted.name);
  stream->status = StreamStatus::kCreating;
  stream->statusUntil = now + options_.createDelay;
  stream->created = now;
  stream->incarnation = ++incarnations_;
  stream->onDemand = wanted.onDemand;
  stream->retentionMax = options_.retention;
  stream->recordKiBMax = wanted.recordKiBMax;
  stream->shardsWanted = wanted.shards;
  streams_.emplace(wanted.name, std::move(stream));
  return {};
}

Outcome<void> KinesisStore::remove(FakeStream& stream, rt::WallTime now) {
  if (stream.status == StreamStatus::kDeleting) return {};
  stream.status = StreamStatus::kDeleting;
  stream.statusUntil = now + options_.deleteDelay;
  stream.reshard.reset();
  return {};
}

Outcome<FakeShard*> KinesisStore::shardToChange(FakeStream& stream, std::string_view text,
                                                rt::WallTime now) const {
  const auto index = parseShardId(text);
  if (!index) return refuse(shardNotFound(text, stream.name));
  FakeShard* shard = stream.shard(*index, now);
  if (shard == nullptr) return refuse(shardNotFound(formatShardId(*index), stream.name));
  return shard;
}

Outcome<void> KinesisStore::split(FakeStream& stream, std::string_view text,
                                  std::string_view newStartingHashKey, rt::WallTime now) {
  // A stream that is being created has no shards yet, and its state is what the service speaks of.
  if (stream.status == StreamStatus::kCreating) return mustBeActive(stream);
  const auto shard = shardToChange(stream, text, now);
  if (!shard) return refuse(shard.error());
  if (auto room = roomFor(1); !room) return room;
  const auto cut = parseHashKey(newStartingHashKey);
  const HashKey low = (*shard)->startingHashKey;
  const HashKey high = (*shard)->endingHashKey;
  if (!cut || *cut <= low || *cut - low <= 1 || *cut >= high) {
    return invalidArgument(fmt::format(
        "NewStartingHashKey {} used in SplitShard() on shard {} in stream {} under account {} is not both "
        "greater "
        "than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
        newStartingHashKey, (*shard)->id(), stream.name, options_.accountId, formatHashKey(low),
        formatHashKey(high)));
  }
  if (auto active = mustBeActive(stream); !active) return active;
  if (!(*shard)->open()) {
    return invalidArgument(
        fmt::format("Shard {} in stream {} under account {} has already been merged or split, and "
                    "thus is not eligible for merging or splitting.",
                    (*shard)->id(), stream.name, options_.accountId));
  }
  stream.status = StreamStatus::kUpdating;
  stream.statusUntil = now + options_.reshardDelay;
  stream.reshard = PendingReshard{(*shard)->index, std::nullopt, *cut};
  return {};
}

Outcome<void> KinesisStore::merge(FakeStream& stream, std::string_view text, std::string_view adjacent,
                                  rt::WallTime now) {
  if (stream.status == StreamStatus::kCreating) return mustBeActive(stream);
  const auto left = shardToChange(stream, text, now);
  if (!left) return refuse(left.error());
  const auto right = shardToChange(stream, adjacent, now);
  if (!right) return refuse(right.error());
  const bool adjoin =
      (*left)->endingHashKey != kHashKeyMax && (*left)->endingHashKey + 1 == (*right)->startingHashKey;
  if (!adjoin) {
    return invalidArgument(fmt::format(
        "Shards {} and {} in stream {} under account {} are not an adjacent pair of shards eligible for "
        "merging",
        (*left)->id(), (*right)->id(), stream.name, options_.accountId));
  }
  if (auto active = mustBeActive(stream); !active) return active;
  for (const FakeShard* shard : {*left, *right}) {
    if (shard->open()) continue;
    return invalidArgument(
        fmt::format("Shard {} in stream {} under account {} has already been merged or split, and "
                    "thus is not eligible for merging or splitting.",
                    shard->id(), stream.name, options_.accountId));
  }
  stream.status = StreamStatus::kUpdating;
  stream.statusUntil = now + options_.reshardDelay;
  stream.reshard = PendingReshard{(*left)->index, (*right)->index, 0};
  return {};
}

FakeShard& KinesisStore::addShard(FakeStream& stream, HashKey from, HashKey to, rt::WallTime created,
                                  std::int64_t second) {
  auto shard = std::make_unique<FakeShard>();
  shard->index = static_cast<std::uint32_t>(stream.shards.size());
  shard->startingHashKey = from;
  shard->endingHashKey = to;
  shard->created = created;
  shard->second = second;
  shard->briefNumbers = options_.briefSequenceNumbers;
  stream.shards.push_back(std::move(shard));
  return *stream.shards.back();
}

void KinesisStore::createShards(FakeStream& stream) {
  const auto count = static_cast<HashKey>(stream.shardsWanted);
  // The floor of 2^128 / count, although 2^128 itself does not fit.
  const HashKey width = count == 1 ? 0 : kHashKeyMax / count + (kHashKeyMax % count == count - 1 ? 1 : 0);
  for (HashKey i = 0; i < count; ++i) {
    const HashKey to = i + 1 == count ? kHashKeyMax : (i + 1) * width - 1;
    addShard(stream, i * width, to, stream.created, secondOf(stream.created - kBackdating));
  }
}

void KinesisStore::finishReshard(FakeStream& stream) {
  const PendingReshard change = *stream.reshard;
  stream.reshard.reset();
  const rt::WallTime when = stream.statusUntil;
  // Children are numbered one second after their parents' end, so that all their records sort behind.
  const std::int64_t childSecond = std::max(secondOf(when), stream.shards[change.first]->second) + 1;
  FakeShard& first = *stream.shards[change.first];
  first.closed = when;
  if (change.second) {
    FakeShard& second = *stream.shards[*change.second];
    second.closed = when;
    FakeShard& child = addShard(stream, first.startingHashKey, second.endingHashKey, when,
                                std::max(childSecond, second.second + 1));
    child.parent = first.index;
    child.adjacentParent = second.index;
    return;
  }
  addShard(stream, first.startingHashKey, change.cut - 1, when, childSecond).parent = first.index;
  addShard(stream, change.cut, first.endingHashKey, when, childSecond).parent = first.index;
}

void KinesisStore::finish(FakeStream& stream) {
  if (stream.status == StreamStatus::kCreating) createShards(stream);
  if (stream.status == StreamStatus::kUpdating && stream.reshard) finishReshard(stream);
  stream.status = StreamStatus::kActive;
}

void KinesisStore::settle(rt::WallTime now) {
  for (auto at = streams_.begin(); at != streams_.end();) {
    FakeStream& stream = *at->second;
    const bool due = stream.status != StreamStatus::kActive && stream.statusUntil <= now;
    if (due && stream.status == StreamStatus::kDeleting) {
      if (options_.keepTrimmed) deleted_.push_back(std::move(at->second));
      at = streams_.erase(at);
      continue;
    }
    if (due) finish(stream);
    const rt::WallTime horizon = now - stream.retention();
    for (const auto& shard : stream.shards) shard->log.trimBefore(horizon, options_.keepTrimmed);
    ++at;
  }
}

std::string KinesisStore::put(FakeShard& shard, std::string_view partitionKey, std::string_view data,
                              rt::WallTime now) {
  const std::uint64_t counter = shard.nextCounter + random_.below(kGapMax + 1);
  shard.nextCounter = counter + 1;
  const SequenceLayout sequence{shard.second, std::max(shard.second, secondOf(now)), counter, shard.index,
                                shard.briefNumbers};
  return shard.log.append(sequence, partitionKey, data, now);
}

}  // namespace tidemill::fake

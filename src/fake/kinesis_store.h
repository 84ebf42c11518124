// fake/kinesis_store.h: streams and their shards, how they come and go, and which shard takes a record.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fake/fake_options.h"
#include "fake/hash_key.h"
#include "fake/service_error.h"
#include "fake/shard_log.h"
#include "rt/time.h"

namespace tidemill::fake {

enum class StreamStatus { kCreating, kActive, kUpdating, kDeleting };
std::string_view statusName(StreamStatus status);

struct FakeShard {
  std::uint32_t index = 0;
  std::optional<std::uint32_t> parent;
  std::optional<std::uint32_t> adjacentParent;
  HashKey startingHashKey = 0;
  HashKey endingHashKey = 0;
  rt::WallTime created{};
  // Second in all of its sequence numbers.
  std::int64_t second = 0;
  // See SequenceLayout.
  bool briefNumbers = false;
  std::optional<rt::WallTime> closed;
  // The next record's number is at least this; numbers have gaps, as the service's do.
  std::uint64_t nextCounter = 1;
  ShardLog log;

  bool open() const { return !closed.has_value(); }
  std::string id() const;
  std::string startingSequenceNumber() const;
  // Empty while the shard is open.
  std::string endingSequenceNumber() const;
};

// "shardId-000000000002"
std::string formatShardId(std::uint32_t index);
// Lenient, as the service: what follows the last hyphen, as a number up to 2147483647.
std::optional<std::uint32_t> parseShardId(std::string_view text);

// A split (one parent, two children cut at `cut`) or a merge (two parents) that is under way.
struct PendingReshard {
  std::uint32_t first = 0;
  std::optional<std::uint32_t> second;
  HashKey cut = 0;
};

struct FakeStream {
  std::string name;
  std::string arn;
  StreamStatus status = StreamStatus::kCreating;
  // When the present status ends; unused while ACTIVE.
  rt::WallTime statusUntil{};
  rt::WallTime created{};
  // Tells a recreated stream from its predecessor of the same name.
  std::uint64_t incarnation = 0;
  bool onDemand = false;
  int retentionHours = 24;
  // FakeAwsOptions::retention.
  std::optional<std::chrono::milliseconds> retentionMax;
  int recordKiBMax = 1024;
  // Indexed by the shard's index; shards are never removed, because ids are never used again.
  std::vector<std::unique_ptr<FakeShard>> shards;
  // Shards to create when the stream becomes ACTIVE.
  int shardsWanted = 0;
  std::optional<PendingReshard> reshard;

  // How long records stay.
  std::chrono::milliseconds retention() const {
    return retentionMax.value_or(std::chrono::hours(retentionHours));
  }
  // True once the shard's last record has passed the retention: then it is no longer listed nor read.
  bool expired(const FakeShard& shard, rt::WallTime now) const;
  // Null if the stream has (or had) no such shard at `now`.
  FakeShard* shard(std::uint32_t index, rt::WallTime now) const;
  // The shards that list `index` as a parent.
  std::vector<const FakeShard*> childrenOf(std::uint32_t index) const;
  int openShards() const;
  FakeShard& route(HashKey key) const;
};

struct NewStream {
  std::string name;
  int shards = 1;
  bool onDemand = false;
  int recordKiBMax = 1024;
};

// All streams of the account. Nothing happens by itself: settle(now) carries out what is due by then. Every
// refusal is the service's.
class KinesisStore {
 public:
  KinesisStore(const FakeAwsOptions& options, base::Random random);

  // Finishes creations, reshardings and deletions that are due, and trims what has passed its retention.
  void settle(rt::WallTime now);

  Outcome<void> create(const NewStream& wanted, rt::WallTime now);
  Outcome<void> remove(FakeStream& stream, rt::WallTime now);
  Outcome<void> split(FakeStream& stream, std::string_view shard, std::string_view newStartingHashKey,
                      rt::WallTime now);
  Outcome<void> merge(FakeStream& stream, std::string_view shard, std::string_view adjacent,
                      rt::WallTime now);

  // Any state; null if there is none.
  FakeStream* find(std::string_view name);
  // "Stream S under account A not found."
  ServiceError streamNotFound(std::string_view name) const;
  ServiceError shardNotFound(std::string_view shard, std::string_view stream) const;

  // Stores one record and returns its sequence number.
  std::string put(FakeShard& shard, std::string_view partitionKey, std::string_view data, rt::WallTime now);

  const std::map<std::string, std::unique_ptr<FakeStream>, std::less<>>& streams() const { return streams_; }
  int openShards() const;
  // Every stream that was ever deleted, kept only with FakeAwsOptions::keepTrimmed.
  const std::vector<std::unique_ptr<FakeStream>>& deleted() const { return deleted_; }

 private:
  void finish(FakeStream& stream);
  void createShards(FakeStream& stream);
  void finishReshard(FakeStream& stream);
  FakeShard& addShard(FakeStream& stream, HashKey from, HashKey to, rt::WallTime created,
                      std::int64_t second);
  Outcome<FakeShard*> shardToChange(FakeStream& stream, std::string_view text, rt::WallTime now) const;
  Outcome<void> mustBeActive(const FakeStream& stream) const;
  Outcome<void> roomFor(int shards) const;

  const FakeAwsOptions& options_;
  base::Random random_;
  std::map<std::string, std::unique_ptr<FakeStream>, std::less<>> streams_;
  std::vector<std::unique_ptr<FakeStream>> deleted_;
  std::uint64_t incarnations_ = 0;
};

}  // namespace tidemill::fake

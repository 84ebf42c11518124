// sim/workloads/delivery_checker.h: compares what was committed with what the stream holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fake/fake_kinesis.h"
#include "lease/checkpoint.h"
#include "sim/checker.h"

namespace tidemill::sim {

// A record as an output operation saw it.
struct Delivered {
  std::string shardId;
  std::string sequenceNumber;
  std::string text;
};

// Knows every record of the stream, because it looks into the fake. Invariants: I1 no gap and in order per
// shard, I2 checkpoints never go back, I3 never ahead of what was committed, I4 no child before its parents'
// last record, I10 the effect of an idempotent sink is that of each record once.
class DeliveryChecker final : public Checker {
 public:
  DeliveryChecker(World& world, const fake::FakeKinesis& kinesis, std::string stream)
      : Checker(world), kinesis_(kinesis), stream_(std::move(stream)) {}

  // One transaction of the sink, which survives crashes. Records that were committed before are counted as
  // repeats and have no effect.
  void onCommit(const std::vector<Delivered>& records);
  // A lease checkpoint is being written.
  void onCheckpoint(const std::string& shardId, const lease::Checkpoint& from, const lease::Checkpoint& to);

  // True once every record of every shard was committed.
  bool complete() const;
  // "shardId-… 12 of 40, …": what complete() still waits for.
  std::string missing() const;
  // I10 and that the run was worth something; once, at the end.
  void finish();

  std::uint64_t committed() const { return committed_; }
  std::uint64_t repeats() const { return repeats_; }

 private:
  struct Shard {
    std::uint64_t committed = 0;  // Records from the start of the shard without a gap.
    std::string last;             // The last one's sequence number.
  };
  using Words = std::map<std::string, std::int64_t, std::less<>>;

  const fake::FakeStream* stream() const;
  const fake::FakeShard* shard(const std::string& shardId) const;
  bool done(const fake::FakeShard& shard) const;
  void commitOne(const Delivered& record);
  static void addWords(Words& words, std::string_view text);

  const fake::FakeKinesis& kinesis_;
  const std::string stream_;
  std::map<std::string, Shard> shards_;
  Words words_;
  std::uint64_t committed_ = 0;
  std::uint64_t repeats_ = 0;
};

}  // namespace tidemill::sim

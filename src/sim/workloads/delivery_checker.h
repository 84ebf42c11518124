// sim/workloads/delivery_checker.h: compares what was committed with what the stream holds.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fake/fake_kinesis.h"
#include "lease/checkpoint.h"
#include "rt/time.h"
#include "sim/checker.h"
#include "sim/workloads/packed_records.h"
#include "tidemill/function_ref.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::sim {

// A record as an output operation saw it.
struct Delivered {
  std::string shardId;
  std::string sequenceNumber;
  std::string text;
  // Index inside of an aggregated record.
  std::uint64_t part = 0;
  // Compared unless it is empty, which no key is.
  std::string partitionKey = {};
  // Marked as an aggregated record that cannot be read.
  bool damaged = false;
};

// Whether the record lies between the ends of `range`; its shard is not compared.
bool holds(const SequenceNumberRange& range, std::string_view number, std::uint64_t part);

// What a `data_loss` event says: of the records from `from` to `to` of a shard, `left` are left, which are
// those from `firstLeft` to `lastLeft`.
struct NamedLoss {
  std::string shardId;
  std::string from;
  std::string to;
  std::int64_t records = 0;
  std::int64_t left = 0;
  std::string firstLeft = {};
  std::string lastLeft = {};
};

// Where an application that never ran before may begin in each shard, by the time of arrival.
struct DeliveryStart {
  // Records that came before must not be delivered.
  rt::WallTime earliest = rt::WallTime::min();
  // This record and all that came after it must be. Nothing: not decided yet, so nothing is owed.
  std::optional<rt::WallTime> owedFrom = rt::WallTime::min();
};

// Knows every record of the stream, because it looks into the fake. Invariants: I1 no gap and in order per
// shard, from where the application began, I2 checkpoints never go back, I3 never ahead of what was
// committed, I4 no child before its parents' last record, I10 the effect of an idempotent sink is that of
// each record once, I15 each record has the bytes that were put, also when it comes again.
//
// I9, where records are trimmed: what is never committed was named by a data_loss event, and order goes on
// behind it. A record is named only if the stream no longer has it, with as many others as are lost, and in
// each life of the worker once for each block that lost it: after a lease was taken again, two blocks may
// hold the same record. A block does not deliver what it has lost. Another may, which was read before the
// record was trimmed, or which a later life finds whole; a later life may also name it again, since what the
// former has told died with it. A range that was trimmed while it was being read has a hole that no event can
// place: any of its trimmed records between those that are left may be the lost ones.
class DeliveryChecker final : public Checker {
 public:
  DeliveryChecker(World& world, const fake::FakeKinesis& kinesis, std::string stream)
      : Checker(world), kinesis_(kinesis), stream_(std::move(stream)) {}

  // By default everything is owed, as TRIM_HORIZON promises. May change until the first record is owed.
  void setStart(DeliveryStart start) { start_ = start; }
  const DeliveryStart& start() const { return start_; }
  // Records are the parts that lie in `packed`, which outlives this.
  void setPacked(const PackedRecords& packed) { packed_ = &packed; }
  // Checkpoints may pass what was not committed if it is in one of these ranges: what lies on disks, whatever
  // befalls them.
  void setStored(std::function<std::vector<SequenceNumberRange>()> stored) { stored_ = std::move(stored); }

  // I15: a block that held `range` was delivered as `records`: all of the range but for what was named as
  // lost, or none of it.
  void onBlock(const SequenceNumberRange& range, const std::vector<Delivered>& records);

  // A worker starts, which knows nothing of what was named before it.
  void onLifeBegun();
  // It finds that a block which held `ranges` is lost.
  void onBlockLost(const std::string& blockId, const SequenceNumberRanges& ranges);
  // I9.
  void onLoss(const NamedLoss& loss);
  // A block that held `before` was rebuilt as `after`. I9: every record is there, or was named; I15: not
  // both.
  void onRebuilt(const SequenceNumberRanges& before, const SequenceNumberRanges& after);

  // One transaction of the sink, which survives crashes. Records that were committed before are counted as
  // repeats and have no effect.
  void onCommit(const std::vector<Delivered>& records);
  // A lease checkpoint is being written.
  void onCheckpoint(const std::string& shardId, const lease::Checkpoint& from, const lease::Checkpoint& to);

  // Data and partition keys of all that was put into `ranges`.
  std::int64_t payloadOf(const SequenceNumberRanges& ranges) const;
  // True once every record of every shard was committed.
  bool complete() const;
  // The last record of a shard that was committed; empty if none was.
  std::string lastCommitted(const std::string& shardId) const;
  // "shardId-… 12 of 40, …": what complete() still waits for.
  std::string missing() const;
  // I10 and that the run was worth something; once, at the end.
  void finish();

  std::uint64_t committed() const { return committed_; }
  std::uint64_t repeats() const { return repeats_; }
  // Records that were named as lost.
  std::uint64_t named() const { return named_; }

 private:
  struct Place {
    std::uint64_t position = 0;  // In the shard's log.
    std::uint64_t part = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Named {
    std::uint64_t life = 0;   // The last one that did.
    std::uint64_t times = 1;  // In that life; 0: it may lie in a hole.
  };
  struct Shard {
    std::uint64_t first = 0;  // The position at which delivery began.
    // One behind the last record committed, and in it the first part that was not; there is no gap before it.
    std::uint64_t next = 0;
    std::uint64_t nextPart = 0;
    std::string last;  // The last one's sequence number; empty before the first commit.
    std::uint64_t lastPart = 0;
    // What was named as lost, and what of it delivery has passed.
    std::map<Place, Named> named;
    std::set<Place> passed;
    // In this life: the lost blocks that each record was in.
    std::map<Place, std::set<std::string>> lostWith;
  };
  using Words = std::map<std::string, std::int64_t, std::less<>>;

  const fake::FakeStream* stream() const;
  const fake::FakeShard* shard(const std::string& shardId) const;
  // The position up to which the shard's records are committed, named as lost or not owed.
  std::uint64_t settledTo(const fake::FakeShard& shard) const;
  bool done(const fake::FakeShard& shard) const;
  bool isNamed(const fake::FakeShard& shard, const Place& place) const;
  // For sure.
  bool isNamedInThisLife(const fake::FakeShard& shard, const Place& place) const;
  // The first place at or behind `place`, but before `end`, that was not named as lost; else `end`.
  Place behindNamed(const fake::FakeShard& shard, Place place, const Place& end) const;
  Place after(const fake::FakeShard& shard, const Place& place) const;
  void name(Shard& sink, const NamedLoss& loss, const Place& place, bool sure);
  // Moves the sink over what was named as lost, if that is all that lies before `place`.
  void passNamed(Shard& sink, const fake::FakeShard& source, const Place& place);
  // Calls `visit(number, place)` for each record that was put into `range`.
  void forEachIn(const fake::FakeShard& shard, const SequenceNumberRange& range,
                 FunctionRef<void(const std::string&, const Place&)> visit) const;
  // What a record is delivered as.
  std::vector<PackedPart> partsOf(const fake::StoredRecord& record) const;
  // I15.
  void checkBytes(const fake::FakeShard& source, const Delivered& record);
  // The first record up to `to` that is neither committed nor stored, as text; empty if there is none.
  std::string firstNotStored(const fake::FakeShard& source, const lease::Checkpoint& to) const;
  void commitOne(const Delivered& record);
  // Decides whether delivery of `source` may begin with `record`, and where that is.
  bool begin(Shard& sink, const fake::FakeShard& source, const Delivered& record);
  static void addWords(Words& words, std::string_view text);

  const fake::FakeKinesis& kinesis_;
  const std::string stream_;
  DeliveryStart start_;
  const PackedRecords* packed_ = nullptr;
  std::function<std::vector<SequenceNumberRange>()> stored_;
  std::map<std::string, Shard> shards_;
  Words words_;
  std::uint64_t committed_ = 0;
  std::uint64_t repeats_ = 0;
  std::uint64_t named_ = 0;
  std::uint64_t life_ = 0;
};

}  // namespace tidemill::sim

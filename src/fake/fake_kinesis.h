// fake/fake_kinesis.h: Amazon Kinesis as a plain object: operations in, answers out, no clock of its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "codec/body.h"
#include "fake/call_counters.h"
#include "fake/fake_options.h"
#include "fake/fault_plan.h"
#include "fake/input_value.h"
#include "fake/kinesis_limits.h"
#include "fake/kinesis_store.h"
#include "fake/opaque_token.h"
#include "fake/output.h"
#include "fake/service_error.h"
#include "fake/shard_iterators.h"

namespace tidemill::fake {

// One call of an operation, on its way from input to answer.
struct KinesisCall {
  std::string_view operation;
  const InputValue& input;
  rt::WallTime now;
  Fault fault;
  // Where the answer is written; untouched for operations without output, whose answer has no body at all.
  Output out;
  // Instead of `out`, when the answer was put together elsewhere.
  std::shared_ptr<const codec::Body> body;
  // The shard concerned, for the counters; may stay empty.
  std::string stream{};
  std::string shard{};
};

// Not thread safe. Time may stand still but not go back from call to call.
class FakeKinesis {
 public:
  // `options` must outlive this object.
  FakeKinesis(const FakeAwsOptions& options, base::Random random);

  // True if call() knows the operation.
  static bool knows(std::string_view operation);

  // Checks types and constraints of `input` against the operation's model, then carries the operation out.
  Outcome<std::shared_ptr<const codec::Body>> call(std::string_view operation, InputValue input, Wire wire,
                                                   rt::WallTime now, Fault fault);

  // Everything stored, as of the last call; for the oracle of a simulation and for tests.
  const KinesisStore& store() const { return store_; }
  const CallCounters& calls() const { return calls_; }
  // Carries out what is due by `now` (creations, reshardings, trimming) without a call.
  void settle(rt::WallTime now) { store_.settle(now); }
  // Makes what arrived before `horizon` unreadable, sooner than the retention asks for; an oracle still sees
  // it. The stream and the shard must exist.
  void trim(std::string_view stream, std::uint32_t shardIndex, rt::WallTime horizon) {
    store_.find(stream)->shards[shardIndex]->log.trimBefore(horizon, true);
  }

 private:
  using Handler = Outcome<void> (FakeKinesis::*)(KinesisCall&);
  static Handler handlerOf(std::string_view operation);

  // kinesis_stream_operations.cc
  Outcome<void> createStream(KinesisCall& call);
  Outcome<void> deleteStream(KinesisCall& call);
  Outcome<void> describeStream(KinesisCall& call);
  Outcome<void> describeStreamSummary(KinesisCall& call);
  Outcome<void> describeLimits(KinesisCall& call);
  Outcome<void> listStreams(KinesisCall& call);
  Outcome<void> changeRetention(KinesisCall& call);

  // kinesis_shard_operations.cc
  Outcome<void> listShards(KinesisCall& call);
  Outcome<void> splitShard(KinesisCall& call);
  Outcome<void> mergeShards(KinesisCall& call);

  // kinesis_put_operations.cc
  Outcome<void> putRecord(KinesisCall& call);
  Outcome<void> putRecords(KinesisCall& call);
  struct PutTarget;
  Outcome<PutTarget> putTarget(const FakeStream& stream, const InputValue& entry);
  Outcome<std::string> putOne(FakeStream& stream, const PutTarget& target, const InputValue& entry,
                              rt::WallTime now);

  // kinesis_read_operations.cc
  Outcome<void> getShardIterator(KinesisCall& call);
  Outcome<void> getRecords(KinesisCall& call);

  // The stream that StreamName or StreamARN names, in any state.
  Outcome<FakeStream*> streamOf(const InputValue& input);
  // The same, not found unless records can be put to and read from it.
  Outcome<FakeStream*> usableStreamOf(const InputValue& input);
  ServiceError rateExceeded(const FakeStream& stream, const FakeShard& shard) const;
  Outcome<void> throttled(const KinesisCall& call) const;
  ShardLimits& limitsOf(const FakeStream& stream, const FakeShard& shard);
  void count(const KinesisCall& call, bool refused);

  const FakeAwsOptions& options_;
  base::Random random_;
  KinesisStore store_;
  ShardIterators iterators_;
  OpaqueTokens pageTokens_;
  ControlLimits controlLimits_;
  // By incarnation of the stream and index of the shard.
  std::map<std::pair<std::uint64_t, std::uint32_t>, ShardLimits> shardLimits_;
  CallCounters calls_;
};

// Writes one shard as ListShards and DescribeStream do.
void writeShard(Output& out, const FakeShard& shard);

}  // namespace tidemill::fake

#include "fake/fake_kinesis.h"

#include <map>

#include <fmt/format.h>

#include "fake/kinesis_models.h"

namespace tidemill::fake {
namespace {

constexpr std::string_view kDataOperations[] = {"GetShardIterator", "GetRecords", "PutRecord", "PutRecords"};

bool isDataOperation(std::string_view operation) {
  for (const auto name : kDataOperations) {
    if (name == operation) return true;
  }
  return false;
}

}  // namespace

FakeKinesis::FakeKinesis(const FakeAwsOptions& options, base::Random random)
    : options_(options),
      random_(random),
      store_(options, random_.fork()),
      iterators_(random_.fork(), options.iteratorLife),
      pageTokens_(random_.fork()) {}

FakeKinesis::Handler FakeKinesis::handlerOf(std::string_view operation) {
  static const auto* const handlers = new std::map<std::string_view, Handler>{
      {"CreateStream", &FakeKinesis::createStream},
      {"DeleteStream", &FakeKinesis::deleteStream},
      {"DescribeStream", &FakeKinesis::describeStream},
      {"DescribeStreamSummary", &FakeKinesis::describeStreamSummary},
      {"DescribeLimits", &FakeKinesis::describeLimits},
      {"ListStreams", &FakeKinesis::listStreams},
      {"ListShards", &FakeKinesis::listShards},
      {"GetShardIterator", &FakeKinesis::getShardIterator},
      {"GetRecords", &FakeKinesis::getRecords},
      {"PutRecord", &FakeKinesis::putRecord},
      {"PutRecords", &FakeKinesis::putRecords},
      {"SplitShard", &FakeKinesis::splitShard},
      {"MergeShards", &FakeKinesis::mergeShards},
      {"IncreaseStreamRetentionPeriod", &FakeKinesis::changeRetention},
      {"DecreaseStreamRetentionPeriod", &FakeKinesis::changeRetention},
  };
  const auto found = handlers->find(operation);
  return found == handlers->end() ? nullptr : found->second;
}

bool FakeKinesis::knows(std::string_view operation) {
  return handlerOf(operation) != nullptr;
}

Outcome<std::shared_ptr<const codec::Body>> FakeKinesis::call(std::string_view operation, InputValue input,
                                                              Wire wire, rt::WallTime now, Fault fault) {
  const InputModel& model = *kinesisModel(operation);
  if (auto typed = checkTypes(input, model); !typed) return refuse(typed.error());
  if (auto fits = checkConstraints(input, model); !fits) return refuse(fits.error());

  store_.settle(now);
  KinesisCall call{
      .operation = operation, .input = input, .now = now, .fault = fault, .out = Output(wire), .body = {}};
  auto done = throttled(call);
  if (done && options_.limits && !controlLimits_.admits(operation, now)) {
    done = refuse("LimitExceededException", fmt::format("Rate exceeded for operation {} under account {}.",
                                                        operation, options_.accountId));
  }
  if (done) done = (this->*handlerOf(operation))(call);
  count(call, !done);
  if (!done) {
    ++calls_.byError[done.error().type];
    return refuse(done.error());
  }
  if (call.body != nullptr) return call.body;
  return codec::Body::copyOf(call.out.take());
}

Outcome<void> FakeKinesis::throttled(const KinesisCall& call) const {
  if (call.fault != Fault::kThrottled) return {};
  if (isDataOperation(call.operation)) {
    return refuse("ProvisionedThroughputExceededException",
                  fmt::format("Rate exceeded under account {}.", options_.accountId));
  }
  return refuse("LimitExceededException", fmt::format("Rate exceeded under account {}.", options_.accountId));
}

void FakeKinesis::count(const KinesisCall& call, bool refused) {
  CallCount& operation = calls_.byOperation[std::string(call.operation)];
  operation.add(call.now);
  operation.refused += refused ? 1 : 0;
  if (call.shard.empty()) return;
  CallCount& shard = calls_.byShard[{call.stream, call.shard, std::string(call.operation)}];
  shard.add(call.now);
  shard.refused += refused ? 1 : 0;
}

Outcome<FakeStream*> FakeKinesis::streamOf(const InputValue& input) {
  const auto name = input.textOf("StreamName");
  const auto arn = input.textOf("StreamARN");
  if (!name && !arn) return invalidArgument("Either StreamName or StreamARN should be provided.");
  const std::string_view named = arn ? arn->substr(arn->find('/') + 1) : *name;
  if (name && named != *name) {
    return invalidArgument(
        fmt::format("StreamName {} and StreamARN {} name different streams.", *name, *arn));
  }
  FakeStream* stream = store_.find(named);
  // The text names the stream even if the ARN is of another account or region.
  if (stream == nullptr || (arn && stream->arn != *arn)) return refuse(store_.streamNotFound(named));
  return stream;
}

Outcome<FakeStream*> FakeKinesis::usableStreamOf(const InputValue& input) {
  auto stream = streamOf(input);
  if (stream && (*stream)->status == StreamStatus::kCreating)
    return refuse(store_.streamNotFound((*stream)->name));
  return stream;
}

ServiceError FakeKinesis::rateExceeded(const FakeStream& stream, const FakeShard& shard) const {
  return {"ProvisionedThroughputExceededException",
          fmt::format("Rate exceeded for shard {} in stream {} under account {}.", shard.id(), stream.name,
                      options_.accountId)};
}

ShardLimits& FakeKinesis::limitsOf(const FakeStream& stream, const FakeShard& shard) {
  return shardLimits_[{stream.incarnation, shard.index}];
}

}  // namespace tidemill::fake

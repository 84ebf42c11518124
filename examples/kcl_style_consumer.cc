// examples/kcl_style_consumer.cc: a handler for each shard, leases in DynamoDB beside Java KCL workers.
#include <cstdio>

#include "tidemill/consumer.h"

using namespace tidemill;

class LineCounter final : public ShardHandler {
  Outcome initialize(const ShardInfo& shard) override {
    std::printf("%s from %s\n", shard.shardId.c_str(), shard.checkpoint.sequenceNumber.c_str());
    return Outcome::ok();
  }
  Outcome processRecords(const RecordBatch& batch, Checkpointer&) override {
    std::vector<std::size_t> broken;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      if (batch.records[i].data.empty()) {
        broken.push_back(i);
      } else {
        ++lines_;
      }
    }
    if (!broken.empty()) return Outcome::deadLetter(std::move(broken), "an empty record");
    return Outcome::ok();  // The checkpoint follows by itself.
  }
  Outcome shutdownRequested(Checkpointer&) override {
    std::printf("%lld lines\n", lines_);
    return Outcome::ok();
  }

  long long lines_ = 0;
};

int main() {
  ConsumerOptions options;
  options.applicationName = "line-count";
  options.streamName = "orders";
  options.regionName = "eu-central-1";
  options.leaseStore = LeaseStoreKind::kDynamoDb;
  options.initialPosition = KinesisInitialPosition::TrimHorizon();
  options.deadLetterFile = "line-count-dead-letters.jsonl";

  Consumer consumer(options, [](const std::string&) { return std::make_unique<LineCounter>(); });
  consumer.start();
  if (auto end = consumer.awaitTermination(); !end) {
    std::fprintf(stderr, "%s\ntry: %s\n", end.error().what(), end.error().hint().c_str());
    return exitCode(end.error().code());
  }
}

// cli/line_producer.h: puts lines of text into a stream, each as one record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "kinesis/kinesis_api.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::cli {

struct ProducerTotals {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  // Entries that the service refused at first and that were sent again.
  std::int64_t retried = 0;
};

// Batches of at most 500 records and 4 MiB. Refused entries are sent again, with growing waits, until they
// are in or nothing has gone in for a minute. Lives on the lane of `loop`. References outlive it.
class LineProducer {
 public:
  LineProducer(rt::Loop& loop, kinesis::KinesisApi& api, base::Random& random, std::string stream)
      : loop_(loop), api_(api), random_(random), stream_(std::move(stream)) {}

  // Puts all lines, each with a partition key of its own, so that they spread over the shards. Errors: those
  // of PutRecords; kThrottled if the service keeps refusing; kUsage for a line above 10 MiB.
  rt::Task<Result<void>> put(std::vector<std::string> lines);

  const ProducerTotals& totals() const { return totals_; }

 private:
  rt::Task<Result<void>> putBatch(std::vector<kinesis::PutEntry> entries);

  rt::Loop& loop_;
  kinesis::KinesisApi& api_;
  base::Random& random_;
  const std::string stream_;
  ProducerTotals totals_;
};

}  // namespace tidemill::cli

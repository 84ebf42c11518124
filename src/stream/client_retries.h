// stream/client_retries.h: what a configuration says of calls that fail.
#pragma once

#include "aws/retry_policy.h"
#include "consume/lease_book.h"
#include "rt/backoff.h"
#include "tidemill/conf.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// Sets in `retry` what spark.streaming.kinesis.client.maxRetries and .retryDelayMs say, if they are set; the
// rest stays what suits the service.
void applyClientRetries(const Conf& conf, aws::RetryOptions& retry);

// Of writes and reads of leases.
consume::LeaseRetries leaseRetriesOf(const Conf& conf);
// Between reads at the tip of a shard that have failed, which are tried until one succeeds.
rt::BackoffOptions readBackoffOf(const Conf& conf);

struct RecoveryRetries {
  int attemptsMax = 0;
  Duration waitTime{};
};
// Of calls that read lost records again: spark.streaming.kinesis.retry.* where they are set, else what the
// keys above say, else the defaults.
RecoveryRetries recoveryRetriesOf(const Conf& conf);

}  // namespace tidemill::stream

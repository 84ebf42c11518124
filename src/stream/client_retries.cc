#include "stream/client_retries.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace tidemill::stream {
namespace {

const std::string kRetriesKey = "spark.streaming.kinesis.client.maxRetries";
const std::string kDelayKey = "spark.streaming.kinesis.client.retryDelayMs";
const std::string kAttemptsKey = "spark.streaming.kinesis.retry.maxAttempts";
const std::string kWaitKey = "spark.streaming.kinesis.retry.waitTime";

// The key counts tries besides the first.
int attemptsOf(const Conf& conf) {
  return static_cast<int>(conf.getInteger(kRetriesKey)) + 1;
}

}  // namespace

void applyClientRetries(const Conf& conf, aws::RetryOptions& retry) {
  if (conf.contains(kRetriesKey)) retry.attemptsMax = attemptsOf(conf);
  if (!conf.contains(kDelayKey)) return;
  const std::chrono::milliseconds base(conf.getInteger(kDelayKey));
  retry.transientBase = base;
  retry.throttlingBase = base;
  retry.delayMax = std::max<rt::Duration>(retry.delayMax, base);
}

rt::BackoffOptions readBackoffOf(const Conf& conf) {
  rt::BackoffOptions backoff;
  if (!conf.contains(kDelayKey)) return backoff;
  backoff.base = std::chrono::milliseconds(conf.getInteger(kDelayKey));
  backoff.cap = std::max(backoff.cap, backoff.base);
  return backoff;
}

consume::LeaseRetries leaseRetriesOf(const Conf& conf) {
  consume::LeaseRetries retries;
  if (conf.contains(kRetriesKey)) retries.attemptsMax = attemptsOf(conf);
  retries.backoff = readBackoffOf(conf);
  return retries;
}

RecoveryRetries recoveryRetriesOf(const Conf& conf) {
  const bool attempts = conf.contains(kRetriesKey) && !conf.contains(kAttemptsKey);
  const bool delay = conf.contains(kDelayKey) && !conf.contains(kWaitKey);
  return {attempts ? attemptsOf(conf) : static_cast<int>(conf.getInteger(kAttemptsKey)),
          delay ? Duration(conf.getInteger(kDelayKey)) : conf.getDuration(kWaitKey)};
}

}  // namespace tidemill::stream

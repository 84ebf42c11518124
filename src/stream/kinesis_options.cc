#include "stream/kinesis_options.h"

#include <utility>

#include "aws/client_options.h"
#include "stream/client_retries.h"

namespace tidemill::stream {

Result<kinesis::KinesisClientOptions> kinesisClientOptionsOf(const Conf& conf, const KinesisPlace& place,
                                                             const aws::Environment& environment) {
  aws::EndpointOptions where;
  if (!place.endpointUrl.empty()) where.endpoint = place.endpointUrl;
  if (!place.regionName.empty()) where.region = place.regionName;
  where.allowPlainHttp = conf.getBoolean("tidemill.kinesis.allowPlainHttp");
  auto access = aws::resolveClientOptions("kinesis", where, place.credentials, environment);
  if (!access) return fail(access.error());
  kinesis::KinesisClientOptions options;
  options.aws = std::move(*access);
  options.aws.callTimeout = conf.getDuration("tidemill.kinesis.callTimeout");
  applyClientRetries(conf, options.aws.retry);
  return options;
}

consume::PaceOptions paceOptionsOf(const Conf& conf) {
  consume::PaceOptions pace;
  pace.callsPerSecond = static_cast<int>(conf.getInteger("tidemill.kinesis.readCallsPerSecond"));
  pace.bytesPerSecond = conf.getInteger("tidemill.kinesis.readBytesPerSecond");
  pace.idle = conf.getDuration("tidemill.kinesis.idleTimeBetweenReads");
  return pace;
}

codec::KplRules kplRulesOf(const Conf& conf) {
  codec::KplRules rules;
  rules.deaggregate = conf.getBoolean("tidemill.kpl.deaggregate");
  const std::string outside = conf.getText("tidemill.kpl.outOfRange");
  if (outside == "keep") rules.outOfRange = KplOutOfRange::kKeep;
  if (outside == "keep_and_count") rules.outOfRange = KplOutOfRange::kKeepAndCount;
  return rules;
}

KinesisReadConfigurations readConfigurationsOf(const Conf& conf, Duration retryTimeout, StorageLevel level) {
  KinesisReadConfigurations read;
  const RecoveryRetries retries = recoveryRetriesOf(conf);
  read.maxRetries = retries.attemptsMax;
  read.retryWaitTimeMs = retries.waitTime.count();
  read.retryTimeoutMs = retryTimeout.count();
  read.keepRebuilt = conf.getBoolean("tidemill.recovery.keep") && level != StorageLevel::NONE;
  read.storageLevel = level;
  read.failOnDataLoss = conf.getText("tidemill.recovery.onDataLoss") != "record";
  return read;
}

consume::RangeReadOptions rangeReadOptionsOf(const KinesisReadConfigurations& read) {
  consume::RangeReadOptions options;
  options.retry.attemptsMax = read.maxRetries;
  options.retry.waitTime = Milliseconds(read.retryWaitTimeMs);
  options.retry.timeout = Milliseconds(read.retryTimeoutMs);
  if (read.partitionDeadline) options.deadline = *read.partitionDeadline;
  if (!read.failOnDataLoss) options.onLoss = consume::LossPolicy::kRecord;
  return options;
}

}  // namespace tidemill::stream

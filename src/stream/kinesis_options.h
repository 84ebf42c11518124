// stream/kinesis_options.h: what a configuration says of how Kinesis is reached and read.
#pragma once

#include <optional>
#include <string>

#include "aws/environment.h"
#include "codec/kpl_page.h"
#include "consume/pace.h"
#include "consume/shard_range_reader.h"
#include "kinesis/kinesis_client.h"
#include "tidemill/conf.h"
#include "tidemill/credentials.h"
#include "tidemill/kinesis_backed_block_rdd.h"
#include "tidemill/result.h"
#include "tidemill/storage_level.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// Where a stream is and who reads it. Empty texts and no credentials: as in KinesisSource.
struct KinesisPlace {
  std::string endpointUrl;
  std::string regionName;
  std::optional<AwsCredentials> credentials;
};

// kInvalidConfig, kNoCredentials.
Result<kinesis::KinesisClientOptions> kinesisClientOptionsOf(const Conf& conf, const KinesisPlace& place,
                                                             const aws::Environment& environment);

// Of each shard.
consume::PaceOptions paceOptionsOf(const Conf& conf);

// Of aggregated records, without the range of the shard.
codec::KplRules kplRulesOf(const Conf& conf);

// How lost blocks of a stream at this level are read again, each call within `retryTimeout`.
KinesisReadConfigurations readConfigurationsOf(const Conf& conf, Duration retryTimeout, StorageLevel level);

// What of it concerns the reader.
consume::RangeReadOptions rangeReadOptionsOf(const KinesisReadConfigurations& read);

}  // namespace tidemill::stream

// stream/checkpoint_conf.h: the checkpoint store that a configuration and a url name.
#pragma once

#include <memory>
#include <string>

#include "aws/environment.h"
#include "rt/env.h"
#include "stream/checkpoint/checkpoint_stores.h"
#include "tidemill/conf.h"

namespace tidemill::stream {

// The keys tidemill.s3.*, tidemill.hdfs.* and tidemill.checkpoint.unsafeSingleWriter.
CheckpointStoreOptions checkpointStoreOptionsOf(const Conf& conf, aws::Environment environment);

// By the url's scheme: a path or file:, s3:, hdfs:. kInvalidConfig; kNoCredentials. `env` outlives the store.
Result<std::unique_ptr<CheckpointStore>> checkpointStoreOf(const rt::Env& env, const std::string& url,
                                                           const Conf& conf, aws::Environment environment);

}  // namespace tidemill::stream

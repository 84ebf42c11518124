// stream/checkpoint/checkpoint_stores.h: the checkpoint store that a url names.
#pragma once

#include <memory>
#include <string>

#include "rt/env.h"
#include "stream/checkpoint/checkpoint_store.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// `file:/path`, `file:///path` and plain paths. kInvalidConfig: another scheme, or no path. `env` outlives
// the store.
Result<std::unique_ptr<CheckpointStore>> makeCheckpointStore(const rt::Env& env, const std::string& url);

}  // namespace tidemill::stream

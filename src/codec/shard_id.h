// codec/shard_id.h: what a shard's name may look like.
#pragma once

#include <string_view>

namespace tidemill::codec {

// True for 1 to 128 of [a-zA-Z0-9_.-], as the API reference allows. Names of shards go into log lines, file
// rows and requests, so whatever reads one from an answer asks here first.
bool isShardId(std::string_view text);

}  // namespace tidemill::codec

// consume/shard_start.h: what the control lane tells whoever is to read a shard.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "codec/hash_key.h"
#include "consume/lease_fence.h"
#include "kinesis/kinesis_api.h"
#include "lease/checkpoint.h"

namespace tidemill::consume {

// A shard that shall be read now, and from where.
struct ShardStart {
  std::string shardId;
  // The fencing token: leaseCounter at the take. What is read under it carries it.
  std::int64_t token = 0;
  lease::Checkpoint from;
  kinesis::IteratorPosition position;
  // The hash keys that the shard owns; nothing if neither its row nor a listing told them.
  std::optional<codec::HashRange> hashRange;
  // Prepared by an earlier reader and never committed, with the application's own bytes.
  std::optional<lease::Checkpoint> pending;
  std::optional<std::string> pendingState;
  // Closed when the lease is not certain to be held any more.
  std::shared_ptr<const LeaseFence> fence;
};

}  // namespace tidemill::consume

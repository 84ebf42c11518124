// stream/reading_shards.h: which shards a receiver reads, and where it goes on when it is started again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "consume/shard_start.h"
#include "rt/time.h"

namespace tidemill::stream {

// Follows what reading has brought, block by block, so that a reader that takes over repeats nothing and
// skips nothing. A value without clocks.
class ReadingShards {
 public:
  // `serverNow`: by the service's clock; a shard that starts at its tip and has brought nothing goes on
  // there.
  void start(const consume::ShardStart& start, rt::WallTime serverNow);
  // Without effect for a shard that was started under another token since.
  void stop(const std::string& shardId, std::int64_t token);
  // Everything that was read up to the end of this block is in this block or in earlier ones. Called for each
  // block, in order.
  void sealed(const block::BlockInfo& block);

  // How to go on with each shard that has not come to its end, in order of their ids.
  std::vector<consume::ShardStart> resume() const;

 private:
  std::map<std::string, consume::ShardStart> shards_;
};

}  // namespace tidemill::stream

// stream/block_generator.h: cuts what the readers bring into blocks, by time and by size.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "block/block_builder.h"
#include "consume/record_sink.h"
#include "rt/loop.h"
#include "rt/task_group.h"

namespace tidemill::stream {

// Lives on the fetch lane. Blocks leave in the order in which they were sealed, on this lane.
class BlockGenerator final : public consume::RecordSink {
 public:
  using OnBlock = std::function<void(std::shared_ptr<const block::Block>)>;
  using OnFailure = std::function<void(const Error&)>;

  BlockGenerator(rt::Loop& loop, std::string idPrefix, block::BlockBuilderOptions options,
                 rt::Duration interval, OnBlock onBlock, OnFailure onFailure);

  void page(std::shared_ptr<const block::ShardPage> page) override;
  void ended(block::ShardEnd end) override;
  void failed(const std::string& shardId, const Error& error) override;

  // Seals what is there and gives it out.
  void flush();

 private:
  rt::Task<void> tick();

  rt::Loop& loop_;
  block::BlockBuilder builder_;
  const rt::Duration interval_;
  const OnBlock onBlock_;
  const OnFailure onFailure_;
  rt::TaskGroup ticker_;
};

}  // namespace tidemill::stream

#include "stream/block_generator.h"

#include <utility>

namespace tidemill::stream {

BlockGenerator::BlockGenerator(rt::Loop& loop, std::string idPrefix, block::BlockBuilderOptions options,
                               rt::Duration interval, OnBlock onBlock, OnFailure onFailure)
    : loop_(loop),
      builder_(std::move(idPrefix), options),
      interval_(interval),
      onBlock_(std::move(onBlock)),
      onFailure_(std::move(onFailure)),
      ticker_(loop) {
  ticker_.spawn(tick());
}

void BlockGenerator::page(std::shared_ptr<const block::ShardPage> page) {
  builder_.add(std::move(page));
  if (builder_.full()) flush();
}

void BlockGenerator::ended(block::ShardEnd end) {
  builder_.addEnd(std::move(end));
}

void BlockGenerator::failed(const std::string&, const Error& error) {
  onFailure_(error);
}

void BlockGenerator::flush() {
  auto block = builder_.seal();
  if (block != nullptr) onBlock_(std::move(block));
}

rt::Task<void> BlockGenerator::tick() {
  for (;;) {  // Until this object is destroyed.
    co_await loop_.sleepFor(interval_);
    flush();
  }
}

}  // namespace tidemill::stream

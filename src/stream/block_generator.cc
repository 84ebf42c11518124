#include "stream/block_generator.h"

#include <algorithm>
#include <utility>

#include "rt/aligned_tick.h"

namespace tidemill::stream {

BlockGenerator::BlockGenerator(rt::Loop& loop, BlockGeneratorOptions options, OnBlock onBlock,
                               OnFailure onFailure)
    : loop_(loop),
      options_(std::move(options)),
      builder_(
          options_.idPrefix, options_.blocks,
          std::max(options_.firstNumber, static_cast<std::uint64_t>(loop.wall().time_since_epoch().count()))),
      onBlock_(std::move(onBlock)),
      onFailure_(std::move(onFailure)),
      waiting_(options_.waiting),
      places_(loop, options_.waitingMax - options_.waiting, options_.waitingMax),
      ticker_(loop) {
  ticker_.spawn(tick());
}

void BlockGenerator::page(std::shared_ptr<const block::ShardPage> page) {
  if (stopped_) return;
  builder_.add(std::move(page));
  if (builder_.full()) flush();
}

void BlockGenerator::ended(block::ShardEnd end) {
  if (!stopped_) builder_.addEnd(std::move(end));
}

void BlockGenerator::failed(const std::string& shardId, const Error& error) {
  if (!stopped_) onFailure_(shardId, error);
}

rt::Task<void> BlockGenerator::room() {
  co_await places_.acquire(1);
  places_.release(1);
}

void BlockGenerator::flush() {
  sealDue_ = waiting_ >= options_.waitingMax;
  if (!sealDue_) seal();
}

void BlockGenerator::stored() {
  --waiting_;
  places_.release(1);
  if (sealDue_) flush();
}

void BlockGenerator::stop() {
  stopped_ = true;
  sealDue_ = false;
  seal();
}

void BlockGenerator::seal() {
  auto block = builder_.seal();
  if (block == nullptr) return;
  ++waiting_;
  places_.take(1);
  onBlock_(std::move(block));
}

rt::Task<void> BlockGenerator::tick() {
  const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(options_.interval);
  while (!stopped_) {  // Or until this object is destroyed.
    const rt::WallTime now = loop_.wall();
    co_await loop_.sleepFor(rt::tickAfter(now, interval) - now);
    if (!stopped_) flush();
  }
}

}  // namespace tidemill::stream

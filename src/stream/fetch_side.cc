#include "stream/fetch_side.h"

#include <utility>

namespace tidemill::stream {

FetchSide::FetchSide(const rt::Env& env, FetchSideOptions options, base::Random random, MakeApi makeApi,
                     BlockGenerator::OnBlock onBlock, BlockGenerator::OnFailure onFailure)
    : env_(env),
      options_(std::move(options)),
      random_(random),
      makeApi_(std::move(makeApi)),
      onBlock_(std::move(onBlock)),
      onFailure_(std::move(onFailure)) {}

void FetchSide::open() {
  budget_ = std::make_shared<block::MemoryBudget>(env_.fetchLoop, options_.budgetBytes);
  api_ = makeApi_(env_.fetchLoop, env_.fetchHttp, random_);
  rateGate_ = std::make_shared<RateGate>(env_.fetchLoop, options_.rate);
  makeReaders(options_.firstBlock, 0);
  paces_ = options_.paces;
  if (paces_ == nullptr) paces_ = std::make_shared<consume::ShardPaces>(options_.polling.pace);
  rangeReader_ = std::make_unique<consume::RangeReader>(
      consume::RangeReadContext{env_.fetchLoop, *api_, paces_, random_, env_.log, env_.faults},
      options_.recovery);
  recoveries_ = std::make_unique<rt::TaskGroup>(env_.fetchLoop);
}

void FetchSide::reopen(std::uint64_t firstBlock, std::int64_t waiting) {
  if (api_ != nullptr) makeReaders(firstBlock, waiting);
}

void FetchSide::makeReaders(std::uint64_t firstBlock, std::int64_t waiting) {
  BlockGeneratorOptions blocks{options_.idPrefix,       options_.blocks, options_.blockInterval,
                               options_.blockQueueSize, firstBlock,      waiting};
  generator_ = std::make_unique<BlockGenerator>(env_.fetchLoop, std::move(blocks), onBlock_, onFailure_);
  readers_ = std::make_unique<consume::ReaderLane>(env_.fetchLoop, *generator_);
}

void FetchSide::start(const consume::ShardStart& start) {
  if (readers_ == nullptr) return;  // Shut down meanwhile.
  consume::FetchContext context{env_.fetchLoop, *api_, budget_, random_, env_.log, paces_};
  context.aggregates = options_.aggregates;
  context.quota = rateGate_;
  context.faults = &env_.faults;
  const consume::ReadTask task = consume::readTaskOf(options_.streamName, start);
  readers_->start(start.shardId, start.token,
                  std::make_unique<consume::PollingFetcher>(context, task, options_.polling), start.fence);
}

void FetchSide::stop(const consume::ShardStop& stop) {
  if (readers_ == nullptr) return;
  const bool running = readers_->stop(stop.shardId, stop.token);
  // A reader that came to the end of its shard has said so already.
  if (!running || !stop.handOver) return;
  generator_->ended({.shardId = stop.shardId, .token = stop.token, .kind = block::ShardEnd::Kind::kHandOver});
  generator_->flush();
}

void FetchSide::updateRate(std::int64_t rate) {
  if (rateGate_ != nullptr) rateGate_->update(rate);
}

void FetchSide::updateMaxRate(std::int64_t rate) {
  if (rateGate_ != nullptr) rateGate_->updateMax(rate);
}

void FetchSide::blockStored() {
  if (generator_ != nullptr) generator_->stored();
}

void FetchSide::shutdown(bool flush) {
  readers_.reset();
  if (generator_ != nullptr && flush) generator_->stop();
  generator_.reset();
}

void FetchSide::recover(std::vector<std::shared_ptr<const block::BlockInfo>> blocks, OnRebuilt onRebuilt) {
  if (recoveries_ == nullptr) {
    onRebuilt(fail(Code::kCancelled, "reading has ended"));
    return;
  }
  recoveries_->spawn(rebuild(std::move(blocks), std::move(onRebuilt)));
}

rt::Task<void> FetchSide::rebuild(std::vector<std::shared_ptr<const block::BlockInfo>> blocks,
                                  OnRebuilt onRebuilt) {
  auto rebuilt = co_await rangeReader_->rebuild(std::move(blocks));
  onRebuilt(std::move(rebuilt));
}

void FetchSide::close() {
  shutdown(false);
  recoveries_.reset();
  rangeReader_.reset();
  paces_.reset();
  rateGate_.reset();
  api_.reset();
  budget_.reset();
}

}  // namespace tidemill::stream

#include "consume/consumer_reading.h"

#include <utility>

namespace tidemill::consume {

ConsumerReading::ConsumerReading(const rt::Env& env, ReadingOptions options, base::Random random,
                                 MakeApi makeApi, std::shared_ptr<ReadingMailbox> mailbox)
    : env_(env),
      options_(std::move(options)),
      random_(random),
      makeApi_(std::move(makeApi)),
      mailbox_(std::move(mailbox)) {}

void ConsumerReading::open() {
  budget_ = std::make_shared<block::MemoryBudget>(env_.fetchLoop, options_.budgetBytes);
  api_ = makeApi_(env_.fetchLoop, env_.fetchHttp, random_);
  readers_ = std::make_unique<ReaderLane>(env_.fetchLoop, *this);
}

void ConsumerReading::start(const ShardStart& start) {
  if (readers_ == nullptr) return;  // Shut down meanwhile.
  auto gate =
      std::make_shared<PendingGate>(env_.fetchLoop, options_.pendingPagesMax, options_.pendingBytesMax);
  shards_.insert_or_assign(start.shardId, Reading{start.token, gate});
  FetchContext context{env_.fetchLoop, *api_, budget_, random_, env_.log};
  context.aggregates = options_.aggregates;
  const ReadTask task = readTaskOf(options_.stream, start);
  auto polling = std::make_unique<PollingFetcher>(context, task, options_.polling);
  auto onEmpty = [this, shardId = start.shardId, token = start.token] {
    tell([shardId, token](ReadingListener& listener) { listener.onEmpty(shardId, token); });
  };
  readers_->start(start.shardId, start.token,
                  std::make_unique<GatedFetcher>(std::move(polling), std::move(gate), std::move(onEmpty)),
                  start.fence);
}

void ConsumerReading::stop(const std::string& shardId, std::int64_t token) {
  if (readers_ != nullptr) readers_->stop(shardId, token);
}

void ConsumerReading::pageDone(const std::string& shardId, std::int64_t token, std::int64_t bytes) {
  const auto shard = shards_.find(shardId);
  if (shard != shards_.end() && shard->second.token == token) shard->second.gate->done(bytes);
}

void ConsumerReading::shutdown() {
  readers_.reset();
  shards_.clear();
  api_.reset();
  budget_.reset();
}

void ConsumerReading::tell(std::function<void(ReadingListener&)> what) {
  env_.loop.post([mailbox = mailbox_, what = std::move(what)] {
    if (mailbox->listener != nullptr) what(*mailbox->listener);
  });
}

void ConsumerReading::page(std::shared_ptr<const block::ShardPage> page) {
  tell([page = std::move(page)](ReadingListener& listener) { listener.onPage(page); });
}

void ConsumerReading::ended(block::ShardEnd end) {
  tell([end = std::move(end)](ReadingListener& listener) { listener.onEnd(end); });
}

void ConsumerReading::failed(const std::string& shardId, const Error& error) {
  const std::int64_t token = shards_.at(shardId).token;
  tell([shardId, token, error](ReadingListener& listener) { listener.onReadFailed(shardId, token, error); });
}

}  // namespace tidemill::consume

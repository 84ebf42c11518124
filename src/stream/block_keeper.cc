#include "stream/block_keeper.h"

#include <fmt/format.h>

#include <utility>

#include "rt/backoff.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// Blocks on their way into the store at once: a disk writes several with one sync.
constexpr std::size_t kBegunMax = 8;
// Tries of one block. (Spark: the receiver's four)
constexpr int kTriesMax = 4;

}  // namespace

BlockKeeper::BlockKeeper(const rt::Env& env, StoredBlocks& blocks, KeeperOptions options, KeeperHost& host)
    : env_(env),
      blocks_(blocks),
      options_(std::move(options)),
      host_(host),
      drained_(env.loop, 0, 1),
      tasks_(env.loop) {}

void BlockKeeper::add(std::shared_ptr<const block::Block> block) {
  if (failed_) return;  // Its records are read again from the lease checkpoint.
  auto entry = std::make_shared<Entry>();
  entry->info = block->info();
  if (block->recordCount() == 0 || options_.level == StorageLevel::NONE) {
    entry->begun = true;
    entry->placed = block::Placement{};
  }
  entry->block = std::move(block);
  queue_.push_back(std::move(entry));
  beginWaiting();
  giveOut();
}

void BlockKeeper::beginWaiting() {
  std::size_t begun = 0;
  for (const auto& entry : queue_) {
    if (begun == kBegunMax) return;
    if (!entry->begun && full_ && !draining_) return;  // Those that were begun find out when there is room.
    if (!entry->placed) ++begun;
    if (std::exchange(entry->begun, true)) continue;
    tasks_.spawn(place(entry));
  }
}

rt::Task<void> BlockKeeper::place(std::shared_ptr<Entry> entry) {
  auto stored = co_await store(entry->block);
  if (!stored) {
    giveUp(stored.error());
    co_return;
  }
  placed(*entry, *stored);
  beginWaiting();
  giveOut();
}

// Tries until the block is stored, held or given up.
rt::Task<Result<block::Placement>> BlockKeeper::store(std::shared_ptr<const block::Block> block) {
  rt::Backoff backoff({.base = 100ms, .cap = 1s}, env_.random);
  int failures = 0;
  for (;;) {  // Bounded by kTriesMax, but for a full disk: that lasts until there is room, or a stop.
    auto done = co_await blocks_.store().put(block, options_.level);
    if (done) {
      noteRoom();
      if (!done->reaches(options_.level)) ++shortOfLevel_;
      co_return *done;
    }
    if (done.error().code() == Code::kDiskFull) {
      noteFull(*block, done.error());
      if (draining_ && options_.mayHold) {
        blocks_.hold(block);
        co_return block::Placement{.memory = true, .disk = false, .copies = 1};
      }
    } else {
      env_.log.warning("block_not_stored", {{"stream", options_.streamName},
                                            {"block", block->id()},
                                            {"try", failures + 1},
                                            {"reason", done.error().message()}});
      if (++failures == kTriesMax) {
        co_return fail(
            done.error().within(fmt::format("block {} of stream {} could not be stored in {} "
                                            "tries; its records were not checkpointed",
                                            block->id(), options_.streamName, failures)));
      }
    }
    const rt::Duration delay = backoff.next();
    co_await env_.loop.sleepFor(delay);
  }
}

void BlockKeeper::placed(Entry& entry, block::Placement placement) {
  entry.placed = placement;
  if (placement.copies > 0) entry.block.reset();
}

void BlockKeeper::giveOut() {
  while (!failed_ && !queue_.empty() && mayGiveOut(*queue_.front())) {
    const std::shared_ptr<Entry> entry = std::move(queue_.front());
    queue_.pop_front();
    const std::int64_t bytes = entry->info->payloadBytes();
    if (entry->placed->copies == 0 && bytes > 0) {
      nowhere_.emplace(entry->info->id, bytes);
      nowhereBytes_ += bytes;
    }
    host_.onKept(entry->info);
  }
  if (draining_ && queue_.empty()) drained_.release(1);
}

bool BlockKeeper::mayGiveOut(const Entry& entry) const {
  if (!entry.placed) return false;
  if (entry.placed->copies > 0 || nowhereBytes_ == 0 || draining_) return true;
  return nowhereBytes_ + entry.info->payloadBytes() <= options_.nowhereBytesMax;
}

void BlockKeeper::released(const std::string& id) {
  const auto found = nowhere_.find(id);
  if (found == nowhere_.end()) return;
  nowhereBytes_ -= found->second;
  nowhere_.erase(found);
  giveOut();
}

rt::Task<void> BlockKeeper::drain() {
  draining_ = true;  // Whoever waits for room sees it at the next try.
  beginWaiting();
  giveOut();
  while (!queue_.empty() && !failed_) co_await drained_.acquire(1);
}

std::int64_t BlockKeeper::waitingRecords() const {
  std::int64_t records = 0;
  for (const auto& entry : queue_) records += entry->info->recordCount();
  return records;
}

void BlockKeeper::giveUp(const Error& error) {
  if (std::exchange(failed_, true)) return;
  drained_.release(1);
  host_.onKeepFailed(error);
}

void BlockKeeper::noteFull(const block::Block& block, const Error& error) {
  if (std::exchange(full_, true)) return;
  env_.log.warning("store_full", {{"stream", options_.streamName},
                                  {"block", block.id()},
                                  {"bytes", block.payloadBytes()},
                                  {"reason", error.message()},
                                  {"hint", "make room; reading pauses, and goes on by itself"}});
}

void BlockKeeper::noteRoom() {
  if (!std::exchange(full_, false)) return;
  env_.log.info("store_resumed", {{"stream", options_.streamName}});
}

}  // namespace tidemill::stream

#include "stream/context_blocks.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "stream/task_hold.h"
#include "stream/task_retry.h"

namespace tidemill::stream {
namespace {

// How often an action looks for blocks again that its tasks could not read.
constexpr int kRoundsMax = 3;

}  // namespace

// Thrown in a task, and caught around it: not a failure of the user's functions.
struct ContextBlocks::Unreadable : std::exception {
  // NOLINTNEXTLINE(bugprone-throw-keyword-missing): a member, not an exception that somebody forgot to throw.
  Unreadable(std::size_t i, Error e) : index(i), error(std::move(e)) {}
  const char* what() const noexcept override { return error.what(); }

  std::size_t index;
  Error error;
};

Partition ContextBlocks::partition(std::size_t index) const {
  return {.index = index, .blockId = ids_[index]};
}

std::string ContextBlocks::contextOf(std::size_t index) const {
  return fmt::format("partition {} of {}", index, ids_.size());
}

rt::Gate<ContextWorld>::Entry ContextBlocks::enter() const {
  auto entry = gate_->enter();
  if (!entry) throw contextStopped();
  return entry;
}

void ContextBlocks::prepare(std::optional<std::size_t> only) {
  if (!isValid()) {
    throw Error(Code::kUsage, fmt::format("the {} blocks of this RDD were removed", ids_.size()),
                "compute it before removeBlocks(), or use a KinesisBackedBlockRDD");
  }
  if (only && *only >= ids_.size()) {
    throw Error(Code::kUsage, fmt::format("there is no partition {}, the RDD has {}", *only, ids_.size()),
                "partitions are counted from 0");
  }
  std::vector<std::size_t> wanted(only ? 1 : ids_.size(), only.value_or(0));
  if (!only) std::iota(wanted.begin(), wanted.end(), std::size_t{0});
  const auto entry = enter();
  locate(*entry, wanted, std::nullopt);
}

void ContextBlocks::locate(ContextWorld& world, const std::vector<std::size_t>& wanted,
                           const std::optional<Error>& damage) {
  Sources found(wanted.size());
  const auto look = world.visitLane([&] {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (damage) {  // What cannot be read is not taken a second time, whoever keeps it.
        world.blocks().markLost(ids_[wanted[i]]);
      } else {
        found[i] = findStored(world, wanted[i]);
      }
    }
  });
  if (!look) throw look.error();
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (found[i] == nullptr) missing.push_back(wanted[i]);
    sources_[wanted[i]] = std::move(found[i]);
  }
  if (missing.empty()) return;
  auto elsewhere = findElsewhere(world, missing, damage);
  if (!elsewhere) throw elsewhere.error();
  for (std::size_t i = 0; i < missing.size(); ++i) sources_[missing[i]] = std::move((*elsewhere)[i]);
}

Result<ContextBlocks::Sources> ContextBlocks::findElsewhere(ContextWorld& /*world*/,
                                                            const std::vector<std::size_t>& missing,
                                                            const std::optional<Error>& damage) {
  const std::size_t first = missing.front();
  if (damage) return fail(damage->within(contextOf(first)));
  return fail(Code::kDataLoss,
              fmt::format("{}: block {} is not in the block store", contextOf(first), ids_[first]),
              "blocks are kept until their batch has succeeded; read them again with KinesisBackedBlockRDD");
}

std::shared_ptr<const block::Block> ContextBlocks::load(std::size_t index) const {
  auto block = sources_[index]->load();
  if (!block) throw Unreadable(index, block.error());
  return std::move(*block);
}

void ContextBlocks::forEachRecord(std::size_t index, FunctionRef<void(const Record&)> visit) const {
  const auto block = load(index);
  TaskHold::keep(block);
  block->forEach(visit);
}

std::int64_t ContextBlocks::recordCount(std::size_t index) const {
  return load(index)->recordCount();
}

void ContextBlocks::run(std::size_t count, const std::function<void(std::size_t)>& task) {
  const auto entry = enter();
  RetryingTaskRunner tasks(entry->seams().env.workers,
                           static_cast<int>(entry->conf().getInteger("spark.task.maxFailures")));
  std::vector<std::size_t> open(count);
  std::iota(open.begin(), open.end(), std::size_t{0});
  for (int round = 1; !open.empty(); ++round) {
    std::vector<std::optional<Unreadable>> unreadable(open.size());
    tasks.run(open.size(), [&](std::size_t i) {
      try {
        task(open[i]);
      } catch (const Unreadable& block) {
        unreadable[i].emplace(block);
      }
    });
    std::vector<std::size_t> again;
    std::vector<std::size_t> blocks;
    std::optional<Error> why;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (!unreadable[i]) continue;
      again.push_back(open[i]);
      blocks.push_back(unreadable[i]->index);
      if (!why) why = unreadable[i]->error;
    }
    if (why && round == kRoundsMax) throw why->within(contextOf(blocks.front()));
    if (why) locate(*entry, blocks, why);
    open = std::move(again);
  }
}

std::shared_ptr<detail::PartitionSpace> ContextBlocks::partitionSpace() {
  return enter()->partitions();
}

void ContextBlocks::removeBlocks() {
  const auto entry = enter();
  const auto removed = entry->visitLane([&] {
    for (const std::string& id : ids_) entry->blocks().release(id);
  });
  if (!removed) throw removed.error();
  for (auto& source : sources_) source.reset();
  removed_ = true;
}

}  // namespace tidemill::stream

namespace tidemill::detail {

std::shared_ptr<BlockSet> storedBlocks(const Context& context, std::vector<std::string> blockIds) {
  return std::make_shared<stream::ContextBlocks>(ContextAccess::gate(context), std::move(blockIds));
}

}  // namespace tidemill::detail

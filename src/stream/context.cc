#include "tidemill/context.h"

#include <utility>

#include "block/copied_block.h"
#include "stream/context_world.h"

namespace tidemill {
namespace {

rt::Task<Result<block::Placement>> put(stream::ContextWorld* world, std::shared_ptr<const block::Block> block,
                                       StorageLevel level) {
  co_return co_await world->blocks().put(std::move(block), level);
}

}  // namespace

Context::Context(Conf conf) : world_(std::make_shared<stream::ContextWorld>(std::nullopt, std::move(conf))) {}

Context::Context(const stream::Seams& seams, Conf conf)
    : world_(std::make_shared<stream::ContextWorld>(seams, std::move(conf))) {}

Context::Context(std::shared_ptr<stream::ContextWorld> world) : world_(std::move(world)) {}

Context::~Context() = default;

Result<void> Context::putBlock(const std::string& blockId, const std::string& streamName,
                               const std::vector<Record>& records, StorageLevel level) {
  if (blockId.empty()) return fail(Code::kUsage, "a block needs an id", "name it, for example input-0-1");
  auto block = block::copiedBlock(blockId, streamName, records);
  if (block == nullptr) {
    return fail(Code::kUsage, "block " + blockId + " would hold no record", "put at least one");
  }
  const auto entry = world_->gate()->enter();
  if (!entry) return fail(stream::contextStopped());
  auto put = world_->await(tidemill::put(world_.get(), std::move(block), level));
  if (!put) return fail(put.error());
  return {};
}

Result<bool> Context::hasBlock(const std::string& blockId) {
  const auto entry = world_->gate()->enter();
  if (!entry) return fail(stream::contextStopped());
  bool found = false;
  auto looked = world_->visitLane([&] { found = world_->find(blockId) != nullptr; });
  if (!looked) return fail(looked.error());
  return found;
}

Result<void> Context::removeBlock(const std::string& blockId) {
  const auto entry = world_->gate()->enter();
  if (!entry) return fail(stream::contextStopped());
  return world_->visitLane([&] { world_->blocks().release(blockId); });
}

void Context::stop() {
  world_->stop();
}

bool Context::isStopped() const {
  return world_->stopped();
}

detail::ContextGate detail::ContextAccess::gate(const Context& context) {
  return context.world_->gate();
}

}  // namespace tidemill

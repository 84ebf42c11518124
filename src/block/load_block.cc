// Reading one block of a store back, with every check.
#include <utility>

#include "block/disk_blocks.h"

namespace tidemill::block {
namespace {

Error damaged(const BlockLocation& at, const std::string& what) {
  return Error(
      Code::kDamagedBlock,
      "block " + at.info->id + " in " + at.path + " at byte " + std::to_string(at.offset) + ": " + what,
      "its records can be read again from Kinesis by its ranges; tidemill fsck tells what else is damaged");
}

}  // namespace

Result<std::shared_ptr<const Block>> loadBlock(rt::FileSystem& files, const BlockLocation& location) {
  const auto size = files.size(location.path);
  if (!size) return fail(size.error().within("block " + location.info->id));
  // Before memory is taken.
  if (location.offset > *size || location.bytes > *size - location.offset)
    return fail(damaged(location, "the file ends before it does"));
  auto holder = std::make_shared<codec::Body>();
  char* const to = holder->extend(static_cast<std::size_t>(location.bytes));
  const auto got =
      files.readAt(location.path, location.offset, {to, static_cast<std::size_t>(location.bytes)});
  if (!got) return fail(got.error().within("block " + location.info->id));
  if (*got < location.bytes) return fail(damaged(location, "the file ends before it does"));

  const FrameStep step = readFrame(holder->view());
  if (step.state != FrameState::kFrame) return fail(damaged(location, step.what));
  if (step.frame.header.kind != kBlockFrame || step.frame.header.epoch != location.epoch)
    return fail(damaged(location, "a frame of another kind or epoch lies there"));
  const auto head = readBlockHead(step.frame.head);
  if (!head) return fail(damaged(location, head.error().message()));
  if (!sameInfo(*head->info, *location.info))
    return fail(damaged(location, "another block lies there: " + head->info->id));
  auto block = readBlockBody(*head, holder, step.frame.body);
  if (!block) return fail(damaged(location, block.error().message()));
  auto verified = verifyContent(**block);
  if (!verified) return fail(damaged(location, verified.error().message()));
  return block;
}

}  // namespace tidemill::block

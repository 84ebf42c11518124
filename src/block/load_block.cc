// Reading one block of a store back, with every check.
#include <utility>

#include "block/disk_blocks.h"

namespace tidemill::block {
namespace {

tl::unexpected<Error> damaged(const std::string& what) {
  return fail(
      Code::kDamagedBlock, what,
      "its records can be read again from Kinesis by its ranges; tidemill fsck tells what else is damaged");
}

}  // namespace

Result<std::shared_ptr<const Block>> loadBlock(rt::FileSystem& files, const BlockLocation& location) {
  auto block = readStoredBlock(files, location);
  if (block) return block;
  std::string context = "block " + location.info->id;
  // What the file system says names the file already.
  if (block.error().code() == Code::kDamagedBlock)
    context += " in " + location.path + " at byte " + std::to_string(location.offset);
  return fail(block.error().within(context));
}

Result<std::shared_ptr<const Block>> readStoredBlock(rt::FileSystem& files, const BlockLocation& location) {
  const auto size = files.size(location.path);
  if (!size) return fail(size.error());
  // Before memory is taken.
  if (location.offset > *size || location.bytes > *size - location.offset)
    return damaged("the file ends before it does");
  auto holder = std::make_shared<codec::Body>();
  char* const to = holder->extend(static_cast<std::size_t>(location.bytes));
  const auto got =
      files.readAt(location.path, location.offset, {to, static_cast<std::size_t>(location.bytes)});
  if (!got) return fail(got.error());
  if (*got < location.bytes) return damaged("the file ends before it does");

  const FrameStep step = readFrame(holder->view());
  if (step.state != FrameState::kFrame) return damaged(step.what);
  if (step.frame.header.kind != kBlockFrame || step.frame.header.epoch != location.epoch)
    return damaged("a frame of another kind or epoch lies there");
  const auto head = readBlockHead(step.frame.head);
  if (!head) return damaged(head.error().message());
  if (!sameInfo(*head->info, *location.info)) return damaged("another block lies there: " + head->info->id);
  auto block = readBlockBody(*head, holder, step.frame.body);
  if (!block) return damaged(block.error().message());
  auto verified = verifyContent(**block);
  if (!verified) return damaged(verified.error().message());
  return block;
}

}  // namespace tidemill::block

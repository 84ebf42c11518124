// block/block_codec.h: a block as bytes, for files and for compressed levels in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "block/block.h"
#include "block/compressed.h"
#include "block/frame_file.h"
#include "codec/body.h"

namespace tidemill::block {

// What stands before the records of an encoded block.
struct BlockHead {
  BlockEncoding encoding = BlockEncoding::kNone;
  // Of the records once they are decompressed.
  std::uint64_t rawBytes = 0;
  std::shared_ptr<const BlockInfo> info;
};

// A larger block is refused, when it is written and when it is read.
constexpr std::uint64_t kBlockRawBytesMax = std::uint64_t{1} << 30;

// A block on its way into bytes: head() and then the body. Uncompressed, the body is made piece by piece and
// never lies in memory as a whole.
class BlockImage {
 public:
  // kInvalidConfig: the block is too large.
  static Result<BlockImage> of(std::shared_ptr<const Block> block, BlockEncoding encoding);

  const std::string& head() const { return head_; }
  // The body refers to this object.
  FrameBody body() const;

 private:
  BlockImage() = default;

  std::shared_ptr<const Block> block_;
  std::string head_;
  std::uint64_t rawBytes_ = 0;
  std::string compressed_;  // Empty: the body is written from the block.
};

// The inverse of head(), strict about every byte. kDamagedBlock says what is wrong, and at which byte.
Result<BlockHead> readBlockHead(std::string_view head);

// The records of `body`, which lies in `holder`. Uncompressed they are views into the holder, else into one
// body of their own: each page of the block shares it. kDamagedBlock.
Result<std::shared_ptr<const Block>> readBlockBody(const BlockHead& head,
                                                   std::shared_ptr<const codec::Body> holder,
                                                   std::string_view body);

// Head and body in one piece of memory, and back.
Result<std::shared_ptr<const codec::Body>> packBlock(std::shared_ptr<const Block> block,
                                                     BlockEncoding encoding);
Result<std::shared_ptr<const Block>> unpackBlock(std::shared_ptr<const codec::Body> packed);

// Hashes the records again. kDamagedBlock names the range whose records are not those that it once had.
Result<void> verifyContent(const Block& block);

// A BlockInfo alone, as the index keeps it.
void appendBlockInfo(const BlockInfo& info, std::string& to);
Result<std::shared_ptr<const BlockInfo>> readBlockInfo(std::string_view bytes);
// Equal in everything: id, slices and ends.
bool sameInfo(const BlockInfo& a, const BlockInfo& b);

}  // namespace tidemill::block

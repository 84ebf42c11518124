// Feeds arbitrary bytes to the readers of block files: frames, heads, records in each encoding.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "block/block_codec.h"
#include "block/frame.h"

namespace {

using namespace tidemill::block;

void checkFrames(std::string_view file) {
  FrameReader reader(file);
  std::uint64_t at = 0;
  for (FrameStep step = reader.next(); step.state != FrameState::kEnd; step = reader.next()) {
    TIDEMILL_CHECK(step.offset == at && step.bytes > 0 && step.bytes <= file.size() - at);
    TIDEMILL_CHECK((step.state == FrameState::kFrame) == step.what.empty());
    at += step.bytes;
  }
  TIDEMILL_CHECK(at == file.size());
  readFrame(file);
}

void checkBlock(std::string_view bytes) {
  const auto block = unpackBlock(tidemill::codec::Body::copyOf(bytes));
  if (!block) {
    TIDEMILL_CHECK(block.error().code() == tidemill::Code::kDamagedBlock);
    return;
  }
  // What was read can be written, and is the same then.
  static_cast<void>(verifyContent(**block));
  const auto again = packBlock(*block, BlockEncoding::kNone);
  TIDEMILL_CHECK(again.has_value());
  const auto read = unpackBlock(*again);
  TIDEMILL_CHECK(read.has_value());
  TIDEMILL_CHECK(sameInfo(*(*read)->info(), *(*block)->info()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  checkFrames(bytes);
  checkBlock(bytes);
  return 0;
}

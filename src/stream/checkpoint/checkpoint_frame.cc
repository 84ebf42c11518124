#include "stream/checkpoint/checkpoint_frame.h"

#include <fmt/format.h>

#include "block/frame.h"
#include "codec/crc32c.h"

namespace tidemill::stream {

std::string encodeValue(ValueKind kind, const CheckpointValue& value) {
  block::FrameHeader header;
  header.kind = static_cast<std::uint16_t>(kind);
  header.epoch = value.epoch;
  header.sequence = value.number;
  header.bodyBytes = static_cast<std::uint32_t>(value.body.size());
  header.headCrc = codec::crc32c({});
  const auto start = header.encode();
  const auto end = block::encodeFrameTrailer(codec::crc32c(value.body));
  std::string bytes;
  bytes.reserve(header.frameBytes());
  bytes.append(start.data(), start.size()).append(value.body).append(end.data(), end.size());
  return bytes;
}

Result<CheckpointValue> readValue(ValueKind kind, std::uint64_t number, std::string_view bytes,
                                  const std::string& name) {
  const block::FrameStep step = block::readFrame(bytes);
  std::string what = step.what;
  if (step.state == block::FrameState::kFrame) {
    const block::FrameHeader& header = step.frame.header;
    if (header.kind == static_cast<std::uint16_t>(kind) && header.sequence == number && header.headBytes == 0)
      return CheckpointValue{header.epoch, header.sequence, std::string(step.frame.body)};
    what = fmt::format("another value lies there, of kind {} and number {}", header.kind, header.sequence);
  }
  return fail(Code::kCheckpointUnreadable, fmt::format("{} cannot be read: {}", name, what),
              "it was damaged, or a later version of tidemill wrote it");
}

}  // namespace tidemill::stream

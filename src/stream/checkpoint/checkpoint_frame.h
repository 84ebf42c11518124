// stream/checkpoint/checkpoint_frame.h: how each value of a checkpoint directory is framed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tidemill/result.h"

namespace tidemill::stream {

// The kinds of values. The numbers lie in files, beside those of block/block_index.h: never change one.
enum class ValueKind : std::uint16_t { kFormat = 17, kLogChunk = 18, kMetadata = 19, kState = 20 };

struct CheckpointValue {
  // Of who wrote it.
  std::uint64_t epoch = 0;
  // Of a chunk of the log, or of metadata: its number. A value in another's place is found out.
  std::uint64_t number = 0;
  std::string body;
};

// A frame of block/frame.h: magic, version, kind, epoch, number, and checksums of header and body.
std::string encodeValue(ValueKind kind, const CheckpointValue& value);
// `name` is for the error: kCheckpointUnreadable, with what is wrong.
Result<CheckpointValue> readValue(ValueKind kind, std::uint64_t number, std::string_view bytes,
                                  const std::string& name);

}  // namespace tidemill::stream

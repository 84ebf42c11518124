#include "stream/checkpoint/log_chunk.h"

#include <utility>

#include "stream/checkpoint/checkpoint_frame.h"
#include "stream/checkpoint/ledger_names.h"

namespace tidemill::stream {

std::string encodeChunk(std::uint64_t epoch, std::uint64_t number, std::string entries) {
  return encodeValue(ValueKind::kLogChunk, {epoch, number, std::move(entries)});
}

Result<LogChunk> readChunk(std::uint64_t number, std::string_view bytes) {
  auto value = readValue(ValueKind::kLogChunk, number, bytes, logName(number));
  if (!value) return fail(value.error());
  auto entries = readEntries(value->body);
  if (!entries) return fail(entries.error().within(logName(number)));
  return LogChunk{value->epoch, std::move(*entries)};
}

}  // namespace tidemill::stream

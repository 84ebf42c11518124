#include "block/frame_file.h"

#include <limits>
#include <utility>

#include "base/check.h"
#include "codec/crc32c.h"

namespace tidemill::block {

FrameFile::FrameFile(std::unique_ptr<rt::AppendFile> file, FrameFileOptions options)
    : file_(std::move(file)), options_(std::move(options)) {}

Result<std::unique_ptr<FrameFile>> FrameFile::create(rt::FileSystem& files, FrameFileOptions options) {
  const auto taken = files.exists(options.path);
  if (!taken) return fail(taken.error());
  if (*taken) return fail(Code::kIo, options.path + " exists already", "look at who else writes there");
  auto file = files.openAppend(options.path);
  if (!file) return fail(file.error());
  return std::unique_ptr<FrameFile>(new FrameFile(std::move(*file), std::move(options)));
}

Result<void> FrameFile::append(std::uint16_t kind, std::string_view head, const FrameBody& body) {
  constexpr std::uint64_t kPartBytesMax = std::numeric_limits<std::uint32_t>::max();
  TIDEMILL_CHECK(head.size() <= kPartBytesMax && body.bytes <= kPartBytesMax);
  if (dead_) return failure_;
  FrameHeader header;
  header.kind = kind;
  header.salt = options_.salt;
  header.epoch = options_.epoch;
  header.sequence = sequence_;
  header.previous = previous_;
  header.headBytes = static_cast<std::uint32_t>(head.size());
  header.bodyBytes = static_cast<std::uint32_t>(body.bytes);
  header.headCrc = codec::crc32c(head);
  const auto headerBytes = header.encode();
  add({headerBytes.data(), headerBytes.size()});
  add(head);
  std::uint32_t crc = 0;
  if (body.bytes > 0) {
    std::uint64_t given = 0;
    const ByteSink sink = [&](std::string_view bytes) {
      given += bytes.size();
      crc = codec::crc32c(bytes, crc);
      add(bytes);
    };
    body.write(sink);
    TIDEMILL_CHECK(given == body.bytes, "a body must have as many bytes as it says");
  }
  const auto trailer = encodeFrameTrailer(crc);
  add({trailer.data(), trailer.size()});
  size_ += header.frameBytes();
  previous_ = header.hash();
  ++sequence_;
  return failure_;
}

void FrameFile::add(std::string_view bytes) {
  if (dead_) return;
  // Large pieces go on as they are: a copy of them would cost as much as their checksum.
  if (bytes.size() >= options_.bufferBytes / 4) {
    if (flush()) note(file_->append(bytes));
    return;
  }
  buffer_.append(bytes);
  if (buffer_.size() >= options_.bufferBytes) flush();
}

Result<void> FrameFile::note(Result<void> result) {
  if (!result) {
    dead_ = true;
    failure_ = result;
  }
  return result;
}

Result<void> FrameFile::flush() {
  if (dead_) return failure_;
  if (buffer_.empty()) return {};
  auto appended = note(file_->append(buffer_));
  buffer_.clear();
  return appended;
}

Result<void> FrameFile::sync() {
  auto flushed = flush();
  if (!flushed) return flushed;
  return note(file_->sync());
}

}  // namespace tidemill::block

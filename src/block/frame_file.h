// block/frame_file.h: a file to which frames are appended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "block/frame.h"
#include "rt/file_system.h"

namespace tidemill::block {

// Takes bytes in pieces.
using ByteSink = std::function<void(std::string_view)>;

// A body that need not lie in memory in one piece.
struct FrameBody {
  std::uint64_t bytes = 0;
  // Gives exactly `bytes` bytes to the sink. Null if there are none.
  std::function<void(const ByteSink&)> write;
};

struct FrameFileOptions {
  std::string path;
  std::uint64_t epoch = 0;
  std::uint64_t salt = 0;
  // What is collected before the file system is called. Range: at least 1.
  std::size_t bufferBytes = 256 * 1024;
};

// One writer, from the first frame on. Blocking: lives on the store thread. After the first failure the file
// is dead, and what was appended since the last sync() may be there or not.
class FrameFile {
 public:
  // The file must not exist; its name survives a crash after syncDirectory().
  static Result<std::unique_ptr<FrameFile>> create(rt::FileSystem& files, FrameFileOptions options);

  // Frames of an empty file that the caller opened.
  FrameFile(std::unique_ptr<rt::AppendFile> file, FrameFileOptions options);

  // Adds a frame. Much of it may wait in memory until sync() or flush(). kDiskFull, kIo.
  Result<void> append(std::uint16_t kind, std::string_view head, const FrameBody& body = {});
  Result<void> flush();
  // Everything appended so far survives a power cut.
  Result<void> sync();

  const std::string& path() const { return options_.path; }
  // Where the next frame starts.
  std::uint64_t size() const { return size_; }
  bool dead() const { return dead_; }

 private:
  void add(std::string_view bytes);
  Result<void> note(Result<void> result);

  const std::unique_ptr<rt::AppendFile> file_;
  const FrameFileOptions options_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t previous_ = 0;
  bool dead_ = false;
  Result<void> failure_;
};

}  // namespace tidemill::block

// cli/line_reader.h: lines of a pipe, a terminal or a file, in portions that do not wait for the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::cli {

struct LineReaderOptions {
  // A longer line is refused as soon as so much of it is there.
  std::size_t lineBytesMax = 10u << 20;
  // A portion is complete with so much. Larger costs memory, and saves little.
  std::size_t portionBytes = 8u << 20;
  std::size_t portionLines = 10'000;
  // So long after its first line a portion is complete, however small. Larger makes fewer, fuller portions of
  // a slow input.
  std::chrono::milliseconds patience{200};
};

// Reads a descriptor that others may write to for ever. Holds at most a portion and a line. One thread; every
// call blocks.
class LineReader {
 public:
  explicit LineReader(int descriptor, LineReaderOptions options = {})
      : descriptor_(descriptor), options_(options) {}

  // Waits for a line, then gives it and those that follow closely, without their ends; an end of line is not
  // needed at the end of the input. Empty: the input has ended. Errors: kIo (cannot be read), kUsage (a line
  // is too long), both naming the line, and only after the lines before it were given.
  Result<std::vector<std::string>> next();

 private:
  enum class Wait { kInput, kTimeout };

  // Moves complete lines out of the buffer.
  void takeLines(std::vector<std::string>& lines, std::size_t& bytes);
  bool complete(const std::vector<std::string>& lines, std::size_t bytes) const;
  Wait wait(std::chrono::milliseconds patience) const;
  // Reads what is there; false at the end of the input.
  Result<bool> fill();

  const int descriptor_;
  const LineReaderOptions options_;
  // What was read and not given: at most one line and one read, unless a portion was full.
  std::string buffer_;
  std::size_t taken_ = 0;     // Of buffer_, given already.
  std::size_t searched_ = 0;  // Of buffer_, without an end of line behind taken_.
  std::int64_t lines_ = 0;
  bool tooLong_ = false;  // The line behind taken_.
  bool ended_ = false;
};

}  // namespace tidemill::cli

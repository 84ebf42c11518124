// stream/socket_lines.h: lines of a text that comes in pieces.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rt/faults.h"

namespace tidemill::stream {

// Wherever the pieces were cut, the lines are the same. '\r' before the end of a line is none of it.
class SocketLines {
 public:
  static constexpr std::size_t kLineMost = 16u << 20;

  explicit SocketLines(const rt::Faults& faults) : endsAtPieces_(faults.planted("line-ends-at-read")) {}

  // Lines that are whole with this piece; what is behind the last of them waits for the next piece.
  std::vector<std::string> take(std::string_view bytes) {
    std::vector<std::string> lines;
    for (;;) {  // Bounded by the bytes.
      const std::size_t newline = bytes.find('\n');
      line_.append(bytes.substr(0, newline));
      if (newline == std::string_view::npos) break;
      lines.push_back(whole());
      bytes.remove_prefix(newline + 1);
    }
    if (endsAtPieces_ && !line_.empty()) lines.push_back(whole());
    return lines;
  }
  // What waits is longer than a line may be.
  bool tooLong() const { return line_.size() > kLineMost; }
  // No piece comes any more: what waits is a line, too.
  std::optional<std::string> last() {
    if (line_.empty()) return std::nullopt;
    return whole();
  }
  void clear() { line_.clear(); }

 private:
  std::string whole() {
    if (line_.ends_with('\r')) line_.pop_back();
    return std::exchange(line_, {});
  }

  const bool endsAtPieces_;
  std::string line_;
};

}  // namespace tidemill::stream

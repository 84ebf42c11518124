#include "cli/line_reader.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace tidemill::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 1u << 16;
constexpr std::chrono::milliseconds kForEver{-1};

}  // namespace

Result<std::vector<std::string>> LineReader::next() {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  std::optional<Clock::time_point> until;
  takeLines(lines, bytes);
  while (!ended_ && !tooLong_ && !complete(lines, bytes)) {  // Until a portion is there, or no more comes.
    if (!lines.empty() && !until) until = Clock::now() + options_.patience;
    std::chrono::milliseconds patience = kForEver;
    if (until) {
      patience = std::max(std::chrono::milliseconds(0),
                          std::chrono::duration_cast<std::chrono::milliseconds>(*until - Clock::now()));
    }
    if (wait(patience) == Wait::kTimeout) break;
    auto more = fill();
    if (!more && lines.empty()) return fail(more.error());
    if (!more) break;  // What came before is good; the next call meets the same error.
    takeLines(lines, bytes);
  }
  if (lines.empty() && tooLong_) {
    return fail(Code::kUsage,
                fmt::format("line {} has more than {} bytes; a record holds no more", lines_ + 1,
                            options_.lineBytesMax),
                "split it");
  }
  return lines;
}

void LineReader::takeLines(std::vector<std::string>& lines, std::size_t& bytes) {
  while (!complete(lines, bytes)) {
    const std::size_t end = buffer_.find('\n', searched_);
    tooLong_ = std::min(end, buffer_.size()) - taken_ > options_.lineBytesMax;
    if (tooLong_ || end == std::string::npos) break;
    lines.push_back(buffer_.substr(taken_, end - taken_));
    bytes += lines.back().size();
    taken_ = searched_ = end + 1;
    ++lines_;
  }
  if (tooLong_ || complete(lines, bytes)) return;
  buffer_.erase(0, taken_);
  taken_ = 0;
  searched_ = buffer_.size();
  if (ended_ && !buffer_.empty()) {
    ++lines_;
    lines.push_back(std::exchange(buffer_, {}));
    searched_ = 0;
  }
}

bool LineReader::complete(const std::vector<std::string>& lines, std::size_t bytes) const {
  return lines.size() >= options_.portionLines || bytes >= options_.portionBytes;
}

LineReader::Wait LineReader::wait(std::chrono::milliseconds patience) const {
  pollfd poll{descriptor_, POLLIN, 0};
  // An error of poll() shows as one of the read that follows.
  return ::poll(&poll, 1, static_cast<int>(patience.count())) == 0 ? Wait::kTimeout : Wait::kInput;
}

Result<bool> LineReader::fill() {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  const ssize_t got = read(descriptor_, buffer_.data() + before, kReadBytes);
  const int error = errno;
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  if (got == 0) ended_ = true;
  if (got < 0 && error != EINTR && error != EAGAIN) {
    return fail(Code::kIo, fmt::format("cannot read line {}: {}", lines_ + 1, std::strerror(error)),
                "give readable input, for example: tidemill put orders < lines.txt");
  }
  return !ended_;
}

}  // namespace tidemill::cli

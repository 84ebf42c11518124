#include "block/frame.h"

#include <xxhash.h>

#include <bit>
#include <cstring>
#include <utility>

#include "codec/crc32c.h"

namespace tidemill::block {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers lie in the file as they lie in memory");

constexpr std::string_view kMagic = "TMf\xa7";
constexpr std::string_view kTrailerMagic = "end\xa7";
constexpr std::size_t kCrcOffset = FrameHeader::kBytes - sizeof(std::uint32_t);

// Writes numbers one behind the other.
class Put {
 public:
  explicit Put(char* to) : to_(to) {}
  template <class Number>
  void number(Number value) {
    std::memcpy(to_, &value, sizeof value);
    to_ += sizeof value;
  }

 private:
  char* to_;
};

class Get {
 public:
  explicit Get(const char* from) : from_(from) {}
  template <class Number>
  void number(Number& value) {
    std::memcpy(&value, from_, sizeof value);
    from_ += sizeof value;
  }

 private:
  const char* from_;
};

// Where the zeros start that reach up to the end.
std::uint64_t startOfZeros(std::string_view file) {
  const auto last = file.find_last_not_of('\0');
  return last == std::string_view::npos ? 0 : last + 1;
}

// Checks what follows a good header; `bytes` are the frame's, all of them. Fills `step`.
void readContent(const FrameHeader& header, std::string_view bytes, FrameStep& step) {
  step.frame.header = header;
  step.frame.head = bytes.substr(FrameHeader::kBytes, header.headBytes);
  step.frame.body = bytes.substr(FrameHeader::kBytes + header.headBytes, header.bodyBytes);
  step.headGood = codec::crc32c(step.frame.head) == header.headCrc;
  const auto trailer = encodeFrameTrailer(codec::crc32c(step.frame.body));
  const bool bodyGood =
      bytes.substr(bytes.size() - kFrameTrailerBytes) == std::string_view(trailer.data(), trailer.size());
  step.state = step.headGood && bodyGood ? FrameState::kFrame : FrameState::kDamaged;
  if (!step.headGood) {
    step.what = "the checksum of the head is wrong";
  } else if (!bodyGood) {
    step.what = "the checksum of the body is wrong";
  }
}

}  // namespace

std::uint64_t FrameHeader::frameBytes() const {
  return kFrameOverheadBytes + std::uint64_t{headBytes} + bodyBytes;
}

std::array<char, FrameHeader::kBytes> FrameHeader::encode() const {
  std::array<char, kBytes> bytes{};
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  Put put(bytes.data() + kMagic.size());
  put.number(version);
  put.number(kind);
  put.number(salt);
  put.number(epoch);
  put.number(sequence);
  put.number(previous);
  put.number(headBytes);
  put.number(bodyBytes);
  put.number(headCrc);
  put.number(std::uint64_t{0});
  put.number(codec::crc32c({bytes.data(), kCrcOffset}));
  return bytes;
}

std::optional<FrameHeader> FrameHeader::decode(std::string_view bytes) {
  if (bytes.size() < kBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  FrameHeader header;
  Get get(bytes.data() + kMagic.size());
  get.number(header.version);
  get.number(header.kind);
  get.number(header.salt);
  get.number(header.epoch);
  get.number(header.sequence);
  get.number(header.previous);
  get.number(header.headBytes);
  get.number(header.bodyBytes);
  get.number(header.headCrc);
  std::uint64_t zero = 0;
  std::uint32_t crc = 0;
  get.number(zero);
  get.number(crc);
  if (header.version != kVersion || zero != 0) return std::nullopt;
  if (crc != codec::crc32c(bytes.substr(0, kCrcOffset))) return std::nullopt;
  return header;
}

std::uint64_t FrameHeader::hash() const {
  const auto bytes = encode();
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::array<char, kFrameTrailerBytes> encodeFrameTrailer(std::uint32_t bodyCrc) {
  std::array<char, kFrameTrailerBytes> bytes{};
  Put(bytes.data()).number(bodyCrc);
  std::memcpy(bytes.data() + sizeof bodyCrc, kTrailerMagic.data(), kTrailerMagic.size());
  return bytes;
}

FrameReader::FrameReader(std::string_view file) : file_(file), zerosFrom_(startOfZeros(file)) {}

std::optional<FrameHeader> FrameReader::headerAt(std::uint64_t offset) const {
  if (offset + FrameHeader::kBytes > file_.size()) return std::nullopt;
  return FrameHeader::decode(file_.substr(offset, FrameHeader::kBytes));
}

std::uint64_t FrameReader::findHeader(std::uint64_t from) const {
  for (auto at = file_.find(kMagic, from); at != std::string_view::npos; at = file_.find(kMagic, at + 1)) {
    const auto header = headerAt(at);
    if (header && (!salt_ || header->salt == *salt_)) return at;
  }
  return file_.size();
}

FrameStep FrameReader::next() {
  if (ended_ || offset_ == file_.size())
    return {.state = FrameState::kEnd, .offset = offset_, .frame = {}, .what = {}};
  const auto header = headerAt(offset_);
  FrameStep step = header ? readable(*header) : unreadable();
  offset_ = step.offset + step.bytes;
  ended_ = step.state == FrameState::kTorn;
  return step;
}

FrameStep FrameReader::unreadable() {
  const std::uint64_t next = findHeader(offset_ + 1);
  FrameStep step{
      .state = FrameState::kDamaged, .offset = offset_, .bytes = next - offset_, .frame = {}, .what = {}};
  before_.reset();
  const bool cut = file_.size() - offset_ < FrameHeader::kBytes || zerosFrom_ < file_.size();
  if (next == file_.size() && cut) {
    step.state = FrameState::kTorn;
    step.what = "the file ends inside a frame";
  } else {
    step.what = "no frame starts here, " + std::to_string(step.bytes) + " bytes are unreadable";
  }
  return step;
}

FrameStep FrameReader::readable(const FrameHeader& header) {
  const std::uint64_t left = file_.size() - offset_;
  const std::uint64_t bytes = header.frameBytes();
  FrameStep step{.offset = offset_, .bytes = std::min(bytes, left), .frame = {}, .what = {}};
  if (bytes > left) {
    step.state = FrameState::kTorn;
    step.frame.header = header;
    step.what = "the file ends inside a frame";
    return step;
  }
  readContent(header, file_.substr(offset_, bytes), step);
  if (step.state == FrameState::kDamaged && zerosFrom_ < offset_ + bytes) {
    step.state = FrameState::kTorn;
    step.bytes = left;
    step.what = "the file ends with zeros inside a frame";
  }
  if (step.state == FrameState::kFrame) checkOrder(step);
  before_ = header;
  if (!salt_) salt_ = header.salt;
  epochMax_ = std::max(epochMax_, header.epoch);
  return step;
}

void FrameReader::checkOrder(FrameStep& step) const {
  const FrameHeader& header = step.frame.header;
  if (header.epoch < epochMax_) {
    step.state = FrameState::kWrongEpoch;
    step.what = "a frame of epoch " + std::to_string(header.epoch) + " behind one of epoch " +
                std::to_string(epochMax_);
    return;
  }
  // Behind damage nothing is known about the frame before.
  const bool first = offset_ == 0;
  if (!first && !before_) return;
  const std::uint64_t sequence = first ? 0 : before_->sequence + 1;
  const std::uint64_t previous = first ? 0 : before_->hash();
  if (header.sequence == sequence && header.previous == previous && (!salt_ || header.salt == *salt_)) return;
  step.state = FrameState::kOutOfOrder;
  step.what = "frame " + std::to_string(header.sequence) + " stands where frame " + std::to_string(sequence) +
              " of this file should";
}

FrameStep readFrame(std::string_view bytes) {
  FrameStep step{.state = FrameState::kDamaged, .bytes = bytes.size(), .frame = {}, .what = {}};
  const auto header = FrameHeader::decode(bytes);
  const bool zeros = startOfZeros(bytes) < bytes.size();
  if (header && header->frameBytes() == bytes.size()) {
    readContent(*header, bytes, step);
  } else if (header) {
    step.what = "its length is not that of the frame";
  } else {
    step.what = "no frame starts here";
  }
  if (step.state == FrameState::kDamaged && zeros) step.state = FrameState::kTorn;
  return step;
}

}  // namespace tidemill::block

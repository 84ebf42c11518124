// block/frame.h: the unit of a block file: how a piece of it is framed, and how a file is read back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemill::block {

// A file is a row of frames: header, head, body, trailer; numbers are little-endian. The head is what must be
// known of the body even if that is damaged, so each has a checksum of its own.
//
//   header   magic u32, version u16, kind u16, salt u64, epoch u64, sequence u64, previous u64,
//            head bytes u32, body bytes u32, CRC32C of the head u32, zero u64, CRC32C of all this u32
//   head, body
//   trailer  CRC32C of the body u32, magic u32; its last byte is never zero
//
// `previous` is a hash of the header before (0 in the first frame), `sequence` counts frames from 0, `epoch`
// is the writer's. `salt` is the same in all frames of a file and cannot be guessed, so that bytes in the
// middle of a record are not taken for a frame when a damaged header makes the reader search for the next.
struct FrameHeader {
  static constexpr std::size_t kBytes = 64;
  static constexpr std::uint16_t kVersion = 1;

  std::uint16_t version = kVersion;
  std::uint16_t kind = 0;
  std::uint64_t salt = 0;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::uint64_t previous = 0;
  std::uint32_t headBytes = 0;
  std::uint32_t bodyBytes = 0;
  std::uint32_t headCrc = 0;

  // The whole frame's.
  std::uint64_t frameBytes() const;
  std::array<char, kBytes> encode() const;
  // Nothing if these are not the bytes of a header.
  static std::optional<FrameHeader> decode(std::string_view bytes);
  // What the next header has as `previous`.
  std::uint64_t hash() const;
};

constexpr std::size_t kFrameTrailerBytes = 8;
constexpr std::size_t kFrameOverheadBytes = FrameHeader::kBytes + kFrameTrailerBytes;
std::array<char, kFrameTrailerBytes> encodeFrameTrailer(std::uint32_t bodyCrc);

// A frame whose header and checksums are right; views into the bytes that were read.
struct Frame {
  FrameHeader header;
  std::string_view head;
  std::string_view body;
};

enum class FrameState {
  kFrame,
  kEnd,      // Nothing follows.
  kTorn,     // Cut, or zeros up to the end: what a crash leaves. Ends the reading.
  kDamaged,  // Other bytes than were written, while the file goes on or its last byte is there.
  // Of a writer older than the one before it: two have written, or a frame was moved.
  kWrongEpoch,
  kOutOfOrder,  // A good frame, but not the one that follows the one before.
};

// What lies at an offset of a file.
struct FrameStep {
  FrameState state = FrameState::kEnd;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  // kFrame, kWrongEpoch and kOutOfOrder: all of it. kDamaged: the header and the head if `headGood`.
  Frame frame;
  bool headGood = false;
  // What is wrong, for people; empty if nothing is.
  std::string what;
};

// Reads a file that lies in memory from its start, and goes on behind damage: past a frame whose length is
// known, else at the next header that is whole and of the same file. Bounded: each step consumes bytes.
class FrameReader {
 public:
  // `file` must outlive this and what it gives.
  explicit FrameReader(std::string_view file);

  FrameStep next();

 private:
  FrameStep unreadable();
  FrameStep readable(const FrameHeader& header);
  void checkOrder(FrameStep& step) const;
  std::uint64_t findHeader(std::uint64_t from) const;
  std::optional<FrameHeader> headerAt(std::uint64_t offset) const;

  const std::string_view file_;
  // Only zeros from here to the end.
  std::uint64_t zerosFrom_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
  // The last good header; none after damage whose frames are unknown.
  std::optional<FrameHeader> before_;
  std::optional<std::uint64_t> salt_;
  std::uint64_t epochMax_ = 0;
};

// The frame that `bytes` are, from their first to their last. kTorn or kDamaged: they are none.
FrameStep readFrame(std::string_view bytes);

}  // namespace tidemill::block

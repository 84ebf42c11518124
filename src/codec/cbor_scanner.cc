#include "codec/cbor_scanner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tidemill::codec {
namespace {

constexpr unsigned kHalfFloat = 25;
constexpr unsigned kFloat = 26;
constexpr unsigned kDouble = 27;

// A loop of constant length becomes one load and one byte swap.
template <std::size_t Width>
std::uint64_t readBigEndian(const char* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < Width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

double fromHalf(std::uint64_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 0x1f);
  const auto mantissa = static_cast<double>(bits & 0x3ff);
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent == 31) {
    value =
        mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

}  // namespace

bool CborScanner::readWideHead(Head& head) {
  if (head.info == kIndefinite) {
    head.value = 0;
    const bool mayBe = (head.major >= kBytes && head.major <= kMap) || head.major == kSimple;
    return mayBe || fail("an indefinite length where none may be");
  }
  if (head.info > 27) return fail("a reserved length");
  const std::size_t width = std::size_t{1} << (head.info - 24);
  if (width > left()) return fail("it ends in the middle");
  switch (width) {
    case 1:
      head.value = readBigEndian<1>(at_);
      break;
    case 2:
      head.value = readBigEndian<2>(at_);
      break;
    case 4:
      head.value = readBigEndian<4>(at_);
      break;
    default:
      head.value = readBigEndian<8>(at_);
  }
  at_ += width;
  return true;
}

bool CborScanner::enter(const Head& head, Items& items) {
  return openContainer(head, head.major == kMap ? 2 : 1, items);
}

bool CborScanner::toInteger(const Head& head, std::int64_t& value) {
  if (head.major > kNegative) return fail("an integer was expected here");
  if (head.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail("an integer does not fit 64 bits");
  }
  value = static_cast<std::int64_t>(head.value);
  if (head.major == kNegative) value = -1 - value;
  return true;
}

bool CborScanner::toDouble(const Head& head, double& value) {
  if (head.major != kSimple) return fail("a number was expected here");
  switch (head.info) {
    case kHalfFloat:
      value = fromHalf(head.value);
      return true;
    case kFloat:
      value = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(head.value)));
      return true;
    case kDouble:
      value = std::bit_cast<double>(head.value);
      return true;
    default:
      return fail("a number was expected here");
  }
}

// Chunks are rare: they come from writers that did not know a string's length. The parts are joined in the
// arena.
bool CborScanner::joinChunks(unsigned major, std::string_view& string) {
  char* joined = arenaRoom(0);
  std::size_t size = 0;
  for (;;) {
    if (at_ != end_ && *at_ == '\xff') {
      ++at_;
      string = {joined, size};
      return true;
    }
    Head head;
    if (!readHead(head)) return false;
    if (head.major != major || head.info == kIndefinite)
      return fail("a chunk of another kind than its string");
    std::string_view chunk;
    if (!readStringBody(head, chunk)) return false;
    char* room = arenaRoom(chunk.size());
    if (room == nullptr) return fail("the chunks of strings are too long");
    std::copy(chunk.begin(), chunk.end(), room);
    size += chunk.size();
  }
}

char* CborScanner::arenaRoom(std::size_t size) {
  if (arena_ == nullptr) {
    // Each byte of the input can be joined once, and decoded from base64 once, which asks for at most half as
    // much room again. Pages that are never written to cost nothing.
    arenaMax_ = 3 * static_cast<std::size_t>(end_ - begin_);
    arena_ = std::make_shared<Body>();
    arena_->reserve(arenaMax_);
  }
  if (size > arenaMax_ - arena_->size()) return nullptr;
  return arena_->extend(size);
}

bool CborScanner::skipWithin(int depth) {
  Head head;
  if (!readHead(head)) return false;
  switch (head.major) {
    case kBytes:
    case kText: {
      std::string_view ignored;
      return readStringBody(head, ignored);
    }
    case kArray:
    case kMap:
      return skipItems(head, depth);
    case kTag:
      return depth > 0 ? skipWithin(depth - 1) : fail("it is nested too deeply");
    case kSimple:
      return head.info != kIndefinite || fail("a container's end where none may be");
    default:
      return true;
  }
}

bool CborScanner::skipItems(const Head& head, int depth) {
  if (depth == 0) return fail("it is nested too deeply");
  Items items;
  if (!enter(head, items)) return false;
  while (next(items)) {
    if (!skipWithin(depth - 1)) return false;
    if (head.major == kMap && !skipWithin(depth - 1)) return false;
  }
  return ok();
}

bool CborScanner::expectEnd() {
  start_ = at_;
  return at_ == end_ || fail("bytes follow behind its end");
}

}  // namespace tidemill::codec

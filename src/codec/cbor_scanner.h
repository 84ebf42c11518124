// codec/cbor_scanner.h: walks over CBOR bytes without copying them; inside codec only.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "codec/body.h"

namespace tidemill::codec {

// A cursor over one CBOR item and all that it holds. Every function that returns bool gives false at the
// first thing that is wrong; then ok() is false for good, offset() is where it happened and problem() says
// what. A scanner never reads outside its bytes, whatever they hold. Header-only where a record passes
// through it.
class CborScanner {
 public:
  enum Major : unsigned { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };
  static constexpr unsigned kOneByte = 24;
  static constexpr unsigned kIndefinite = 31;
  // Containers and tags inside each other; deeper is refused, for the stack is not endless.
  static constexpr int kDepthMax = 32;

  struct Head {
    unsigned major = 0;
    unsigned info = 0;
    std::uint64_t value = 0;  // The count, length, number or tag; 0 if the length is indefinite.
  };
  // What is still to come in the array or map that was entered.
  struct Items {
    std::uint64_t left = 0;
    bool indefinite = false;
  };

  // `bytes` must outlive the scanner and every view it gives.
  explicit CborScanner(std::string_view bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), start_(begin_) {}

  bool ok() const { return problem_ == nullptr; }
  const char* problem() const { return problem_; }
  std::size_t offset() const { return static_cast<std::size_t>(start_ - begin_); }
  // The bytes behind the cursor.
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }

  // Asks the processor to load the bytes `distance` ahead of the cursor while the ones before them are read.
  // Inlined by force: g++-12 takes a function that only prefetches for one without effect, and drops its
  // calls.
  [[gnu::always_inline]] void prefetch(std::size_t distance) const {
    constexpr std::size_t kLine = 64;
    constexpr std::size_t kLines = 4;
    if (distance + kLines * kLine > left()) return;
    for (std::size_t line = 0; line < kLines; ++line)
      __builtin_prefetch(at_ + distance - kLine + line * kLine);
  }

  // Records a problem with the item that was read last; `problem` must be a literal. Returns false.
  bool fail(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
    return false;
  }

  bool readHead(Head& head) {
    start_ = at_;
    if (at_ == end_) return fail("it ends in the middle");
    const auto initial = static_cast<unsigned char>(*at_++);
    head.major = initial >> 5;
    head.info = initial & 31u;
    head.value = head.info;
    if (head.info < 24) return true;
    // Nearly all texts of a record have their length in the next byte.
    if (head.info == kOneByte && at_ != end_) {
      head.value = static_cast<unsigned char>(*at_++);
      return true;
    }
    return readWideHead(head);
  }

  // True, and past it, if the next item is null or undefined: both count as absent.
  bool takeNull() {
    if (at_ == end_ || (*at_ != '\xf6' && *at_ != '\xf7')) return false;
    ++at_;
    return true;
  }

  bool enterMap(Items& items) { return enter(kMap, 2, items, "a map was expected here"); }
  bool enterArray(Items& items) { return enter(kArray, 1, items, "an array was expected here"); }
  // The same behind a head that was read already.
  bool enter(const Head& head, Items& items);

  // True if another element (of a map: key and value) follows. False behind the last one, and on failure: ask
  // ok().
  bool next(Items& items) {
    if (!items.indefinite) return items.left > 0 && items.left-- > 0;
    start_ = at_;
    if (at_ == end_) return fail("it ends in the middle");
    if (*at_ != '\xff') return true;
    ++at_;
    return false;
  }

  bool readText(std::string_view& text) { return readString(kText, text, "a text was expected here"); }
  bool readBytes(std::string_view& bytes) {
    return readString(kBytes, bytes, "a byte string was expected here");
  }
  // The content behind the head of a text or byte string.
  bool readStringBody(const Head& head, std::string_view& string) {
    if (head.info == kIndefinite) return joinChunks(head.major, string);
    if (head.value > left()) return fail("a string is longer than what follows");
    string = {at_, static_cast<std::size_t>(head.value)};
    at_ += head.value;
    return true;
  }

  bool readInteger(std::int64_t& value) {
    Head head;
    return readHead(head) && toInteger(head, value);
  }
  bool toInteger(const Head& head, std::int64_t& value);
  // The floating point number of a head of 16, 32 or 64 bits; fails for every other head.
  bool toDouble(const Head& head, double& value);

  // Passes over one item, whatever it is.
  bool skip() { return skipWithin(kDepthMax); }
  // Fails if anything follows.
  bool expectEnd();

  // Where strings that came in chunks were joined, and room for what a caller decodes: created at the first
  // use, never moves. Null if nobody needed it.
  std::shared_ptr<const Body> arena() const { return arena_; }
  // Room for `size` bytes in the arena, or null if more is asked for than the input justifies.
  char* arenaRoom(std::size_t size);

 private:
  bool readWideHead(Head& head);
  bool enter(unsigned major, unsigned itemsEach, Items& items, const char* expected) {
    Head head;
    if (!readHead(head)) return false;
    if (head.major != major) return fail(expected);
    return openContainer(head, itemsEach, items);
  }
  bool openContainer(const Head& head, unsigned itemsEach, Items& items) {
    items = {head.value, head.info == kIndefinite};
    // Each item takes a byte at least, so a larger count is a lie that nobody should reserve memory for.
    return head.value <= left() / itemsEach ||
           fail("a container claims more items than what follows can hold");
  }
  bool readString(unsigned major, std::string_view& string, const char* expected) {
    Head head;
    if (!readHead(head)) return false;
    if (head.major != major) return fail(expected);
    return readStringBody(head, string);
  }
  bool joinChunks(unsigned major, std::string_view& string);
  bool skipWithin(int depth);
  bool skipItems(const Head& head, int depth);

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* start_;  // Of the item that was read last.
  const char* problem_ = nullptr;
  std::shared_ptr<Body> arena_;
  std::size_t arenaMax_ = 0;
};

}  // namespace tidemill::codec

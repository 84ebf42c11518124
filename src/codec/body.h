// codec/body.h: the bytes of one response, shared by everything that looks into them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace tidemill::codec {

// Owns a buffer with 64 readable bytes of padding behind its content, as SIMD readers want. Filled once by
// the transport, then shared as `std::shared_ptr<const Body>` by the records that are views into it.
class Body {
 public:
  static constexpr std::size_t kPadding = 64;

  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // A body that holds a copy of `bytes`.
  static std::shared_ptr<const Body> copyOf(std::string_view bytes);

  std::string_view view() const { return {bytes_.get(), size_}; }
  std::size_t size() const { return size_; }
  // Bytes of memory held, padding included: what a budget charges.
  std::size_t capacity() const { return capacity_; }

  // Makes room for `size` bytes in all, so that appending up to there moves nothing.
  void reserve(std::size_t size);
  void append(std::string_view bytes);
  // Empties the body and keeps its memory. Whoever reads must have ended.
  void clear() { size_ = 0; }

  // Appends `size` bytes for the caller to fill and returns where they start; valid until the next growth.
  char* extend(std::size_t size);
  // For its one writer; null before anything was reserved.
  char* data() { return bytes_.get(); }
  // Drops what lies behind the first `size` bytes and gives the memory back. The content may move.
  void shrinkTo(std::size_t size);

 private:
  void growFor(std::size_t more);

  // Large buffers are mappings of their own, smaller ones come from the allocator.
  struct Free {
    Free() : mappedBytes(0) {}
    explicit Free(std::size_t mapped) : mappedBytes(mapped) {}
    std::size_t mappedBytes;  // 0: from the allocator.
    void operator()(char* bytes) const;
  };
  using Bytes = std::unique_ptr<char, Free>;
  static Bytes map(std::size_t size);
  void moveTo(Bytes larger, std::size_t capacity);
  void unmapFrom(std::size_t size);

  Bytes bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tidemill::codec

#include "codec/body.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"

namespace tidemill::codec {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = 2u << 20;

std::size_t roundUp(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

}  // namespace

void Body::Free::operator()(char* bytes) const {
  if (mappedBytes == 0) {
    std::free(bytes);
  } else {
    munmap(bytes, mappedBytes);
  }
}

// Starts at a huge page's boundary and asks for huge pages: one page fault for every 2 MiB instead of 512,
// and a reader that jumps from record to record misses no address translation.
Body::Bytes Body::map(std::size_t size) {
  const std::size_t wanted = roundUp(size, kPage);
  const std::size_t room = wanted + kHugePage;
  void* const mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  const std::size_t before = kHugePage - reinterpret_cast<std::uintptr_t>(mapped) % kHugePage;
  munmap(begin, before);
  if (before < kHugePage) munmap(begin + before + wanted, kHugePage - before);
  madvise(begin + before, wanted, MADV_HUGEPAGE);  // Refused by some kernels; then pages are small.
  return Bytes(begin + before, Free{wanted});
}

void Body::moveTo(Bytes larger, std::size_t capacity) {
  if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
  bytes_ = std::move(larger);
  capacity_ = capacity;
}

std::shared_ptr<const Body> Body::copyOf(std::string_view bytes) {
  auto body = std::make_shared<Body>();
  body->reserve(bytes.size());
  body->append(bytes);
  return body;
}

void Body::reserve(std::size_t size) {
  if (size + kPadding <= capacity_) return;
  if (size + kPadding >= kHugePage || bytes_.get_deleter().mappedBytes > 0) {
    moveTo(map(size + kPadding), size + kPadding);
    return;
  }
  auto* grown = static_cast<char*>(std::realloc(bytes_.get(), size + kPadding));
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(bytes_.release());
  bytes_.reset(grown);
  capacity_ = size + kPadding;
  std::memset(grown + size_, 0, std::min(kPadding, capacity_ - size_));
}

void Body::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

char* Body::extend(std::size_t size) {
  growFor(size);
  char* const room = bytes_.get() + size_;
  size_ += size;
  std::memset(bytes_.get() + size_, 0, kPadding);
  return room;
}

void Body::shrinkTo(std::size_t size) {
  TIDEMILL_CHECK(size <= size_);
  if (bytes_ == nullptr) return;
  size_ = size;
  std::memset(bytes_.get() + size_, 0, kPadding);
  if (bytes_.get_deleter().mappedBytes > 0) {
    unmapFrom(size_ + kPadding);
    return;
  }
  // A shrinking realloc hands whole pages back; if it cannot, the larger buffer stays as good as it was.
  auto* shrunk = static_cast<char*>(std::realloc(bytes_.get(), size_ + kPadding));
  if (shrunk == nullptr) return;
  static_cast<void>(bytes_.release());
  bytes_.reset(shrunk);
  capacity_ = size_ + kPadding;
}

void Body::unmapFrom(std::size_t size) {
  std::size_t& mapped = bytes_.get_deleter().mappedBytes;
  const std::size_t kept = roundUp(size, kPage);
  if (kept < mapped) munmap(bytes_.get() + kept, mapped - kept);
  mapped = kept;
  capacity_ = size;
}

// By half at least, so that many small appends copy each byte a bounded number of times.
void Body::growFor(std::size_t more) {
  if (size_ + more + kPadding > capacity_) reserve(std::max(size_ + more, capacity_ + capacity_ / 2));
}

}  // namespace tidemill::codec

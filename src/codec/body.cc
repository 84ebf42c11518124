#include "codec/body.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

namespace tidemill::codec {

void Body::Free::operator()(char* bytes) const {
  std::free(bytes);
}

std::shared_ptr<const Body> Body::copyOf(std::string_view bytes) {
  auto body = std::make_shared<Body>();
  body->reserve(bytes.size());
  body->append(bytes);
  return body;
}

void Body::reserve(std::size_t size) {
  if (size + kPadding <= capacity_) return;
  // realloc moves whole pages instead of copying them when a large body grows.
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
  // A shrinking realloc hands whole pages back; if it cannot, the larger buffer stays as good as it was.
  auto* shrunk = static_cast<char*>(std::realloc(bytes_.get(), size_ + kPadding));
  if (shrunk == nullptr) return;
  static_cast<void>(bytes_.release());
  bytes_.reset(shrunk);
  capacity_ = size_ + kPadding;
}

// By half at least, so that many small appends copy each byte a bounded number of times.
void Body::growFor(std::size_t more) {
  if (size_ + more + kPadding > capacity_) reserve(std::max(size_ + more, capacity_ + capacity_ / 2));
}

}  // namespace tidemill::codec

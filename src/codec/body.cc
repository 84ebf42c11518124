#include "codec/body.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tidemill::codec {

void Body::Free::operator()(char* bytes) const { std::free(bytes); }

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
  if (size_ + bytes.size() + kPadding > capacity_) {
    reserve(std::max(size_ + bytes.size(), capacity_ + capacity_ / 2));
  }
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  std::memset(bytes_.get() + size_, 0, kPadding);
}

}  // namespace tidemill::codec

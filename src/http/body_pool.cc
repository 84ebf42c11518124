#include "http/body_pool.h"

#include <mutex>
#include <utility>
#include <vector>

namespace tidemill::http {
namespace {

// The allocator serves smaller ones from memory that is mapped already.
constexpr std::size_t kLargeBytes = 128u << 10;

}  // namespace

struct BodyPool::Shelf {
  explicit Shelf(std::size_t max) : idleBytesMax(max) {}

  // The smallest fitting body, but none of more than twice the size: its owner is charged for all of it.
  std::unique_ptr<codec::Body> find(std::size_t size) {
    const std::lock_guard lock(mutex);
    std::size_t best = idle.size();
    for (std::size_t i = 0; i < idle.size(); ++i) {
      const std::size_t room = idle[i]->capacity();
      if (room < size + codec::Body::kPadding || room > 2 * size) continue;
      if (best == idle.size() || room < idle[best]->capacity()) best = i;
    }
    if (best == idle.size()) return nullptr;
    std::swap(idle[best], idle.back());
    std::unique_ptr<codec::Body> found = std::move(idle.back());
    idle.pop_back();
    idleBytes -= found->capacity();
    return found;
  }

  void giveBack(std::unique_ptr<codec::Body> body) {
    body->clear();
    const std::lock_guard lock(mutex);
    if (idleBytes + body->capacity() > idleBytesMax) return;
    idleBytes += body->capacity();
    idle.push_back(std::move(body));
  }

  const std::size_t idleBytesMax;
  mutable std::mutex mutex;
  std::vector<std::unique_ptr<codec::Body>> idle;
  std::size_t idleBytes = 0;
};

BodyPool::BodyPool(std::size_t idleBytesMax) : shelf_(std::make_shared<Shelf>(idleBytesMax)) {}

std::shared_ptr<codec::Body> BodyPool::take(std::size_t size) {
  if (size < kLargeBytes || shelf_->idleBytesMax == 0) {
    auto body = std::make_shared<codec::Body>();
    body->reserve(size);
    return body;
  }
  std::unique_ptr<codec::Body> body = shelf_->find(size);
  if (body == nullptr) {
    body = std::make_unique<codec::Body>();
    // Some spare room lets the next answer of nearly the same size use this buffer too.
    body->reserve(size + size / 8);
  }
  return {body.release(),
          [shelf = shelf_](codec::Body* used) { shelf->giveBack(std::unique_ptr<codec::Body>(used)); }};
}

std::size_t BodyPool::idleBytes() const {
  const std::lock_guard lock(shelf_->mutex);
  return shelf_->idleBytes;
}

}  // namespace tidemill::http

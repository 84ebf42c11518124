#include "http/body_pool.h"

#include <array>
#include <atomic>
#include <utility>

namespace tidemill::http {
namespace {

// The allocator serves smaller ones from memory that is mapped already.
constexpr std::size_t kLargeBytes = 128u << 10;
constexpr std::size_t kPlaces = 64;

// Not more than twice the size: whoever holds a body is charged for all of it.
bool fits(const codec::Body& body, std::size_t size) {
  return body.capacity() >= size + codec::Body::kPadding && body.capacity() <= 2 * size;
}

}  // namespace

// Places for unused bodies, without a lock: any thread may fill an empty place, only the pool's lane empties
// one. So what the lane sees in a place stays there until the lane takes it.
class BodyPool::Shelf {
 public:
  explicit Shelf(std::size_t max) : idleBytesMax_(max) {}
  ~Shelf() {
    for (std::atomic<codec::Body*>& place : places_) delete place.load();
  }
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  // The smallest fitting body, or null.
  std::unique_ptr<codec::Body> find(std::size_t size) {
    std::atomic<codec::Body*>* best = nullptr;
    for (std::atomic<codec::Body*>& place : places_) {
      const codec::Body* body = place.load();
      if (body == nullptr || !fits(*body, size)) continue;
      if (best == nullptr || body->capacity() < best->load()->capacity()) best = &place;
    }
    if (best == nullptr) return nullptr;
    std::unique_ptr<codec::Body> found(best->exchange(nullptr));
    idleBytes_ -= found->capacity();
    return found;
  }

  // Frees the body if there is no room for it.
  void giveBack(std::unique_ptr<codec::Body> body) {
    body->clear();
    const std::size_t bytes = body->capacity();
    if (idleBytes_.fetch_add(bytes) + bytes <= idleBytesMax_) {
      for (std::atomic<codec::Body*>& place : places_) {
        codec::Body* empty = nullptr;
        if (!place.compare_exchange_strong(empty, body.get())) continue;
        static_cast<void>(body.release());
        return;
      }
    }
    idleBytes_ -= bytes;
  }

  std::size_t idleBytes() const { return idleBytes_; }
  bool keepsNone() const { return idleBytesMax_ == 0; }

 private:
  const std::size_t idleBytesMax_;
  std::atomic<std::size_t> idleBytes_{0};
  std::array<std::atomic<codec::Body*>, kPlaces> places_{};
};

BodyPool::BodyPool(std::size_t idleBytesMax) : shelf_(std::make_shared<Shelf>(idleBytesMax)) {}

std::shared_ptr<codec::Body> BodyPool::take(std::size_t size) {
  if (size < kLargeBytes || shelf_->keepsNone()) {
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
  return shelf_->idleBytes();
}

}  // namespace tidemill::http

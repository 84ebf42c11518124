// http/body_pool.h: large response buffers that are used again instead of being given back to the system.
#pragma once

#include <cstddef>
#include <memory>

#include "codec/body.h"

namespace tidemill::http {

// A fresh buffer of 10 MiB costs a page fault for every 4 KiB of it; a used one costs none. take() belongs to
// one lane; bodies may be freed on any thread, and after the pool.
class BodyPool {
 public:
  // Keeps up to `idleBytesMax` bytes in at most 64 unused buffers. 0 keeps none.
  explicit BodyPool(std::size_t idleBytesMax);

  // An empty body with room for `size` bytes. Large ones come back here when their last owner lets go.
  std::shared_ptr<codec::Body> take(std::size_t size);

  // Bytes of unused buffers now.
  std::size_t idleBytes() const;

 private:
  class Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace tidemill::http

#include "tidemill/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstring>
#include <new>

namespace tidemill {

// Whole pages of its own, because only pages can be left out of a core dump.
struct Secret::Buffer {
  explicit Buffer(std::string_view bytes) : size(bytes.size()) {
    void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    // Best effort: an old kernel without the advice still gets the overwriting below.
    static_cast<void>(madvise(pages, size, MADV_DONTDUMP));
    data = static_cast<char*>(pages);
    std::memcpy(data, bytes.data(), size);
  }
  ~Buffer() {
    OPENSSL_cleanse(data, size);
    munmap(data, size);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  char* data = nullptr;
  std::size_t size;
};

Secret::Secret(std::string_view bytes) {
  if (!bytes.empty()) buffer_ = std::make_shared<const Buffer>(bytes);
}

std::string_view Secret::reveal() const {
  if (buffer_ == nullptr) return {};
  return {buffer_->data, buffer_->size};
}

bool operator==(const Secret& a, const Secret& b) {
  const std::string_view left = a.reveal();
  const std::string_view right = b.reveal();
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace tidemill

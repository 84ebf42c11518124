#include "block/content_hash.h"

#include <xxhash.h>

#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <string_view>

namespace tidemill::block {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes are kept on disk and compared elsewhere");

ContentHash fromLibrary(XXH128_hash_t hash) {
  return {hash.high64, hash.low64};
}

// Small pieces are joined before they go to the library, which is slow on many short calls.
class Head {
 public:
  void number(std::uint64_t value) {
    std::memcpy(bytes_.data() + size_, &value, sizeof value);
    size_ += sizeof value;
  }
  // False: it does not fit; take it in a piece of its own.
  bool text(std::string_view text) {
    if (text.empty()) return true;  // Perhaps without an address, which memcpy may not see.
    if (text.size() > bytes_.size() - size_) return false;
    std::memcpy(bytes_.data() + size_, text.data(), text.size());
    size_ += text.size();
    return true;
  }
  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return size_; }
  void clear() { size_ = 0; }

 private:
  // Six numbers, a sequence number of 129 digits and a hash key always fit.
  std::array<char, 512> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

void ContentHasher::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

ContentHasher::ContentHasher() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

void ContentHasher::add(const Record& record) {
  XXH3_state_s* library = state_.get();
  Head head;
  head.number(record.data.size());
  head.number(record.sequenceNumber.size());
  head.number(record.partitionKey.size());
  head.number(record.explicitHashKey.size());
  head.number(record.subSequenceNumber);
  head.number(static_cast<std::uint64_t>(record.approximateArrivalTimestamp.time_since_epoch().count()));
  for (const std::string_view text : {record.sequenceNumber, record.partitionKey, record.explicitHashKey}) {
    if (head.text(text)) continue;
    XXH3_128bits_update(library, head.data(), head.size());
    head.clear();
    XXH3_128bits_update(library, text.data(), text.size());
  }
  XXH3_128bits_update(library, head.data(), head.size());
  XXH3_128bits_update(library, record.data.data(), record.data.size());
}

ContentHash ContentHasher::hash() const {
  return fromLibrary(XXH3_128bits_digest(state_.get()));
}

ContentHash contentHashOf(std::span<const Record> records) {
  ContentHasher hasher;
  for (const Record& record : records) hasher.add(record);
  return hasher.hash();
}

ContentHash hashOfBytes(std::span<const std::byte> bytes) {
  return fromLibrary(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace tidemill::block

// tidemill/flat_map.h: a hash table whose entries lie one behind the other, for combining by key.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tidemill::detail {

// Entries stay in the order in which they were added, so what is made of them is the same in every run. The
// caller brings the hash of a key, which it has anyway. Grows only; up to 2^32 - 2 entries.
template <class K, class V>
class FlatMap {
 public:
  struct Entry {
    std::uint64_t hash;
    K key;
    V value;
  };

  std::size_t size() const { return entries_.size(); }
  std::vector<Entry>& entries() { return entries_; }
  const std::vector<Entry>& entries() const { return entries_; }

  // Null: the key is not there. Valid until the next add().
  V* find(std::uint64_t hash, const K& key) {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {  // Bounded: a slot in two is free.
      const std::uint64_t slot = slots_[at];
      if (slot == kFree) return nullptr;
      if (tagOf(slot) != tagOf(hash)) continue;
      Entry& entry = entries_[indexOf(slot)];
      if (entry.key == key) return &entry.value;
    }
  }

  // Room for as many, so that adding them moves nothing.
  void reserve(std::size_t size) {
    if (slots_.size() < 2 * size) resize(std::max(kSlotsLeast, std::bit_ceil(2 * size)));
  }

  // The key must not be there.
  V& add(std::uint64_t hash, K&& key, V&& value) {
    if (entries_.size() * 2 >= slots_.size()) grow();
    entries_.emplace_back(hash, std::move(key), std::move(value));
    place(hash, entries_.size() - 1);
    return entries_.back().value;
  }

 private:
  // A slot: the upper half of the hash, which few others share, and the place of the entry counted from 1.
  static constexpr std::uint64_t kFree = 0;
  static constexpr std::size_t kEntriesMax = 0xfffffffe;
  static constexpr std::size_t kSlotsLeast = 32;

  static std::uint64_t tagOf(std::uint64_t word) { return word >> 32; }
  static std::size_t indexOf(std::uint64_t slot) { return static_cast<std::size_t>(slot & 0xffffffff) - 1; }

  void place(std::uint64_t hash, std::size_t index) {
    std::size_t at = hash & mask_;
    while (slots_[at] != kFree) at = (at + 1) & mask_;
    slots_[at] = tagOf(hash) << 32 | (index + 1);
  }

  void grow() {
    if (entries_.size() >= kEntriesMax) throw std::length_error("more than 2^32 keys in one partition");
    resize(slots_.empty() ? kSlotsLeast : slots_.size() * 2);
  }

  // `slots`: a power of two.
  void resize(std::size_t slots) {
    entries_.reserve(slots / 2);
    slots_.assign(slots, kFree);
    mask_ = slots - 1;
    for (std::size_t i = 0; i < entries_.size(); ++i) place(entries_[i].hash, i);
  }

  std::vector<Entry> entries_;
  std::vector<std::uint64_t> slots_;
  std::size_t mask_ = 0;
};

}  // namespace tidemill::detail

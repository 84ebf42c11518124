// tidemill/emit.h: how the elements of a partition go from one step to the next.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/function_ref.h"

namespace tidemill::detail {

// What an element is that a record's payload is copied into.
template <class T>
inline constexpr bool kIsPayload =
    std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::byte>>;

// The most elements that one step hands to the next at once.
inline constexpr std::size_t kChunkMax = 128;

// Places of elements in a chunk.
using ChunkPlaces = std::array<std::uint8_t, kChunkMax>;
inline constexpr ChunkPlaces kAllPlaces = [] {
  ChunkPlaces places{};
  for (std::size_t i = 0; i < kChunkMax; ++i) places[i] = static_cast<std::uint8_t>(i);
  return places;
}();

// Elements as one step hands them to the next: those of a buffer that lie at some places of it, in order. A
// step that leaves elements out passes fewer places on, and the elements stay where they are.
template <class T>
class Chunk {
 public:
  // Borrows all; `count`: up to kChunkMax.
  Chunk(T* elements, const ChunkPlaces& places, std::size_t count)
      : elements_(elements), places_(places.data()), count_(count) {}

  std::size_t size() const { return count_; }
  // f(T&), which may move the element away.
  template <class F>
  void forEach(F f) const {
    for (std::size_t i = 0; i < count_; ++i) f(elements_[places_[i]]);
  }
  // Those for which wanted(const T&) is true. Fills `places`, which must outlive the result.
  template <class Wanted>
  Chunk only(const Wanted& wanted, ChunkPlaces& places) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      places[count] = places_[i];
      // No branch: which elements are wanted is what a processor cannot guess.
      count += static_cast<bool>(wanted(std::as_const(elements_[places_[i]]))) ? 1 : 0;
    }
    return Chunk(elements_, places, count);
  }

 private:
  T* elements_;
  const std::uint8_t* places_;
  std::size_t count_;
};

// Takes elements one by one and hands them on in chunks. Steps do not know each other's type, so what lies
// between two of them is a call through a pointer: with chunks that is one for many elements, and the loops
// on both sides are compiled as one piece each. Lives for one partition, on one thread.
template <class T>
class Emit {
 public:
  // Elements in a chunk: few enough to stay in the nearest cache.
  static constexpr std::size_t kChunk = std::clamp<std::size_t>(4096 / sizeof(T), 1, kChunkMax);

  // `take` may move the elements away. It must outlive this object.
  explicit Emit(FunctionRef<void(Chunk<T>)> take) : take_(take) {}
  // Drops what was not handed on: somebody has thrown.
  ~Emit() { std::destroy_n(std::launder(place(0)), std::max(count_, spent_)); }
  Emit(const Emit&) = delete;
  Emit& operator=(const Emit&) = delete;

  void operator()(T&& element) {
    makeRoom();
    put([&]() -> T&& { return std::move(element); });
  }

  // The same for what make() returns, which is made where it will lie. What makeRoom() throws comes from
  // those behind, what add() throws comes from make().
  void makeRoom() {
    if (count_ == kChunk) flush();
  }
  template <class Make>
  void add(Make make) {
    put(make);
  }

  // After makeRoom(), for payloads: a copy of `bytes`. It lies in the memory that an element before it has
  // left behind, if nobody has moved that away.
  void addCopy(std::span<const std::byte> bytes) {
    static_assert(kIsPayload<T>);
    const auto* const begin = reinterpret_cast<const typename T::value_type*>(bytes.data());
    if (count_ < spent_) {
      std::launder(place(count_))->assign(begin, begin + bytes.size());
    } else {
      ::new (static_cast<void*>(place(count_))) T(begin, begin + bytes.size());
    }
    ++count_;
  }

  // Hands on what is left. Whoever made this object calls it when the last element is in.
  void flush() {
    if (count_ == 0) return;
    take_(Chunk<T>(std::launder(place(0)), kAllPlaces, count_));
    if constexpr (kIsPayload<T>) {
      spent_ = std::max(spent_, count_);
      for (std::size_t i = 0; i < count_; ++i) letGo(*std::launder(place(i)));
    } else {
      std::destroy_n(std::launder(place(0)), count_);
    }
    count_ = 0;
  }
  // Hands on `chunk`, behind all that came before it.
  void pass(Chunk<T> chunk) {
    flush();
    if (chunk.size() > 0) take_(chunk);
  }

 private:
  // Of an element that was handed on: more memory than most payloads need is not held for the next one.
  static constexpr std::size_t kHeldMax = 1024;

  T* place(std::size_t index) { return reinterpret_cast<T*>(bytes_) + index; }

  template <class Make>
  void put(Make&& make) {
    if constexpr (kIsPayload<T>) {
      if (count_ < spent_) {
        *std::launder(place(count_)) = make();
        ++count_;
        return;
      }
    }
    ::new (static_cast<void*>(place(count_))) T(make());
    ++count_;
  }
  static void letGo(T& element) {
    if (element.capacity() > kHeldMax) T().swap(element);
  }

  const FunctionRef<void(Chunk<T>)> take_;
  std::size_t count_ = 0;
  // Of payloads: so many places hold elements, the first count_ of them new ones, the others handed on
  // before.
  std::size_t spent_ = 0;
  alignas(T) std::byte bytes_[kChunk * sizeof(T)];
};

}  // namespace tidemill::detail

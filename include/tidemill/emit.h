// tidemill/emit.h: how the elements of a partition go from one step to the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "tidemill/function_ref.h"

namespace tidemill::detail {

// Takes elements one by one and hands them on in chunks. Steps do not know each other's type, so what lies
// between two of them is a call through a pointer: with chunks that is one for many elements, and the loops
// on both sides are compiled as one piece each. Lives for one partition, on one thread.
template <class T>
class Emit {
 public:
  // Elements in a chunk: few enough to stay in the nearest cache.
  static constexpr std::size_t kChunk = std::clamp<std::size_t>(4096 / sizeof(T), 1, 128);

  // `take` may move the elements away. It must outlive this object.
  explicit Emit(FunctionRef<void(std::span<T>)> take) : take_(take) {}
  // Drops what was not handed on: somebody has thrown.
  ~Emit() { clear(); }
  Emit(const Emit&) = delete;
  Emit& operator=(const Emit&) = delete;

  void operator()(T&& element) {
    makeRoom();
    ::new (static_cast<void*>(place(count_))) T(std::move(element));
    ++count_;
  }

  // The same for what make() returns, which is made where it will lie. What makeRoom() throws comes from
  // those behind, what add() throws comes from make().
  void makeRoom() {
    if (count_ == kChunk) flush();
  }
  template <class Make>
  void add(Make make) {
    ::new (static_cast<void*>(place(count_))) T(make());
    ++count_;
  }

  // Hands on what is left. Whoever made this object calls it when the last element is in.
  void flush() {
    if (count_ == 0) return;
    take_(std::span<T>(std::launder(place(0)), count_));
    clear();
  }

 private:
  T* place(std::size_t index) { return reinterpret_cast<T*>(bytes_) + index; }

  void clear() {
    std::destroy_n(std::launder(place(0)), count_);
    count_ = 0;
  }

  const FunctionRef<void(std::span<T>)> take_;
  std::size_t count_ = 0;
  alignas(T) std::byte bytes_[kChunk * sizeof(T)];
};

}  // namespace tidemill::detail

// tidemill/state_spec.h: what mapWithState() does with the state of a key.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/time.h"

namespace tidemill {

namespace detail {

// Throws Error(kUsage), saying what the function did with its state.
[[noreturn]] void throwStateMisuse(const char* what);
// Throws Error(kUsage).
void checkTimeout(Duration timeout);

}  // namespace detail

// The state of one key, during one call of the function that was given to mapWithState(). (Spark: State)
template <class S>
class State {
 public:
  // For the library. `state` outlives this object.
  State(std::optional<S>& state, bool timingOut) : state_(state), timingOut_(timingOut) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool exists() const { return state_.has_value(); }
  // Throws Error(kUsage) if there is none.
  const S& get() const {
    if (!state_) detail::throwStateMisuse("read a state that does not exist");
    return *state_;
  }
  const std::optional<S>& getOption() const { return state_; }
  // Throws Error(kUsage) if it is timing out, or was removed in this call.
  void update(S state) {
    if (removed_) detail::throwStateMisuse("updated a state that it has removed");
    if (timingOut_) detail::throwStateMisuse("updated a state that is timing out");
    state_ = std::move(state);
  }
  // Throws Error(kUsage) if it is timing out, or there is none.
  void remove() {
    if (timingOut_) detail::throwStateMisuse("removed a state that is timing out");
    if (!state_) detail::throwStateMisuse("removed a state that does not exist");
    state_.reset();
    removed_ = true;
  }
  // The key had no element for longer than the timeout: this is the last call, and afterwards the state is
  // gone.
  bool isTimingOut() const { return timingOut_; }

 private:
  std::optional<S>& state_;
  const bool timingOut_;
  bool removed_ = false;
};

// What StateSpec::function() makes.
template <class K, class V, class S, class F>
class StateSpecOf {
 public:
  using StateType = S;
  static constexpr bool kWithTime =
      std::is_invocable_v<const F&, Time, const K&, std::optional<V>, State<S>&>;
  static_assert(
      kWithTime || std::is_invocable_v<const F&, const K&, std::optional<V>, State<S>&>,
      "the function of a StateSpec takes (const K&, std::optional<V>, State<S>&), or a Time before them");

  explicit StateSpecOf(F f) : f_(std::move(f)) {}

  // The states before the first batch.
  StateSpecOf& initialState(std::vector<std::pair<K, S>> states) {
    initial_ = std::move(states);
    return *this;
  }
  // A key without elements in all batches for longer than this times out: the function is called once more
  // for it, without a value, and its state is gone. More than 0. Default: never.
  StateSpecOf& timeout(Duration timeout) {
    detail::checkTimeout(timeout);
    timeout_ = timeout;
    return *this;
  }
  // Default: 8. A state that is found in a checkpoint directory stays divided as it was.
  StateSpecOf& numPartitions(std::size_t partitions) {
    partitions_ = partitions;
    return *this;
  }

  const std::vector<std::pair<K, S>>& initial() const { return initial_; }
  const std::optional<Duration>& timeoutOrNone() const { return timeout_; }
  std::size_t partitions() const { return partitions_; }

  // Gives what the function returns for this element to `emit`.
  template <class Emit>
  void call(Time time, const K& key, std::optional<V> value, State<S>& state, const Emit& emit) const {
    if constexpr (kWithTime) {
      auto mapped = f_(time, key, std::move(value), state);
      if (mapped) emit(std::move(*mapped));
    } else {
      emit(f_(key, std::move(value), state));
    }
  }

 private:
  static auto mappedOf() {
    if constexpr (kWithTime) {
      using Optional = std::invoke_result_t<const F&, Time, const K&, std::optional<V>, State<S>&>;
      return std::type_identity<typename std::decay_t<Optional>::value_type>();
    } else {
      return std::type_identity<
          std::decay_t<std::invoke_result_t<const F&, const K&, std::optional<V>, State<S>&>>>();
    }
  }

 public:
  using MappedType = typename decltype(mappedOf())::type;

 private:
  F f_;
  std::vector<std::pair<K, S>> initial_;
  std::optional<Duration> timeout_;
  std::size_t partitions_ = 0;
};

// What to do with the elements and the state of a key:
//
//   const auto spec = StateSpec::function<std::string, int, std::int64_t>(
//                         [](const std::string& word, std::optional<int> one, State<std::int64_t>& total) {
//                           if (one) total.update(total.getOption().value_or(0) + *one);
//                           return std::pair(word, total.get());
//                         })
//                         .timeout(Minutes(30));
//   auto totals = words.mapWithState(spec);
//   totals.stateSnapshots().print();
//
// The function is called for each element of a batch, on worker threads, and again if the batch is tried
// again, with the state as it was before the batch. It is f(const K&, std::optional<V>, State<S>&) -> M, or
// f(Time, const K&, std::optional<V>, State<S>&) -> std::optional<M>. (Spark: StateSpec)
class StateSpec {
 public:
  template <class K, class V, class S, class F>
  static StateSpecOf<K, V, S, F> function(F f) {
    return StateSpecOf<K, V, S, F>(std::move(f));
  }
};

}  // namespace tidemill

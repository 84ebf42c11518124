// tidemill/stateful_stream.h: the operators that know what was in the batches before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/codec.h"
#include "tidemill/flat_map.h"
#include "tidemill/kept_rdd.h"
#include "tidemill/state_spec.h"
#include "tidemill/stream_operators.h"
#include "tidemill/windowed_stream.h"

namespace tidemill {
namespace detail {

// Partitions of what was before, which lie in memory, each with the partition of what came now. Both are
// divided by key in the same way. Step: (const std::vector<A>&, std::size_t partition, const RddNode<B>&,
// Emit<U>&).
template <class A, class B, class U, class Step>
class NextStateNode final : public RddNode<U> {
 public:
  NextStateNode(std::shared_ptr<KeptNode<A>> before, std::shared_ptr<RddNode<B>> came, Step step)
      : RddNode<U>(before->runner()),
        before_(std::move(before)),
        came_(std::move(came)),
        step_(std::move(step)) {}
  std::size_t partitions() const override { return before_->partitions(); }
  std::size_t partitionsByKey() const override { return before_->partitionsByKey(); }
  void prepare() override {
    before_->makeReady();
    came_->makeReady();
  }
  void compute(std::size_t partition, Emit<U>& emit) const override {
    step_(before_->elements(partition), partition, *came_, emit);
  }

 private:
  const std::shared_ptr<KeptNode<A>> before_;
  const std::shared_ptr<RddNode<B>> came_;
  const Step step_;
};

// The RDD of a time is made of that of the newest time before which has one. T: what lies in its partitions;
// E: how an entry of the state is written.
template <class T, class E>
class LastingNode : public StreamNode<T>, public StatefulStream {
 public:
  LastingNode(StreamPlace place, const char* kind, std::shared_ptr<StreamNodeBase> parent,
              std::size_t partitions)
      : StreamNode<T>(std::move(place), kind, {parent}, parent->slide()),
        partitions_(partitions == 0 ? kLastingPartitionsDefault : partitions) {
    checkPartitions(partitions);
  }

  Duration ownNeed() const override { return this->slide(); }
  StatefulStream* stateful() override { return this; }
  // The next state is made of the elements as they are.
  void setLevel(StorageLevel) override {}
  StreamNodeBase& node() override { return *this; }
  std::string typeTag() const override { return tidemill::typeTag<E>(); }

  std::optional<std::vector<std::string>> snapshot(Time time) override {
    const auto found = this->rdds().find(time);
    if (found == this->rdds().end()) return std::nullopt;
    const std::shared_ptr<KeptNode<T>> state = kept(found->second);
    state->makeReady();
    std::vector<std::string> partitions(state->partitions());
    state->runner().run(partitions.size(), [&](std::size_t partition) {
      partitions[partition] = encoded(entriesOf(state->elements(partition)));
    });
    return partitions;
  }
  void restore(Time time, const std::vector<std::string>& partitions) override {
    std::vector<E> entries;
    for (const std::string& bytes : partitions) {
      Result<std::vector<E>> part = decoded<std::vector<E>>(bytes);
      if (!part) throw part.error().within("state of " + this->uid());
      entries.insert(entries.end(), std::make_move_iterator(part->begin()),
                     std::make_move_iterator(part->end()));
    }
    const std::size_t count = partitions.empty() ? partitions_ : partitions.size();
    this->hold(time, stateOf(std::move(entries), count));
    restored_ = time;
  }

  // The newest one stays if there is none behind it: the next batch begins with it, however late it comes.
  void forgetUpTo(Time time) override {
    const auto& rdds = this->rdds();
    auto end = rdds.upper_bound(time);
    if (end == rdds.end() && end != rdds.begin()) --end;
    if (end != rdds.begin()) StreamNode<T>::forgetUpTo(std::prev(end)->first);
  }

 protected:
  // The entries of a partition, and the other way round.
  virtual std::vector<E> entriesOf(const std::vector<T>& partition) const = 0;
  virtual std::vector<T> partitionOf(std::vector<E> entries) const = 0;
  virtual std::vector<E> initial() const = 0;
  virtual std::uint64_t hashOf(const E& entry) const = 0;

  // There was a batch. Of a restored state those before it are gone: the batches that are remembered for the
  // sake of others are not all that it was made of.
  bool isMade(const BatchContext& batch, Time time) const {
    return time > restored_ && batch.batches.contains(time);
  }
  std::shared_ptr<KeptNode<T>> before(BatchContext& batch, Time time) {
    // Behind a gap, and after a restart, the times between are computed first.
    const auto older = this->rdds().lower_bound(time);
    const bool any = older != this->rdds().begin();
    const Time last = any ? std::prev(older)->first : Time::min();
    std::vector<Time> between;
    for (const auto& [other, input] : batch.batches) {
      if (other > last && other < time) between.push_back(other);
    }
    for (const Time other : between) this->getOrCompute(batch, other);
    const auto found = this->rdds().lower_bound(time);
    if (found != this->rdds().begin()) return kept(std::prev(found)->second);
    return stateOf(initial(), partitions_);
  }

 private:
  static std::shared_ptr<KeptNode<T>> kept(const std::shared_ptr<RddNode<T>>& node) {
    return std::dynamic_pointer_cast<KeptNode<T>>(node);
  }
  std::shared_ptr<KeptNode<T>> stateOf(std::vector<E> entries, std::size_t partitions) const {
    std::vector<std::vector<E>> divided(partitions);
    for (E& entry : entries) {
      divided[partitionOfHash(hashOf(entry), partitions)].push_back(std::move(entry));
    }
    std::vector<std::vector<T>> parts;
    for (std::vector<E>& part : divided) parts.push_back(partitionOf(std::move(part)));
    return std::make_shared<KeptNode<T>>(*this->place().run, std::move(parts), partitions);
  }

  const std::size_t partitions_;
  // The time of the state that was restored.
  Time restored_ = Time::min();
};

// The type of state that a function of updateStateByKey() keeps.
template <class F>
struct FirstStateOf : FirstStateOf<decltype(&F::operator())> {};
template <class C, class R, class Values, class Old>
struct FirstStateOf<R (C::*)(Values, Old) const> {
  using type = typename std::decay_t<R>::value_type;
};
template <class C, class R, class Values, class Old>
struct FirstStateOf<R (C::*)(Values, Old)> {
  using type = typename std::decay_t<R>::value_type;
};
template <class R, class Values, class Old>
struct FirstStateOf<R (*)(Values, Old)> {
  using type = typename std::decay_t<R>::value_type;
};

// (Spark: StateDStream)
template <class K, class V, class S, class F>
class UpdateStateNode final : public LastingNode<std::pair<K, S>, std::pair<K, S>> {
 public:
  using Entry = std::pair<K, S>;

  UpdateStateNode(StreamPlace place, std::shared_ptr<StreamNode<std::pair<K, V>>> parent, F f,
                  std::size_t partitions, std::vector<Entry> initial)
      : LastingNode<Entry, Entry>(std::move(place), "updateStateByKey", parent, partitions),
        parent_(std::move(parent)),
        f_(std::move(f)),
        initial_(std::move(initial)) {}

 protected:
  std::optional<RDD<Entry>> compute(BatchContext& batch, Time time) override {
    if (!this->isMade(batch, time)) return std::nullopt;
    const auto before = this->before(batch, time);
    const auto values =
        parent_->getOrCompute(batch, time).value_or(unionOf(batch, std::vector<RDD<std::pair<K, V>>>()));
    const auto grouped = values.groupByKey(before->partitions());
    const auto step = [f = f_](const std::vector<Entry>& states, std::size_t partition,
                               const RddNode<std::pair<K, std::vector<V>>>& came,
                               Emit<Entry>& emit) { next(f, states, partition, came, emit); };
    using Node = NextStateNode<Entry, std::pair<K, std::vector<V>>, Entry, std::decay_t<decltype(step)>>;
    return RDD<Entry>(std::make_shared<Node>(before, RddAccess::shared(grouped), step));
  }
  std::vector<Entry> entriesOf(const std::vector<Entry>& partition) const override { return partition; }
  std::vector<Entry> partitionOf(std::vector<Entry> entries) const override { return entries; }
  std::vector<Entry> initial() const override { return initial_; }
  std::uint64_t hashOf(const Entry& entry) const override { return Hash<K>{}(entry.first); }

 private:
  struct Came {
    std::vector<V> values;
    bool used = false;
  };

  static void next(const F& f, const std::vector<Entry>& states, std::size_t partition,
                   const RddNode<std::pair<K, std::vector<V>>>& came, Emit<Entry>& emit) {
    FlatMap<K, Came> table;
    const Hash<K> hasher;
    came.forEach(partition, [&](std::pair<K, std::vector<V>>&& element) {
      const std::uint64_t hash = hasher(element.first);
      table.add(hash, std::move(element.first), Came{std::move(element.second)});
    });
    const std::vector<V> none;
    for (const Entry& state : states) {
      Came* const found = table.find(hasher(state.first), state.first);
      if (found != nullptr) found->used = true;
      std::optional<S> now =
          f(found != nullptr ? std::as_const(found->values) : none, std::optional<S>(state.second));
      if (now) emit(Entry(state.first, std::move(*now)));
    }
    for (auto& entry : table.entries()) {
      if (entry.value.used) continue;
      std::optional<S> now = f(std::as_const(entry.value.values), std::optional<S>());
      if (now) emit(Entry(std::move(entry.key), std::move(*now)));
    }
  }

  const std::shared_ptr<StreamNode<std::pair<K, V>>> parent_;
  const F f_;
  const std::vector<Entry> initial_;
};

// One partition behind mapWithState(): all states, and what the function gave in this batch.
template <class K, class S, class M>
struct MappedStates {
  struct Held {
    std::optional<S> state;
    Time touched;
  };
  using Table = FlatMap<K, Held>;

  std::shared_ptr<const Table> states;
  std::shared_ptr<const std::vector<M>> mapped;
};

// (Spark: InternalMapWithStateDStream)
template <class K, class V, class Spec>
class MapWithStateNode final
    : public LastingNode<MappedStates<K, typename Spec::StateType, typename Spec::MappedType>,
                         std::tuple<K, typename Spec::StateType, std::int64_t>> {
 public:
  using S = typename Spec::StateType;
  using M = typename Spec::MappedType;
  using Part = MappedStates<K, S, M>;
  using Held = typename Part::Held;
  using Table = typename Part::Table;
  // Key, state, and when it was touched last, in milliseconds.
  using Entry = std::tuple<K, S, std::int64_t>;
  using Pair = std::pair<K, V>;

  MapWithStateNode(StreamPlace place, std::shared_ptr<StreamNode<Pair>> parent, Spec spec)
      : LastingNode<Part, Entry>(std::move(place), "mapWithState", parent, spec.partitions()),
        parent_(std::move(parent)),
        spec_(std::make_shared<const Spec>(std::move(spec))) {}

 protected:
  std::optional<RDD<Part>> compute(BatchContext& batch, Time time) override {
    if (!this->isMade(batch, time)) return std::nullopt;
    const auto before = this->before(batch, time);
    const auto values = parent_->getOrCompute(batch, time).value_or(unionOf(batch, std::vector<RDD<Pair>>()));
    const auto divided = values.partitionBy(before->partitions());
    const auto step = [spec = spec_, time](const std::vector<Part>& states, std::size_t partition,
                                           const RddNode<Pair>& came, Emit<Part>& emit) {
      emit(next(*spec, time, *states.front().states, partition, came));
    };
    using Node = NextStateNode<Part, Pair, Part, std::decay_t<decltype(step)>>;
    return RDD<Part>(std::make_shared<Node>(before, RddAccess::shared(divided), step));
  }
  std::vector<Entry> entriesOf(const std::vector<Part>& partition) const override {
    std::vector<Entry> entries;
    for (const auto& entry : partition.front().states->entries()) {
      entries.emplace_back(entry.key, *entry.value.state, entry.value.touched.time_since_epoch().count());
    }
    return entries;
  }
  std::vector<Part> partitionOf(std::vector<Entry> entries) const override {
    auto table = std::make_shared<Table>();
    for (Entry& entry : entries) {
      const std::uint64_t hash = hashOf(entry);
      table->add(hash, std::move(std::get<0>(entry)),
                 Held{std::move(std::get<1>(entry)), Time(Duration(std::get<2>(entry)))});
    }
    return {Part{std::move(table), std::make_shared<const std::vector<M>>()}};
  }
  std::vector<Entry> initial() const override {
    // They time out from the first batch on.
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    std::vector<Entry> entries;
    for (const auto& [key, state] : spec_->initial()) entries.emplace_back(key, state, kNever);
    return entries;
  }
  std::uint64_t hashOf(const Entry& entry) const override { return Hash<K>{}(std::get<0>(entry)); }

 private:
  static Part next(const Spec& spec, Time time, const Table& before, std::size_t partition,
                   const RddNode<Pair>& came) {
    auto table = std::make_shared<Table>(before);
    auto mapped = std::make_shared<std::vector<M>>();
    const auto keep = [&mapped](M&& made) { mapped->push_back(std::move(made)); };
    const Hash<K> hasher;
    bool removed = false;
    came.forEach(partition, [&](Pair&& element) {
      const std::uint64_t hash = hasher(element.first);
      Held* held = table->find(hash, element.first);
      if (held == nullptr) held = &table->add(hash, K(element.first), Held{std::nullopt, time});
      State<S> state(held->state, false);
      spec.call(time, element.first, std::optional<V>(std::move(element.second)), state, keep);
      held->touched = time;
      removed = removed || !held->state;
    });
    for (auto& entry : table->entries()) {
      Held& held = entry.value;
      if (held.touched > time) held.touched = time;  // Of the initial state.
      if (!held.state || !spec.timeoutOrNone() || held.touched >= time - *spec.timeoutOrNone()) continue;
      State<S> state(held.state, true);
      spec.call(time, entry.key, std::nullopt, state, keep);
      held.state.reset();
      removed = true;
    }
    return Part{removed ? withoutGaps(*table) : table, std::move(mapped)};
  }
  static std::shared_ptr<const Table> withoutGaps(Table& table) {
    auto dense = std::make_shared<Table>();
    for (auto& entry : table.entries()) {
      if (entry.value.state) dense->add(entry.hash, std::move(entry.key), std::move(entry.value));
    }
    return dense;
  }

  const std::shared_ptr<StreamNode<Pair>> parent_;
  const std::shared_ptr<const Spec> spec_;
};

}  // namespace detail

// What the function of mapWithState() gave. (Spark: MapWithStateDStream)
template <class K, class V, class S, class M>
class MapWithStateDStream : public DStream<M> {
 public:
  using Part = detail::MappedStates<K, S, M>;

  explicit MapWithStateDStream(std::shared_ptr<detail::StreamNode<Part>> states)
      : DStream<M>(mappedOf(states)), states_(std::move(states)) {}

  // All states as they are after each batch.
  DStream<std::pair<K, S>> stateSnapshots() const {
    return detail::stepStream("stateSnapshots", states_, [](const RDD<Part>& rdd, Time) {
      return rdd.flatMap([](Part part) {
        std::vector<std::pair<K, S>> states;
        for (const auto& entry : part.states->entries()) states.emplace_back(entry.key, *entry.value.state);
        return states;
      });
    });
  }

  // Names the state.
  MapWithStateDStream uid(std::string name) const {
    detail::GraphAccess::setUid(*detail::coreOf(*states_), *states_, std::move(name));
    return *this;
  }
  // How often the state is written: DStream::checkpoint().
  MapWithStateDStream checkpoint(Duration interval) const {
    states_->setCheckpointInterval(detail::coreOf(*states_), interval);
    return *this;
  }

 private:
  static std::shared_ptr<detail::StreamNode<M>> mappedOf(
      const std::shared_ptr<detail::StreamNode<Part>>& states) {
    return detail::stepStream(
               "mapped", states,
               [](const RDD<Part>& rdd, Time) { return rdd.flatMap([](Part part) { return *part.mapped; }); })
        .node();
  }

  std::shared_ptr<detail::StreamNode<Part>> states_;
};

}  // namespace tidemill

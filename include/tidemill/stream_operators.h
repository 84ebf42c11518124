// tidemill/stream_operators.h: the operators whose RDD of a time is made of those of the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/stream_node.h"
#include "tidemill/streaming_context.h"

namespace tidemill {

template <class T>
class DStream;

namespace detail {

// The context of an operator. Throws Error(kUsage) if it is gone.
std::shared_ptr<stream::ContextCore> coreOf(const StreamNodeBase& node);
// Throws Error(kUsage) if the streams have no RDDs at the same times.
void checkSameSlide(const char* kind, Duration one, Duration other);
void checkSomeStream(std::size_t streams);

// Makes an operator with Node(place, arguments…) and registers it.
template <class Node, class... Args>
std::shared_ptr<Node> addNode(const std::shared_ptr<stream::ContextCore>& core, Args&&... args) {
  auto node = std::make_shared<Node>(GraphAccess::place(*core), std::forward<Args>(args)...);
  GraphAccess::addNode(*core, node);
  return node;
}

// Of one parent. Step: (const RDD<T>&, Time) -> RDD<U>.
template <class T, class U, class Step>
class StepNode final : public StreamNode<U> {
 public:
  StepNode(StreamPlace place, std::string kind, std::string parameters, std::shared_ptr<StreamNode<T>> parent,
           Step step)
      : StreamNode<U>(std::move(place), std::move(kind), {parent}, parent->slide()),
        parameters_(std::move(parameters)),
        parent_(std::move(parent)),
        step_(std::move(step)) {}
  std::string parameters() const override { return parameters_; }

 protected:
  std::optional<RDD<U>> compute(BatchContext& batch, Time time) override {
    const std::optional<RDD<T>> rdd = parent_->getOrCompute(batch, time);
    if (!rdd) return std::nullopt;
    return step_(*rdd, time);
  }

 private:
  const std::string parameters_;
  const std::shared_ptr<StreamNode<T>> parent_;
  Step step_;
};

// Of two parents with different elements. Step: (const RDD<T>&, const RDD<W>&, Time) -> RDD<U>.
template <class T, class W, class U, class Step>
class PairNode final : public StreamNode<U> {
 public:
  PairNode(StreamPlace place, const char* kind, std::shared_ptr<StreamNode<T>> left,
           std::shared_ptr<StreamNode<W>> right, Step step)
      : StreamNode<U>(std::move(place), kind, {left, right}, left->slide()),
        left_(std::move(left)),
        right_(std::move(right)),
        step_(std::move(step)) {
    checkSameSlide(kind, left_->slide(), right_->slide());
  }

 protected:
  std::optional<RDD<U>> compute(BatchContext& batch, Time time) override {
    const std::optional<RDD<T>> left = left_->getOrCompute(batch, time);
    const std::optional<RDD<W>> right = right_->getOrCompute(batch, time);
    if (!left || !right) return std::nullopt;
    return step_(*left, *right, time);
  }

 private:
  const std::shared_ptr<StreamNode<T>> left_;
  const std::shared_ptr<StreamNode<W>> right_;
  Step step_;
};

// Of any number of parents, at least one. Step: (const std::vector<RDD<T>>&, Time) -> RDD<U>.
template <class T, class U, class Step>
class ManyNode final : public StreamNode<U> {
 public:
  using Parents = std::vector<std::shared_ptr<StreamNode<T>>>;

  ManyNode(StreamPlace place, const char* kind, Parents parents, Step step)
      : StreamNode<U>(std::move(place), kind, {parents.begin(), parents.end()}, parents.front()->slide()),
        parents_(std::move(parents)),
        step_(std::move(step)) {
    for (const auto& parent : parents_) checkSameSlide(kind, this->slide(), parent->slide());
  }

 protected:
  std::optional<RDD<U>> compute(BatchContext& batch, Time time) override {
    std::vector<RDD<T>> rdds;
    for (const auto& parent : parents_) {
      std::optional<RDD<T>> rdd = parent->getOrCompute(batch, time);
      if (!rdd) return std::nullopt;
      rdds.push_back(std::move(*rdd));
    }
    return step_(rdds, time);
  }

 private:
  const Parents parents_;
  Step step_;
};

// The streams that these nodes give.
template <class T, class Step>
auto stepStream(const char* kind, const std::shared_ptr<StreamNode<T>>& parent, Step step,
                std::string parameters = {}) {
  using U = typename std::invoke_result_t<Step&, const RDD<T>&, Time>::value_type;
  return DStream<U>(addNode<StepNode<T, U, Step>>(coreOf(*parent), std::string(kind), std::move(parameters),
                                                  parent, std::move(step)));
}
template <class T, class W, class Step>
auto pairStream(const char* kind, const std::shared_ptr<StreamNode<T>>& left,
                const std::shared_ptr<StreamNode<W>>& right, Step step) {
  using U = typename std::invoke_result_t<Step&, const RDD<T>&, const RDD<W>&, Time>::value_type;
  return DStream<U>(addNode<PairNode<T, W, U, Step>>(coreOf(*left), kind, left, right, std::move(step)));
}
template <class T, class Step>
auto manyStream(const char* kind, std::vector<std::shared_ptr<StreamNode<T>>> parents, Step step) {
  using U = typename std::invoke_result_t<Step&, const std::vector<RDD<T>>&, Time>::value_type;
  const auto core = coreOf(*parents.front());
  return DStream<U>(addNode<ManyNode<T, U, Step>>(core, kind, std::move(parents), std::move(step)));
}

// Throws Error(kUsage) if there is none.
template <class T>
std::vector<std::shared_ptr<StreamNode<T>>> nodesOf(const std::vector<DStream<T>>& streams) {
  checkSomeStream(streams.size());
  std::vector<std::shared_ptr<StreamNode<T>>> nodes;
  for (const DStream<T>& stream : streams) nodes.push_back(stream.node());
  return nodes;
}

template <class T>
struct UnionStep {
  RDD<T> operator()(const std::vector<RDD<T>>& rdds, Time) const {
    return rdds.front().union_(std::vector<RDD<T>>(rdds.begin() + 1, rdds.end()));
  }
};

// How many elements the parent has: one partition with one element.
template <class T>
class CountNode final : public RddNode<std::int64_t> {
 public:
  explicit CountNode(std::shared_ptr<RddNode<T>> parent)
      : RddNode<std::int64_t>(parent->runner()), parent_(std::move(parent)) {}
  std::size_t partitions() const override { return 1; }
  void prepare() override {
    if (!total_) total_ = RDD<T>(parent_).count();
  }
  void compute(std::size_t, Emit<std::int64_t>& emit) const override { emit(std::int64_t(*total_)); }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  std::optional<std::int64_t> total_;
};

// What the parent's elements are reduced to: one partition with one element, or none.
template <class T, class F>
class ReduceNode final : public RddNode<T> {
 public:
  ReduceNode(std::shared_ptr<RddNode<T>> parent, F f)
      : RddNode<T>(parent->runner()), parent_(std::move(parent)), f_(std::move(f)) {}
  std::size_t partitions() const override { return 1; }
  void prepare() override {
    if (done_) return;
    total_ = RDD<T>(parent_).reduce(f_);
    done_ = true;
  }
  void compute(std::size_t, Emit<T>& emit) const override {
    if (total_) emit(T(*total_));
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const F f_;
  std::optional<T> total_;
  bool done_ = false;
};

}  // namespace detail
}  // namespace tidemill

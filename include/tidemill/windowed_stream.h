// tidemill/windowed_stream.h: the operators that look back at the batches of a window.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/flat_map.h"
#include "tidemill/stream_operators.h"

namespace tidemill::detail {

// How many partitions state and windows have that are made of those before, unless the program says so: they
// stay as they are divided first, when maybe nothing is known of how much there will be.
inline constexpr std::size_t kLastingPartitionsDefault = 8;

// Throws Error(kUsage) unless both are multiples of the parent's slide.
void checkWindow(const StreamNodeBase& parent, Duration window, Duration slide);
// "window=60000"
std::string windowText(Duration window);

// The RDDs of a stream in (after, upTo]; times without one are left out.
template <class T>
std::vector<RDD<T>> rddsBetween(StreamNode<T>& stream, BatchContext& batch, Time after, Time upTo) {
  std::vector<RDD<T>> rdds;
  const Duration slide = stream.slide();
  Time time = after - after.time_since_epoch() % slide;
  while (time <= after) time += slide;
  for (; time <= upTo; time += slide) {
    std::optional<RDD<T>> rdd = stream.getOrCompute(batch, time);
    if (rdd) rdds.push_back(std::move(*rdd));
  }
  return rdds;
}

template <class T>
RDD<T> unionOf(BatchContext& batch, const std::vector<RDD<T>>& rdds) {
  std::vector<std::shared_ptr<RddNode<T>>> nodes;
  nodes.reserve(rdds.size());
  for (const RDD<T>& rdd : rdds) nodes.push_back(RddAccess::shared(rdd));
  return RDD<T>(std::make_shared<UnionNode<T>>(*batch.tasks, std::move(nodes)));
}

// All elements of the last `window`, at each multiple of `slide`, oldest first. A window that ends before the
// first batch has no RDD, as no stream has one there. (Spark: WindowedDStream)
template <class T>
class WindowNode final : public StreamNode<T> {
 public:
  WindowNode(StreamPlace place, std::shared_ptr<StreamNode<T>> parent, Duration window, Duration slide)
      : StreamNode<T>(std::move(place), "window", {parent}, slide),
        parent_(std::move(parent)),
        window_(window) {}
  Duration parentReach() const override { return window_; }
  // What it gives lies in memory as what the parent gives.
  bool worthKeeping() const override { return false; }
  std::string parameters() const override { return windowText(window_); }
  void setLevel(StorageLevel level) override { parent_->setLevel(level); }

 protected:
  std::optional<RDD<T>> compute(BatchContext& batch, Time time) override {
    const std::vector<RDD<T>> rdds = rddsBetween(*parent_, batch, time - window_, time);
    if (rdds.empty()) return std::nullopt;
    return unionOf(batch, rdds);
  }

 private:
  const std::shared_ptr<StreamNode<T>> parent_;
  const Duration window_;
};

// The window before, without what left it, with what came into it; all three divided by key in the same way.
template <class K, class V, class F, class Inverse, class Keep>
class SlideWindowNode final : public RddNode<std::pair<K, V>> {
 public:
  using Pairs = RddNode<std::pair<K, V>>;

  SlideWindowNode(std::shared_ptr<Pairs> before, std::shared_ptr<Pairs> left, std::shared_ptr<Pairs> came,
                  F f, Inverse inverse, Keep keep)
      : Pairs(before->runner()),
        before_(std::move(before)),
        left_(std::move(left)),
        came_(std::move(came)),
        f_(std::move(f)),
        inverse_(std::move(inverse)),
        keep_(std::move(keep)) {}

  std::size_t partitions() const override { return before_->partitions(); }
  std::size_t partitionsByKey() const override { return before_->partitionsByKey(); }
  void prepare() override {
    before_->makeReady();
    left_->makeReady();
    came_->makeReady();
  }
  void compute(std::size_t partition, Emit<std::pair<K, V>>& emit) const override {
    FlatMap<K, V> table;
    const Hash<K> hasher;
    before_->forEach(partition, [&](std::pair<K, V>&& element) {
      const std::uint64_t hash = hasher(element.first);
      table.add(hash, std::move(element.first), std::move(element.second));
    });
    left_->forEach(partition, [&](std::pair<K, V>&& element) {
      // A key that is not there was filtered out, and what it had with it.
      if (V* value = table.find(hasher(element.first), element.first)) {
        *value = inverse_(std::move(*value), std::move(element.second));
      }
    });
    came_->forEach(partition, [&](std::pair<K, V>&& element) {
      const std::uint64_t hash = hasher(element.first);
      if (V* value = table.find(hash, element.first)) {
        *value = f_(std::move(*value), std::move(element.second));
      } else {
        table.add(hash, std::move(element.first), std::move(element.second));
      }
    });
    for (auto& entry : table.entries()) {
      std::pair<K, V> element(std::move(entry.key), std::move(entry.value));
      if (keep_(std::as_const(element))) emit(std::move(element));
    }
  }

 private:
  const std::shared_ptr<Pairs> before_;
  const std::shared_ptr<Pairs> left_;
  const std::shared_ptr<Pairs> came_;
  const F f_;
  const Inverse inverse_;
  const Keep keep_;
};

// Of a stream that is reduced by key already: the values of the last `window`, made of those of the window
// before. Where that is missing (at the start, after a restart) the window is computed from its batches.
// (Spark: ReducedWindowedDStream)
template <class K, class V, class F, class Inverse, class Keep>
class ReducedWindowNode final : public StreamNode<std::pair<K, V>> {
 public:
  using Pair = std::pair<K, V>;

  ReducedWindowNode(StreamPlace place, std::shared_ptr<StreamNode<Pair>> reduced, F f, Inverse inverse,
                    Keep keep, Duration window, Duration slide, std::size_t numPartitions)
      : StreamNode<Pair>(std::move(place), "reduceByKeyAndWindow", {reduced}, slide),
        reduced_(std::move(reduced)),
        f_(std::move(f)),
        inverse_(std::move(inverse)),
        keep_(std::move(keep)),
        window_(window),
        numPartitions_(numPartitions == 0 ? kLastingPartitionsDefault : numPartitions) {}
  Duration parentReach() const override { return window_ + this->slide(); }
  Duration ownNeed() const override { return this->slide(); }
  std::string parameters() const override { return windowText(window_); }
  void setLevel(StorageLevel level) override {
    StreamNode<Pair>::setLevel(level);
    reduced_->setLevel(level);
  }

 protected:
  std::optional<RDD<Pair>> compute(BatchContext& batch, Time time) override {
    const Time before = time - this->slide();
    const auto found = this->rdds().find(before);
    if (found == this->rdds().end() || this->slide() > window_) {
      const std::vector<RDD<Pair>> rdds = rddsBetween(*reduced_, batch, time - window_, time);
      if (rdds.empty()) return std::nullopt;
      return unionOf(batch, rdds).reduceByKey(f_, numPartitions_).filter(keep_);
    }
    const std::shared_ptr<RddNode<Pair>> last = found->second;
    const std::size_t partitions = last->partitionsByKey();
    const RDD<Pair> left = sum(batch, before - window_, time - window_, partitions);
    const RDD<Pair> came = sum(batch, before, time, partitions);
    using Node = SlideWindowNode<K, V, F, Inverse, Keep>;
    return RDD<Pair>(
        std::make_shared<Node>(last, RddAccess::shared(left), RddAccess::shared(came), f_, inverse_, keep_));
  }

 private:
  RDD<Pair> sum(BatchContext& batch, Time after, Time upTo, std::size_t partitions) {
    return unionOf(batch, rddsBetween(*reduced_, batch, after, upTo)).reduceByKey(f_, partitions);
  }

  const std::shared_ptr<StreamNode<Pair>> reduced_;
  const F f_;
  const Inverse inverse_;
  const Keep keep_;
  const Duration window_;
  const std::size_t numPartitions_;
};

}  // namespace tidemill::detail

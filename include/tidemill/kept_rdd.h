// tidemill/kept_rdd.h: an RDD that is computed once and whole, and lies in memory from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tidemill/rdd.h"

namespace tidemill::detail {

// The elements of the parent, which is let go as soon as they are here: RDDs that are made of the one before
// (state, windows) do not grow a chain behind them.
template <class T>
class KeptNode final : public RddNode<T> {
 public:
  explicit KeptNode(std::shared_ptr<RddNode<T>> parent)
      : RddNode<T>(parent->runner()),
        parent_(std::move(parent)),
        sources_(parent_->partitions()),
        byKey_(parent_->partitionsByKey()) {
    for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i] = parent_->partition(i);
  }
  // Elements that are there already. `byKey`: see RddNode::partitionsByKey().
  KeptNode(TaskRunner& runner, std::vector<std::vector<T>> parts, std::size_t byKey = 0)
      : RddNode<T>(runner), sources_(parts.size()), byKey_(byKey), parts_(std::move(parts)) {
    for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i].index = i;
  }

  std::size_t partitions() const override { return sources_.size(); }
  Partition partition(std::size_t index) const override { return sources_[index]; }
  std::size_t partitionsByKey() const override { return byKey_; }
  void prepare() override {
    if (isWhole()) return;
    parent_->makeReady();
    std::vector<std::vector<T>> parts(sources_.size());
    this->runner().run(parts.size(), [&](std::size_t partition) {
      std::vector<T> part;
      parent_->forEach(partition, [&part](T&& element) { part.push_back(std::move(element)); });
      parts[partition] = std::move(part);
    });
    parts_ = std::move(parts);
    parent_.reset();
  }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    for (const T& element : parts_[partition]) emit(T(element));
  }
  std::int64_t count(std::size_t partition) const override {
    return static_cast<std::int64_t>(parts_[partition].size());
  }

  bool isWhole() const { return parent_ == nullptr; }
  // After prepare().
  const std::vector<std::vector<T>>& parts() const { return parts_; }

 private:
  std::shared_ptr<RddNode<T>> parent_;
  std::vector<Partition> sources_;
  const std::size_t byKey_;
  std::vector<std::vector<T>> parts_;
};

}  // namespace tidemill::detail

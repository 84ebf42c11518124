// tidemill/kept_rdd.h: an RDD that is computed once and whole, and lies here from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tidemill/kept_partitions.h"
#include "tidemill/persist.h"
#include "tidemill/rdd.h"
#include "tidemill/storage_level.h"

namespace tidemill::detail {

// The elements of the parent, which is let go as soon as they are here: RDDs that are made of the one before
// (state, windows) do not grow a chain behind them. So nothing is computed a second time, and what has no
// room at its level lies in memory as it is.
template <class T>
class KeptNode final : public RddNode<T> {
 public:
  // `level`: NONE and MEMORY_ONLY for elements in memory; for the others see RDD::persist().
  explicit KeptNode(std::shared_ptr<RddNode<T>> parent, StorageLevel level = StorageLevel::NONE)
      : RddNode<T>(parent->runner()),
        level_(level),
        parent_(std::move(parent)),
        sources_(parent_->partitions()),
        byKey_(parent_->partitionsByKey()) {
    for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i] = parent_->partition(i);
  }
  // Elements that are there already. `byKey`: see RddNode::partitionsByKey().
  KeptNode(TaskRunner& runner, std::vector<std::vector<T>> parts, std::size_t byKey = 0)
      : RddNode<T>(runner), sources_(parts.size()), byKey_(byKey), parts_(parts.size()) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      sources_[i].index = i;
      parts_[i] = asItIs(std::move(parts[i]));
    }
  }

  std::size_t partitions() const override { return sources_.size(); }
  Partition partition(std::size_t index) const override { return sources_[index]; }
  std::size_t partitionsByKey() const override { return byKey_; }
  void prepare() override {
    if (isWhole()) return;
    const auto space = this->runner().partitionSpace();
    parent_->makeReady();
    std::vector<KeptPart<T>> parts(sources_.size());
    this->runner().run(parts.size(), [&](std::size_t partition) {
      std::vector<T> elements;
      parent_->forEach(partition, [&elements](T&& element) { elements.push_back(std::move(element)); });
      parts[partition] = partOf(std::move(elements), space.get());
    });
    parts_ = std::move(parts);
    parent_.reset();
  }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    const Result<void> given = parts_[partition].give(codec_, emit);
    if (given) return;
    throw Error(Code::kIo, "what a later batch looks back at cannot be read: " + given.error().message(),
                "start again: it is made anew of what the checkpoint directory knows");
  }
  std::int64_t count(std::size_t partition) const override { return parts_[partition].count; }

  bool isWhole() const { return parent_ == nullptr; }
  // Of one without a level; after prepare().
  const std::vector<T>& elements(std::size_t partition) const { return parts_[partition].elements; }

 private:
  static KeptPart<T> asItIs(std::vector<T> elements) {
    KeptPart<T> part;
    part.count = static_cast<std::int64_t>(elements.size());
    part.elements = std::move(elements);
    return part;
  }
  KeptPart<T> partOf(std::vector<T> elements, PartitionSpace* space) const {
    const StorageTraits traits = traitsOf(level_);
    KeptPart<T> part;
    const bool elsewhere = space != nullptr && (traits.serialized || traits.disk);
    if (elsewhere && part.fill(elements, level_, codec_, space)) return part;
    return asItIs(std::move(elements));
  }

  const StorageLevel level_ = StorageLevel::NONE;
  const ElementsCodec<T> codec_ = elementsCodec<T>();
  std::shared_ptr<RddNode<T>> parent_;
  std::vector<Partition> sources_;
  const std::size_t byKey_;
  std::vector<KeptPart<T>> parts_;
};

}  // namespace tidemill::detail

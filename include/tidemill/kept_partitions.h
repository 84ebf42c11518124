// tidemill/kept_partitions.h: the partitions of a persisted RDD, as far as they have been computed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemill/emit.h"
#include "tidemill/error.h"
#include "tidemill/partition_space.h"
#include "tidemill/storage_level.h"

namespace tidemill::detail {

// How elements become bytes; null where T has no Codec.
template <class T>
struct ElementsCodec {
  std::string (*encode)(const std::vector<T>& elements) = nullptr;
  Result<void> (*decode)(std::string_view bytes, Emit<T>& emit) = nullptr;
};

// A partition is kept whole or not at all, and never replaced: what does not fit is computed again. Tasks use
// it at the same time; each partition is kept by the first that has computed it.
template <class T>
class KeptPartitions {
 public:
  // `space`: null where there is none; then only elements in memory are kept, without a limit.
  KeptPartitions(StorageLevel level, std::size_t partitions, ElementsCodec<T> codec,
                 std::shared_ptr<PartitionSpace> space)
      : level_(level),
        traits_(traitsOf(level)),
        codec_(codec),
        space_(std::move(space)),
        partitions_(partitions),
        slots_(std::make_unique<Slot[]>(partitions)) {}

  StorageLevel level() const { return level_; }

  // Whether nothing needs to be computed any more.
  bool isWhole() const {
    return std::all_of(slots_.get(), slots_.get() + partitions_,
                       [](const Slot& slot) { return slot.isKept(); });
  }
  // Before the tasks of an action: whether partitions that are not here can be computed.
  void setComputable(bool computable) { computable_ = computable; }

  // -1: it is not here.
  std::int64_t count(std::size_t partition) const {
    return slots_[partition].isKept() ? slots_[partition].count : -1;
  }

  // Gives the partition and returns true; or calls compute(Emit<T>&), keeps what it gives, and gives that.
  template <class Compute>
  void give(std::size_t partition, Emit<T>& emit, Compute compute) {
    Slot& slot = slots_[partition];
    if (slot.isKept()) return giveKept(partition, emit);
    if (!computable_) {
      throw Error(Code::kIo, "a persisted partition is gone that was there when the action began",
                  "it is computed again when the batch is tried again");
    }
    int empty = kEmpty;
    if (!slot.state.compare_exchange_strong(empty, kBusy)) return compute(emit);
    Busy busy(slot);
    std::vector<T> elements;
    const auto take = [&elements](std::span<T> chunk) {
      elements.insert(elements.end(), std::make_move_iterator(chunk.begin()),
                      std::make_move_iterator(chunk.end()));
    };
    Emit<T> gather(take);
    compute(gather);
    gather.flush();
    if (keep(slot, elements)) busy.becomes = kKept;
    const std::vector<T>& all = slot.elements;
    for (T& element : elements) emit(std::move(element));
    if (busy.becomes == kKept) {
      for (const T& element : all) emit(T(element));
    }
  }

 private:
  static constexpr int kEmpty = 0;
  static constexpr int kBusy = 1;
  static constexpr int kKept = 2;
  // It was kept and cannot be read: not tried a second time.
  static constexpr int kLost = 3;

  struct Slot {
    std::atomic<int> state{kEmpty};
    // Written while it is busy, and then never again.
    std::int64_t count = 0;
    std::vector<T> elements;
    std::shared_ptr<const void> room;
    std::shared_ptr<const KeptBytes> bytes;

    bool isKept() const { return state.load() == kKept; }
  };

  // While a task fills a slot.
  struct Busy {
    explicit Busy(Slot& s) : slot(s) {}
    ~Busy() { slot.state.store(becomes); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

    Slot& slot;
    int becomes = kEmpty;
  };

  // True: they are kept, and moved away if they are kept as they are.
  bool keep(Slot& slot, std::vector<T>& elements) const {
    slot.count = static_cast<std::int64_t>(elements.size());
    std::string bytes;
    // What elements hold outside of themselves is not known; what they take as bytes says how much about.
    auto weight = static_cast<std::int64_t>(elements.size() * sizeof(T));
    if (codec_.encode != nullptr && (traits_.serialized || traits_.disk)) {
      bytes = codec_.encode(elements);
      weight += static_cast<std::int64_t>(bytes.size());
    }
    if (traits_.memory && !traits_.serialized) {
      if (space_ != nullptr) slot.room = space_->reserve(weight);
      if (space_ == nullptr || slot.room != nullptr) {
        slot.elements = std::move(elements);
        elements.clear();
        return true;
      }
    }
    if (!traits_.serialized && !traits_.disk) return false;
    slot.bytes = space_->keep(
        bytes, {.disk = traits_.disk, .memory = traits_.memory && traits_.serialized, .serialized = true});
    return slot.bytes != nullptr;
  }

  void giveKept(std::size_t partition, Emit<T>& emit) {
    Slot& slot = slots_[partition];
    if (slot.bytes == nullptr) {
      for (const T& element : slot.elements) emit(T(element));
      return;
    }
    auto bytes = slot.bytes->read();
    Result<void> given = bytes ? codec_.decode(*bytes, emit) : fail(bytes.error());
    if (given) return;
    slot.state.store(kLost);
    throw Error(Code::kIo, "a persisted partition cannot be read: " + given.error().message(),
                "it is computed again when the batch is tried again");
  }

  const StorageLevel level_;
  const StorageTraits traits_;
  const ElementsCodec<T> codec_;
  const std::shared_ptr<PartitionSpace> space_;
  const std::size_t partitions_;
  bool computable_ = false;
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace tidemill::detail

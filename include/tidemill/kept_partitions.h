// tidemill/kept_partitions.h: the partitions of a persisted RDD, as far as they have been computed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
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

// One partition where it is kept: its elements, or their bytes.
template <class T>
struct KeptPart {
  std::int64_t count = 0;
  std::vector<T> elements;
  // What the elements take of the space.
  std::shared_ptr<const void> room;
  // Null: it is `elements`.
  std::shared_ptr<const KeptBytes> bytes;

  // Whether there was room for `all` where `level` allows; they are moved away if they are kept as they are.
  // `space`: null where there is none; then only elements are kept, without a limit.
  bool fill(std::vector<T>& all, StorageLevel level, const ElementsCodec<T>& codec, PartitionSpace* space) {
    const StorageTraits traits = traitsOf(level);
    count = static_cast<std::int64_t>(all.size());
    std::string encoded;
    // What elements hold outside of themselves is not known; what they take as bytes says how much about.
    auto weight = static_cast<std::int64_t>(all.size() * sizeof(T));
    if (codec.encode != nullptr && (traits.serialized || traits.disk)) {
      encoded = codec.encode(all);
      weight += static_cast<std::int64_t>(encoded.size());
    }
    if (traits.memory && !traits.serialized) {
      if (space != nullptr) room = space->reserve(weight);
      if (space == nullptr || room != nullptr) {
        elements = std::move(all);
        all.clear();
        return true;
      }
    }
    if (!traits.serialized && !traits.disk) return false;
    bytes = space->keep(encoded, {.disk = traits.disk,
                                  .memory = traits.memory && traits.serialized,
                                  .serialized = true,
                                  .replicas = 1});
    return bytes != nullptr;
  }
  // Copies of the elements. What `emit` throws is not caught.
  Result<void> give(const ElementsCodec<T>& codec, Emit<T>& emit) const {
    if (bytes == nullptr) {
      for (const T& element : elements) emit(T(element));
      return {};
    }
    auto read = bytes->read();
    if (!read) return fail(read.error());
    return codec.decode(*read, emit);
  }
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
    return slots_[partition].isKept() ? slots_[partition].part.count : -1;
  }

  // Gives the partition and returns true; or calls compute(Emit<T>&), keeps what it gives, and gives that.
  template <class Compute>
  void give(std::size_t partition, Emit<T>& emit, Compute compute) {
    Slot& slot = slots_[partition];
    if (slot.isKept()) return giveKept(slot, emit);
    if (!computable_) {
      throw Error(Code::kIo, "a persisted partition is gone that was there when the action began",
                  "it is computed again when the batch is tried again");
    }
    int empty = kEmpty;
    if (!slot.state.compare_exchange_strong(empty, kBusy)) return compute(emit);
    Busy busy(slot);
    std::vector<T> elements;
    const auto take = [&elements](Chunk<T> chunk) {
      chunk.forEach([&elements](T& element) { elements.push_back(std::move(element)); });
    };
    Emit<T> gather(take);
    compute(gather);
    gather.flush();
    if (slot.part.fill(elements, level_, codec_, space_.get())) busy.becomes = kKept;
    for (T& element : elements) emit(std::move(element));
    for (const T& element : slot.part.elements) emit(T(element));
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
    KeptPart<T> part;

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

  void giveKept(Slot& slot, Emit<T>& emit) const {
    const Result<void> given = slot.part.give(codec_, emit);
    if (given) return;
    slot.state.store(kLost);
    throw Error(Code::kIo, "a persisted partition cannot be read: " + given.error().message(),
                "it is computed again when the batch is tried again");
  }

  const StorageLevel level_;
  const ElementsCodec<T> codec_;
  const std::shared_ptr<PartitionSpace> space_;
  const std::size_t partitions_;
  bool computable_ = false;
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace tidemill::detail

// tidemill/persist.h: what stands behind RDD::persist().
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemill/codec.h"
#include "tidemill/kept_partitions.h"
#include "tidemill/rdd_node.h"

namespace tidemill::detail {

template <class T>
std::string encodeElements(const std::vector<T>& elements) {
  std::string bytes;
  Encoder out(bytes);
  out.putVarint(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) putElement<T>(elements[i], out);
  return bytes;
}

// What `emit` throws is not caught.
template <class T>
Result<void> decodeElements(std::string_view bytes, Emit<T>& emit) {
  Decoder in(bytes);
  const auto reading = [](auto step) -> Result<void> {
    try {
      step();
      return {};
    } catch (...) {  // The edge to the user's code.
      return fail(decodeFailure(typeTag<T>()));
    }
  };
  std::size_t count = 0;
  if (auto read = reading([&] { count = in.takeCount(); }); !read) return read;
  for (; count > 0; --count) {
    std::optional<T> element;
    if (auto read = reading([&] { element.emplace(takeElement<T>(in)); }); !read) return read;
    emit(std::move(*element));
  }
  return reading([&] { in.finish(); });
}

template <class T>
ElementsCodec<T> elementsCodec() {
  if constexpr (HasCodec<T>) return {&encodeElements<T>, &decodeElements<T>};
  return {};
}

// Throws Error(kUsage) if elements without a Codec cannot be kept at that level.
void checkCodecFor(StorageLevel level, bool hasCodec);

// Throws Error(kUsage) if the level cannot be given: another one was, bytes are needed and T has no Codec, or
// there is no space for them. False: nothing changes.
bool mayPersist(StorageLevel wanted, std::optional<StorageLevel> present, bool hasCodec,
                const PartitionSpace* space);

template <class T>
void persist(RddNode<T>& node, StorageLevel level) {
  std::optional<StorageLevel> present;
  if (node.kept() != nullptr) present = node.kept()->level();
  auto space = node.runner().partitionSpace();
  if (!mayPersist(level, present, HasCodec<T>, space.get())) return;
  node.keepIn(
      std::make_shared<KeptPartitions<T>>(level, node.partitions(), elementsCodec<T>(), std::move(space)));
}

}  // namespace tidemill::detail

// tidemill/hash.h: the hash by which keys find their partition.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tidemill {

namespace detail {

// Spreads a number over all 64 bits: neighbours end up far from each other.
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits ^= bits >> 32;
  bits *= 0x9e3779b97f4a7c15u;
  bits ^= bits >> 29;
  bits *= 0xd1342543de82ef95u;
  return bits ^ (bits >> 32);
}

// Of a sequence; the order counts.
constexpr std::uint64_t hashedTogether(std::uint64_t before, std::uint64_t next) {
  return mixed(std::rotl(before, 23) + 0x632be59bd9b4e019u + next);
}

template <class Word>
Word wordAt(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

inline std::uint64_t bytesHash(std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
  const std::size_t size = bytes.size();
  const char* const begin = bytes.data();
  std::uint64_t hash = kOdd * (size + 1);
  const auto take = [&hash](std::uint64_t word) { hash = (std::rotl(hash, 29) ^ word) * kOdd; };
  // The last word overlaps the one before it: no size needs a loop over bytes.
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) take(wordAt<std::uint64_t>(begin + at));
    take(wordAt<std::uint64_t>(begin + size - 8));
  } else if (size >= 4) {
    take(wordAt<std::uint32_t>(begin) | std::uint64_t{wordAt<std::uint32_t>(begin + size - 4)} << 32);
  } else if (size > 0) {
    const auto byte = [&](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(begin[at])}; };
    take(byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16);
  }
  return mixed(hash);
}

template <class K>
concept HasStdHash = requires(const K& key) {
  { std::hash<K>{}(key) } -> std::convertible_to<std::size_t>;
};

}  // namespace detail

// Equal keys have equal hashes, in every process on every machine of the same byte order: state is kept by
// it. Built in: numbers, bool, enums, text, and pair, tuple, optional, vector and array of what has one. Any
// other type needs std::hash, which should then give the same in every process, or a specialisation:
//
//   template <>
//   struct tidemill::Hash<Place> {
//     std::uint64_t operator()(const Place& place) const { return Hash<std::string>{}(place.name); }
//   };
template <class K>
struct Hash {
  std::uint64_t operator()(const K& key) const {
    if constexpr (std::is_enum_v<K>) {
      return detail::mixed(static_cast<std::uint64_t>(static_cast<std::underlying_type_t<K>>(key)));
    } else if constexpr (std::is_integral_v<K>) {
      return detail::mixed(static_cast<std::uint64_t>(key));
    } else if constexpr (std::is_floating_point_v<K>) {
      // 0.0 and -0.0 are equal.
      const auto number = static_cast<double>(key);
      return detail::mixed(number == 0 ? 0 : std::bit_cast<std::uint64_t>(number));
    } else if constexpr (std::is_convertible_v<const K&, std::string_view>) {
      return detail::bytesHash(key);
    } else {
      static_assert(detail::HasStdHash<K>,
                    "a key needs a hash: specialise std::hash or tidemill::Hash for this type");
      return detail::mixed(std::hash<K>{}(key));
    }
  }
};

template <class A, class B>
struct Hash<std::pair<A, B>> {
  std::uint64_t operator()(const std::pair<A, B>& key) const {
    return detail::hashedTogether(Hash<A>{}(key.first), Hash<B>{}(key.second));
  }
};

template <class... Parts>
struct Hash<std::tuple<Parts...>> {
  std::uint64_t operator()(const std::tuple<Parts...>& key) const {
    std::uint64_t hash = sizeof...(Parts);
    std::apply(
        [&](const Parts&... part) { ((hash = detail::hashedTogether(hash, Hash<Parts>{}(part))), ...); },
        key);
    return hash;
  }
};

template <class T>
struct Hash<std::optional<T>> {
  std::uint64_t operator()(const std::optional<T>& key) const {
    return key ? detail::hashedTogether(1, Hash<T>{}(*key)) : detail::mixed(0);
  }
};

template <class T>
struct Hash<std::vector<T>> {
  std::uint64_t operator()(const std::vector<T>& key) const {
    std::uint64_t hash = key.size();
    for (std::size_t i = 0; i < key.size(); ++i) hash = detail::hashedTogether(hash, Hash<T>{}(key[i]));
    return hash;
  }
};

template <class T, std::size_t kSize>
struct Hash<std::array<T, kSize>> {
  std::uint64_t operator()(const std::array<T, kSize>& key) const {
    std::uint64_t hash = kSize;
    for (const T& one : key) hash = detail::hashedTogether(hash, Hash<T>{}(one));
    return hash;
  }
};

namespace detail {

// The partition of a key, of `partitions` that divide the keys by hash.
constexpr std::size_t partitionOfHash(std::uint64_t hash, std::size_t partitions) {
  // A power of two divides without a division.
  if ((partitions & (partitions - 1)) == 0) return static_cast<std::size_t>(hash & (partitions - 1));
  return static_cast<std::size_t>(hash % partitions);
}

}  // namespace detail

}  // namespace tidemill

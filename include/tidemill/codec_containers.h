// tidemill/codec_containers.h: how containers are kept as bytes; part of codec.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tidemill/codec.h"

namespace tidemill {

namespace detail {

// An element of a container takes a byte at least, so that a count can be held against the bytes that follow.
template <class T>
void putElement(const T& element, Encoder& out) {
  const std::size_t before = out.size();
  out.put(element);
  if (out.size() == before) out.putRaw(std::string_view("\0", 1));
}

template <class T>
T takeElement(Decoder& in) {
  const std::size_t before = in.left();
  T element = in.take<T>();
  if (in.left() == before && in.takeRaw(1) != std::string_view("\0", 1)) {
    Decoder::malformed("an element has a byte that nobody writes");
  }
  return element;
}

// Memory that is asked for before an element was read.
template <class T>
std::size_t reserved(std::size_t count) {
  return std::min<std::size_t>(count, 1 + 65'536 / sizeof(T));
}

// Maps and sets: the entries in the order of their bytes, so that equal values have equal bytes.
template <class Container>
void putEntries(const Container& container, Encoder& out) {
  std::vector<std::string> entries;
  entries.reserve(container.size());
  // allow(check_determinism): sorted below.
  for (const auto& entry : container) {
    std::string bytes;
    Encoder one(bytes);
    if constexpr (requires { typename Container::mapped_type; }) {
      one.put(entry.first, entry.second);
    } else {
      one.put(entry);
    }
    if (bytes.empty()) bytes.push_back('\0');
    entries.push_back(std::move(bytes));
  }
  std::sort(entries.begin(), entries.end());
  out.putVarint(entries.size());
  for (const std::string& bytes : entries) out.putRaw(bytes);
}

template <class Container>
Container takeEntries(Decoder& in) {
  Container container;
  for (std::size_t count = in.takeCount(); count > 0; --count) {
    bool isNew = false;
    if constexpr (requires { typename Container::mapped_type; }) {
      using Entry = std::pair<typename Container::key_type, typename Container::mapped_type>;
      isNew = container.insert(takeElement<Entry>(in)).second;
    } else {
      isNew = container.insert(takeElement<typename Container::value_type>(in)).second;
    }
    if (!isNew) Decoder::malformed("a key occurs twice");
  }
  return container;
}

template <class K, class V>
struct MapCodec {
  static constexpr bool kComplete = hasCodec<K>() && hasCodec<V>();
  static std::string tag() { return joinedTag("map", {typeTag<K>(), typeTag<V>()}); }
  static constexpr std::uint32_t version() { return std::max(codecVersion<K>(), codecVersion<V>()); }
};

template <class K>
struct SetCodec {
  static constexpr bool kComplete = hasCodec<K>();
  static std::string tag() { return joinedTag("set", {typeTag<K>()}); }
  static constexpr std::uint32_t version() { return codecVersion<K>(); }
};

// A byte each, whatever varints would make of them.
template <class T>
inline constexpr bool kIsByte = std::is_same_v<T, std::byte> || std::is_same_v<T, char> ||
                                std::is_same_v<T, unsigned char> || std::is_same_v<T, signed char>;

}  // namespace detail

template <class A, class B>
struct Codec<std::pair<A, B>> {
  static constexpr bool kComplete = detail::hasCodec<A>() && detail::hasCodec<B>();
  static std::string tag() { return detail::joinedTag("pair", {typeTag<A>(), typeTag<B>()}); }
  static constexpr std::uint32_t version() { return std::max(codecVersion<A>(), codecVersion<B>()); }
  static void encode(const std::pair<A, B>& value, Encoder& out) { out.put(value.first, value.second); }
  static std::pair<A, B> decode(Decoder& in) {
    A first = in.take<A>();
    B second = in.take<B>();
    return {std::move(first), std::move(second)};
  }
};

template <class... Parts>
struct Codec<std::tuple<Parts...>> {
  static constexpr bool kComplete = (detail::hasCodec<Parts>() && ...);
  static std::string tag() { return detail::joinedTag("tuple", {typeTag<Parts>()...}); }
  static constexpr std::uint32_t version() { return std::max({std::uint32_t{0}, codecVersion<Parts>()...}); }
  static void encode(const std::tuple<Parts...>& value, Encoder& out) {
    std::apply([&](const Parts&... parts) { out.put(parts...); }, value);
  }
  static std::tuple<Parts...> decode([[maybe_unused]] Decoder& in) {
    return std::tuple<Parts...>{in.take<Parts>()...};  // Braces: from left to right.
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr bool kComplete = detail::hasCodec<T>();
  static std::string tag() { return detail::joinedTag("optional", {typeTag<T>()}); }
  static constexpr std::uint32_t version() { return codecVersion<T>(); }
  static void encode(const std::optional<T>& value, Encoder& out) {
    out.put(value.has_value());
    if (value) out.put(*value);
  }
  static std::optional<T> decode(Decoder& in) {
    if (!in.take<bool>()) return std::nullopt;
    return in.take<T>();
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static constexpr bool kComplete = detail::hasCodec<T>();
  static std::string tag() { return detail::joinedTag("vector", {typeTag<T>()}); }
  static constexpr std::uint32_t version() { return codecVersion<T>(); }
  static void encode(const std::vector<T>& value, Encoder& out) {
    out.putVarint(value.size());
    if constexpr (detail::kIsByte<T>) {
      out.putRaw({reinterpret_cast<const char*>(value.data()), value.size()});
    } else {
      for (std::size_t i = 0; i < value.size(); ++i) detail::putElement<T>(value[i], out);
    }
  }
  static std::vector<T> decode(Decoder& in) {
    const std::size_t count = in.takeCount();
    std::vector<T> value;
    if constexpr (detail::kIsByte<T>) {
      const std::string_view bytes = in.takeRaw(count);
      const auto* const begin = reinterpret_cast<const T*>(bytes.data());
      value.assign(begin, begin + count);
    } else {
      value.reserve(detail::reserved<T>(count));
      for (std::size_t i = 0; i < count; ++i) value.push_back(detail::takeElement<T>(in));
    }
    return value;
  }
};

template <class T, std::size_t kSize>
struct Codec<std::array<T, kSize>> {
  static constexpr bool kComplete = detail::hasCodec<T>();
  static std::string tag() { return detail::joinedTag("array", {typeTag<T>(), std::to_string(kSize)}); }
  static constexpr std::uint32_t version() { return codecVersion<T>(); }
  static void encode(const std::array<T, kSize>& value, Encoder& out) {
    for (const T& element : value) out.put(element);
  }
  static std::array<T, kSize> decode(Decoder& in) {
    return decodeEach(in, std::make_index_sequence<kSize>());
  }

 private:
  template <std::size_t... kIndexes>
  static std::array<T, kSize> decodeEach([[maybe_unused]] Decoder& in, std::index_sequence<kIndexes...>) {
    return {((void)kIndexes, in.take<T>())...};  // Braces: from left to right.
  }
};

template <class K, class V, class Less>
struct Codec<std::map<K, V, Less>> : detail::MapCodec<K, V> {
  static void encode(const std::map<K, V, Less>& value, Encoder& out) { detail::putEntries(value, out); }
  static std::map<K, V, Less> decode(Decoder& in) { return detail::takeEntries<std::map<K, V, Less>>(in); }
};

template <class K, class V, class Hash, class Equal>
struct Codec<std::unordered_map<K, V, Hash, Equal>> : detail::MapCodec<K, V> {
  using Map = std::unordered_map<K, V, Hash, Equal>;
  static void encode(const Map& value, Encoder& out) { detail::putEntries(value, out); }
  static Map decode(Decoder& in) { return detail::takeEntries<Map>(in); }
};

template <class K, class Less>
struct Codec<std::set<K, Less>> : detail::SetCodec<K> {
  static void encode(const std::set<K, Less>& value, Encoder& out) { detail::putEntries(value, out); }
  static std::set<K, Less> decode(Decoder& in) { return detail::takeEntries<std::set<K, Less>>(in); }
};

template <class K, class Hash, class Equal>
struct Codec<std::unordered_set<K, Hash, Equal>> : detail::SetCodec<K> {
  using Set = std::unordered_set<K, Hash, Equal>;
  static void encode(const Set& value, Encoder& out) { detail::putEntries(value, out); }
  static Set decode(Decoder& in) { return detail::takeEntries<Set>(in); }
};

}  // namespace tidemill

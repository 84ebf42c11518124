// tidemill/codec.h: values as bytes, for what is kept on disk or compressed: state, and RDDs by level.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tidemill/result.h"

namespace tidemill {

// Built in for numbers (but long double), bool, enums, std::string, pair, tuple, optional, vector, array,
// map, set, unordered_map and unordered_set. Other types need a specialisation:
//
//   template <>
//   struct tidemill::Codec<Order> {
//     static constexpr std::string_view kName = "shop.Order";  // Kept with the bytes: never change it.
//     static constexpr std::uint32_t kVersion = 2;             // 2: with `note`.
//     static void encode(const Order& order, Encoder& out) { out.put(order.id, order.amount, order.note); }
//     // `version`: that of the bytes, 1 to kVersion.
//     static Order decode(Decoder& in, std::uint32_t version) {
//       Order order;
//       order.id = in.take<std::string>();
//       order.amount = in.take<double>();
//       if (version >= 2) order.note = in.take<std::string>();
//       return order;
//     }
//   };
//
// Equal values of built-in types have equal bytes, on every machine and by every compiler; the bytes of a
// number do not depend on how wide its type is, only the tag does.
template <class T>
struct Codec;

namespace detail {

// What a specialisation for a type of the user has.
template <class T>
concept HasUserCodec = requires { Codec<T>::kVersion; };

template <class T>
constexpr bool hasCodec();

// Appears in the compiler's message, with the type that is missing, not with what it lies in.
template <class T>
struct CodecFor {
  static_assert(
      HasUserCodec<T> || requires { Codec<T>::kComplete; },
      "this type cannot be kept as bytes: specialise tidemill::Codec for the type T of CodecFor<T>");
};

// What Decoder throws, caught by decoded().
class MalformedValue {
 public:
  explicit MalformedValue(std::string what) : what_(std::move(what)) {}
  const std::string& what() const { return what_; }

 private:
  std::string what_;
};

}  // namespace detail

// Whether values of T can be kept as bytes.
template <class T>
concept HasCodec = detail::hasCodec<T>();

// Appends the bytes of values to a text.
class Encoder {
 public:
  // `out` must outlive this object.
  explicit Encoder(std::string& out) : out_(out) {}

  // One behind the other.
  template <class... Ts>
  void put(const Ts&... values) {
    (putOne(values), ...);
  }
  // Seven bits in a byte, the lowest first: small numbers are short.
  void putVarint(std::uint64_t number);
  void putRaw(std::string_view bytes) { out_.append(bytes); }
  // How many bytes the text has.
  std::size_t size() const { return out_.size(); }

 private:
  template <class T>
  void putOne(const T& value);

  std::string& out_;
};

// Reads what an Encoder has written. Believes nothing: what is cut off, too long or out of range ends the
// reading with an exception that decoded() turns into an Error. No length makes it allocate more than the
// bytes that are left can fill, at the size that T has in memory.
class Decoder {
 public:
  // `bytes` must outlive this object.
  explicit Decoder(std::string_view bytes) : left_(bytes) {}

  template <class T>
  T take();
  std::uint64_t takeVarint();
  // The next `count` bytes.
  std::string_view takeRaw(std::uint64_t count);
  // How many elements follow: no more than bytes are left.
  std::size_t takeCount();
  // How many bytes are left.
  std::size_t left() const { return left_.size(); }
  // For a decode() of the user that meets what it never wrote. Ends the reading.
  [[noreturn]] static void malformed(std::string what);
  // Everything has been read, or it is malformed.
  void finish() const;

 private:
  // Values in values: more than any type nests that is not built to do harm.
  static constexpr int kDepthMax = 200;

  std::string_view left_;
  int depth_ = 0;
};

namespace detail {

// The widest number whose bytes are those of T.
template <class T>
inline constexpr bool kIsNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, long double>;

// Says what was wrong. Call it while the exception is handled; std::bad_alloc is thrown on.
Error decodeFailure(std::string_view tag);
[[noreturn]] void throwNewerVersion(std::string_view name, std::uint64_t found, std::uint32_t known);

std::string numberTag(bool isFloating, bool isSigned, std::size_t bytes);
// "pair<i32,string>"
std::string joinedTag(std::string_view name, std::initializer_list<std::string> parts);

}  // namespace detail

// Text that names T in the same way by every compiler, e.g. "vector<pair<string,i64>>"; of a type of the user
// its kName. Kept beside the bytes, to tell a program of today what one of yesterday wrote.
template <class T>
std::string typeTag() {
  (void)sizeof(detail::CodecFor<T>);
  if constexpr (detail::HasUserCodec<T>) {
    return std::string(Codec<T>::kName);
  } else {
    return Codec<T>::tag();
  }
}

// The highest version of the types of the user inside T, 0 without any. Values carry the version of each such
// type themselves: older bytes stay readable.
template <class T>
constexpr std::uint32_t codecVersion() {
  if constexpr (detail::HasUserCodec<T>) {
    return Codec<T>::kVersion;
  } else {
    return Codec<T>::version();
  }
}

template <class T>
std::string encoded(const T& value) {
  std::string bytes;
  Encoder(bytes).put(value);
  return bytes;
}

// kDamagedBlock: the bytes are no T, or were written by a newer version of it; kUserCodeFailed: a decode() of
// the user has thrown.
template <class T>
Result<T> decoded(std::string_view bytes) {
  try {
    Decoder in(bytes);
    Result<T> value(in.take<T>());
    in.finish();
    return value;
  } catch (...) {  // The edge to the user's code.
    return fail(detail::decodeFailure(typeTag<T>()));
  }
}

// How the built-in types are kept.

template <class T>
  requires(detail::kIsNumber<T>)
struct Codec<T> {
  static constexpr bool kComplete = true;
  static std::string tag() {
    if constexpr (std::is_same_v<T, bool>) return "bool";
    return detail::numberTag(std::is_floating_point_v<T>, std::is_signed_v<T>, sizeof(T));
  }
  static constexpr std::uint32_t version() { return 0; }

  static void encode(const T& value, Encoder& out) {
    if constexpr (std::is_floating_point_v<T>) {
      const auto bits = std::bit_cast<Bits>(value);
      char bytes[sizeof(T)];
      for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(bits >> (8 * i) & 0xff);
      out.putRaw(std::string_view(bytes, sizeof(T)));
    } else if constexpr (std::is_signed_v<T>) {
      // Zigzag: numbers near 0 are short, whatever their sign.
      const auto wide = static_cast<std::int64_t>(value);
      out.putVarint(static_cast<std::uint64_t>(wide) << 1 ^ static_cast<std::uint64_t>(wide >> 63));
    } else {
      out.putVarint(static_cast<std::uint64_t>(value));
    }
  }

  static T decode(Decoder& in) {
    if constexpr (std::is_floating_point_v<T>) {
      const std::string_view bytes = in.takeRaw(sizeof(T));
      Bits bits = 0;
      for (std::size_t i = 0; i < sizeof(T); ++i) {
        bits |= static_cast<Bits>(static_cast<Bits>(static_cast<unsigned char>(bytes[i])) << (8 * i));
      }
      return std::bit_cast<T>(bits);
    } else {
      const std::uint64_t bits = in.takeVarint();
      if constexpr (std::is_signed_v<T>) {
        const auto wide = static_cast<std::int64_t>(bits >> 1 ^ (0 - (bits & 1)));
        if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max()) outOfRange();
        return static_cast<T>(wide);
      } else {
        if (bits > std::numeric_limits<T>::max()) outOfRange();
        return static_cast<T>(bits);
      }
    }
  }

 private:
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

  [[noreturn]] static void outOfRange() { Decoder::malformed("a number is out of range"); }
};

template <class T>
  requires(std::is_enum_v<T>)
struct Codec<T> {
  using Number = std::underlying_type_t<T>;
  static constexpr bool kComplete = true;
  static std::string tag() { return Codec<Number>::tag(); }
  static constexpr std::uint32_t version() { return 0; }
  static void encode(const T& value, Encoder& out) { out.put(static_cast<Number>(value)); }
  static T decode(Decoder& in) { return static_cast<T>(in.take<Number>()); }
};

template <>
struct Codec<std::string> {
  static constexpr bool kComplete = true;
  static std::string tag() { return "string"; }
  static constexpr std::uint32_t version() { return 0; }
  static void encode(const std::string& value, Encoder& out) {
    out.putVarint(value.size());
    out.putRaw(value);
  }
  static std::string decode(Decoder& in) {
    const std::size_t count = in.takeCount();
    return std::string(in.takeRaw(count));
  }
};

namespace detail {

template <class T>
constexpr bool hasCodec() {
  if constexpr (HasUserCodec<T>) {
    return requires(const T& value, Encoder& out, Decoder& in) {
      { Codec<T>::kName } -> std::convertible_to<std::string_view>;
      Codec<T>::encode(value, out);
      { Codec<T>::decode(in, std::uint32_t{}) } -> std::same_as<T>;
    };
  } else if constexpr (requires { Codec<T>::kComplete; }) {
    return Codec<T>::kComplete;
  } else {
    return false;
  }
}

}  // namespace detail

template <class T>
void Encoder::putOne(const T& value) {
  (void)sizeof(detail::CodecFor<T>);
  if constexpr (detail::HasUserCodec<T>) putVarint(Codec<T>::kVersion);
  Codec<T>::encode(value, *this);
}

template <class T>
T Decoder::take() {
  (void)sizeof(detail::CodecFor<T>);
  if (++depth_ > kDepthMax) malformed("values are nested too deeply");
  // Not reset when somebody throws: the reading is over then.
  if constexpr (detail::HasUserCodec<T>) {
    const std::uint64_t version = takeVarint();
    if (version == 0 || version > Codec<T>::kVersion) {
      detail::throwNewerVersion(Codec<T>::kName, version, Codec<T>::kVersion);
    }
    T value = Codec<T>::decode(*this, static_cast<std::uint32_t>(version));
    --depth_;
    return value;
  } else {
    T value = Codec<T>::decode(*this);
    --depth_;
    return value;
  }
}

}  // namespace tidemill

#include "tidemill/codec_containers.h"  // IWYU pragma: export

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tidemill/codec.h"

namespace tidemill {
namespace {

enum class Color : std::uint8_t { kRed = 1, kBlue = 200 };

struct Order {
  std::string id;
  double amount = 0;
  std::string note;
  bool operator==(const Order&) const = default;
  auto operator<=>(const Order&) const = default;
};
// What an earlier program wrote.
struct OldOrder {
  std::string id;
  double amount = 0;
};
struct Tree {
  std::vector<Tree> children;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
struct Picky {};
struct Unknown {};
struct HalfKnown {};

}  // namespace

template <>
struct Codec<Order> {
  static constexpr std::string_view kName = "shop.Order";
  static constexpr std::uint32_t kVersion = 2;
  static void encode(const Order& order, Encoder& out) { out.put(order.id, order.amount, order.note); }
  static Order decode(Decoder& in, std::uint32_t version) {
    Order order;
    order.id = in.take<std::string>();
    order.amount = in.take<double>();
    if (version >= 2) order.note = in.take<std::string>();
    return order;
  }
};
template <>
struct Codec<OldOrder> {
  static constexpr std::string_view kName = "shop.Order";
  static constexpr std::uint32_t kVersion = 1;
  static void encode(const OldOrder& order, Encoder& out) { out.put(order.id, order.amount); }
  static OldOrder decode(Decoder& in, std::uint32_t) {
    OldOrder order;
    order.id = in.take<std::string>();
    order.amount = in.take<double>();
    return order;
  }
};
template <>
struct Codec<Tree> {
  static constexpr std::string_view kName = "Tree";
  static constexpr std::uint32_t kVersion = 1;
  static void encode(const Tree& tree, Encoder& out) { out.put(tree.children); }
  static Tree decode(Decoder& in, std::uint32_t) { return Tree{in.take<std::vector<Tree>>()}; }
};
// Has no bytes of its own.
template <>
struct Codec<Nothing> {
  static constexpr bool kComplete = true;
  static std::string tag() { return "nothing"; }
  static constexpr std::uint32_t version() { return 0; }
  static void encode(const Nothing&, Encoder&) {}
  static Nothing decode(Decoder&) { return {}; }
};
template <>
struct Codec<Picky> {
  static constexpr std::string_view kName = "Picky";
  static constexpr std::uint32_t kVersion = 1;
  static void encode(const Picky&, Encoder& out) { out.put(1); }
  static Picky decode(Decoder& in, std::uint32_t) {
    if (in.take<int>() == 1) throw std::runtime_error("not today");
    Decoder::malformed("it is not 1");
  }
};
// A version without the functions.
template <>
struct Codec<HalfKnown> {
  static constexpr std::uint32_t kVersion = 1;
};

namespace {

template <class T>
void expectKept(const T& value, const std::string& tag) {
  const std::string bytes = encoded(value);
  const Result<T> read = decoded<T>(bytes);
  ASSERT_TRUE(read) << tag << ": " << read.error().message();
  EXPECT_TRUE(*read == value) << tag;
  EXPECT_EQ(encoded(*read), bytes) << tag;
  EXPECT_EQ(typeTag<T>(), tag);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const Result<T> part = decoded<T>(std::string_view(bytes).substr(0, cut));
    ASSERT_FALSE(part) << tag << " cut at " << cut;
    EXPECT_EQ(part.error().code(), Code::kDamagedBlock);
  }
  EXPECT_FALSE(decoded<T>(bytes + '\0')) << tag;
}

TEST(Codec, KeepsNumbersToTheirLimits) {
  for (const std::int64_t n :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0}, std::int64_t{63},
        std::int64_t{64}, std::numeric_limits<std::int64_t>::max()}) {
    expectKept(n, "i64");
  }
  expectKept(std::numeric_limits<std::uint64_t>::max(), "u64");
  expectKept(std::numeric_limits<std::int32_t>::min(), "i32");
  expectKept<std::int16_t>(-32'768, "i16");
  expectKept<signed char>(-128, "i8");
  expectKept<unsigned char>(255, "u8");
  expectKept<long long>(-5, "i64");
  expectKept(true, "bool");
  expectKept(Color::kBlue, "u8");
  expectKept(-0.5, "f64");
  expectKept(std::numeric_limits<float>::denorm_min(), "f32");
  EXPECT_TRUE(std::isnan(*decoded<double>(encoded(std::nan("")))));
}

TEST(Codec, KeepsTextAndContainers) {
  expectKept(std::string("a\0b", 3), "string");
  expectKept(std::string(), "string");
  expectKept(std::pair<std::string, int>("x", 7), "pair<string,i32>");
  expectKept(std::tuple<int, std::string, bool>(1, "two", true), "tuple<i32,string,bool>");
  expectKept(std::tuple<>(), "tuple<>");
  expectKept(std::optional<int>(), "optional<i32>");
  expectKept(std::optional<std::string>("x"), "optional<string>");
  expectKept(std::vector<int>{1, -2, 300}, "vector<i32>");
  expectKept(std::vector<bool>{true, false, true}, "vector<bool>");
  expectKept(std::vector<std::byte>(300, std::byte{9}), "vector<u8>");
  expectKept(std::vector<std::vector<std::string>>{{}, {"a"}, {"b", ""}}, "vector<vector<string>>");
  expectKept(std::array<std::uint16_t, 3>{1, 2, 65'535}, "array<u16,3>");
  expectKept(std::map<std::string, std::vector<int>>{{"b", {1}}, {"a", {}}}, "map<string,vector<i32>>");
  expectKept(std::set<int>{5, -5}, "set<i32>");
  expectKept(std::unordered_map<int, std::string>{{1, "one"}, {2, "two"}}, "map<i32,string>");
  expectKept(std::unordered_set<std::string>{"p", "q"}, "set<string>");
}

TEST(Codec, KeepsElementsThatHaveNoBytes) {
  expectKept(std::vector<Nothing>(3), "vector<nothing>");
  EXPECT_EQ(encoded(std::vector<Nothing>(3)).size(), 4u);
  EXPECT_FALSE(decoded<std::vector<Nothing>>(std::string("\1\7", 2)));
}

// Golden: what was written once must be read for ever.
TEST(Codec, WritesTheSameBytesInEveryVersion) {
  EXPECT_EQ(encoded(-1), "\x01");
  EXPECT_EQ(encoded(std::uint32_t{300}), "\xac\x02");
  EXPECT_EQ(encoded(1.0), std::string("\0\0\0\0\0\0\xf0\x3f", 8));
  EXPECT_EQ(encoded(std::string("ab")),
            "\x02"
            "ab");
  EXPECT_EQ(encoded(std::map<int, bool>{{1, true}, {-1, false}}), std::string("\2\1\0\2\1", 5));
  EXPECT_EQ(encoded(OldOrder{"x", 0}), std::string("\1\1x\0\0\0\0\0\0\0\0", 11));
}

TEST(Codec, EqualMapsHaveEqualBytesInWhateverOrderTheyWereFilled) {
  std::unordered_map<int, int> up;
  std::unordered_map<int, int> down;
  for (int i = 0; i < 1'000; ++i) up[i] = i;
  down.reserve(5'000);
  for (int i = 999; i >= 0; --i) down[i] = i;
  EXPECT_EQ(encoded(up), encoded(down));
}

TEST(Codec, KeepsTypesOfTheUserAndReadsTheirOlderVersions) {
  expectKept(Order{"o-1", 9.5, "fast"}, "shop.Order");
  expectKept(std::map<Order, int>{{{"a", 1, ""}, 1}}, "map<shop.Order,i32>");
  EXPECT_EQ(*decoded<Order>(encoded(OldOrder{"o-1", 9.5})), (Order{"o-1", 9.5, ""}));
  EXPECT_EQ(codecVersion<Order>(), 2u);
  EXPECT_EQ((codecVersion<std::map<std::string, std::vector<Order>>>()), 2u);
  EXPECT_EQ(codecVersion<std::vector<int>>(), 0u);
}

TEST(Codec, NamesANewerVersion) {
  const auto read = decoded<OldOrder>(encoded(Order{"o-1", 9.5, ""}));
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message().find("shop.Order of version 2, and this program knows 1 to 1"),
            std::string::npos)
      << read.error().message();
}

TEST(Codec, RefusesNumbersThatDoNotFitOrHaveTwoForms) {
  EXPECT_FALSE(decoded<std::uint8_t>(encoded(256u)));
  EXPECT_FALSE(decoded<std::int8_t>(encoded(-129)));
  EXPECT_FALSE(decoded<bool>(encoded(2)));
  EXPECT_FALSE(decoded<int>(std::string("\x80\0", 2)));
  EXPECT_FALSE(decoded<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
  EXPECT_FALSE(decoded<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_FALSE((decoded<std::set<int>>(std::string("\2\2\2", 3))));
}

TEST(Codec, BelievesNoLength) {
  std::string huge;
  Encoder(huge).putVarint(std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(decoded<std::string>(huge));
  EXPECT_FALSE(decoded<std::vector<std::int64_t>>(huge));
  EXPECT_FALSE(decoded<std::vector<std::byte>>(huge));
  EXPECT_FALSE((decoded<std::map<int, int>>(huge)));
}

TEST(Codec, EndsWhereValuesAreNestedToDoHarm) {
  // Each level: version 1, one child.
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "\1\1";
  deep += std::string("\1\0", 2);
  const auto read = decoded<Tree>(deep);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message().find("nested too deeply"), std::string::npos) << read.error().message();

  std::string fair;
  for (int i = 0; i < 50; ++i) fair += "\1\1";
  EXPECT_TRUE(decoded<Tree>(fair + std::string("\1\0", 2)));
}

TEST(Codec, SaysWhatTheUsersFunctionThrew) {
  const auto thrown = decoded<Picky>(encoded(Picky()));
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code(), Code::kUserCodeFailed);
  EXPECT_NE(thrown.error().message().find("not today"), std::string::npos);
  const auto malformed = decoded<Picky>(std::string("\1\0", 2));
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code(), Code::kDamagedBlock);
  EXPECT_NE(malformed.error().message().find("Picky: it is not 1"), std::string::npos);
}

TEST(Codec, KnowsWhichTypesItCannotKeep) {
  static_assert(HasCodec<std::map<std::string, std::optional<Order>>>);
  static_assert(!HasCodec<Unknown>);
  static_assert(!HasCodec<HalfKnown>);
  static_assert(!HasCodec<std::vector<std::pair<int, Unknown>>>);
  static_assert(!HasCodec<long double>);
  static_assert(!HasCodec<int*>);
  static_assert(!HasCodec<std::string_view>);
}

}  // namespace
}  // namespace tidemill

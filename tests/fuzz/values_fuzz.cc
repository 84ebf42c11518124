// Feeds arbitrary bytes to the built-in codecs of values, in a type that has them all, and to a type that
// nests.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tidemill/codec.h"

namespace {

struct Tree {
  std::int32_t value = 0;
  std::vector<Tree> children;
};

enum class Kind : std::int8_t {};

}  // namespace

template <>
struct tidemill::Codec<Tree> {
  static constexpr std::string_view kName = "Tree";
  static constexpr std::uint32_t kVersion = 3;
  static void encode(const Tree& tree, Encoder& out) { out.put(tree.value, tree.children); }
  static Tree decode(Decoder& in, std::uint32_t) {
    Tree tree;
    tree.value = in.take<std::int32_t>();
    tree.children = in.take<std::vector<Tree>>();
    return tree;
  }
};

namespace {

// What was read is written, and read again to the same bytes.
template <class T>
void check(std::string_view bytes) {
  const auto read = tidemill::decoded<T>(bytes);
  if (!read) return;
  const std::string written = tidemill::encoded(*read);
  const auto again = tidemill::decoded<T>(written);
  TIDEMILL_CHECK(again.has_value());
  TIDEMILL_CHECK(tidemill::encoded(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Everything = std::tuple<bool, std::uint8_t, std::int64_t, float, double, Kind, std::string,
                                std::optional<std::string>, std::vector<bool>, std::vector<std::byte>,
                                std::map<std::string, std::vector<std::int16_t>>, std::set<std::uint32_t>,
                                std::unordered_map<std::int32_t, std::pair<std::string, bool>>,
                                std::unordered_set<std::string>, std::array<std::uint16_t, 3>>;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check<Everything>(bytes);
  check<Tree>(bytes);
  check<std::vector<std::tuple<>>>(bytes);
  return 0;
}

#include "fake/sequence_layout.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace tidemill::fake {
namespace {

// Little-endian limbs: 192 bits hold the 188 of a sequence number.
using Limbs = std::array<std::uint64_t, 3>;
using Wide = unsigned __int128;

constexpr std::uint64_t kChunk = 10'000'000'000'000'000'000ull;  // 10^19: the largest power of ten in a limb.
constexpr int kChunkDigits = 19;
constexpr std::size_t kDigits = 56;

void place(Limbs& limbs, int bit, std::uint64_t value) {
  const auto limb = static_cast<std::size_t>(bit / 64);
  const int shift = bit % 64;
  limbs[limb] |= value << shift;
  if (shift != 0 && limb + 1 < limbs.size()) limbs[limb + 1] |= value >> (64 - shift);
}

std::uint64_t take(const Limbs& limbs, int bit, int width) {
  const auto limb = static_cast<std::size_t>(bit / 64);
  const int shift = bit % 64;
  std::uint64_t value = limbs[limb] >> shift;
  if (shift != 0 && limb + 1 < limbs.size()) value |= limbs[limb + 1] << (64 - shift);
  return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
}

std::uint64_t divideByChunk(Limbs& limbs) {
  Wide rest = 0;
  for (std::size_t i = limbs.size(); i-- > 0;) {
    const Wide value = (rest << 64) | limbs[i];
    limbs[i] = static_cast<std::uint64_t>(value / kChunk);
    rest = value % kChunk;
  }
  return static_cast<std::uint64_t>(rest);
}

bool appendDigit(Limbs& limbs, unsigned digit) {
  Wide carry = digit;
  for (auto& limb : limbs) {
    const Wide value = static_cast<Wide>(limb) * 10 + carry;
    limb = static_cast<std::uint64_t>(value);
    carry = value >> 64;
  }
  return carry == 0;
}

// Of brief numbers: behind the counter come the two seconds and the index of the shard.
constexpr std::size_t kBriefSecondDigits = 11;
constexpr std::size_t kBriefIndexDigits = 10;
constexpr std::size_t kBriefTail = 2 * kBriefSecondDigits + kBriefIndexDigits;
constexpr std::size_t kBriefDigitsMax = kBriefTail + 19;

std::string formatBrief(const SequenceLayout& layout) {
  // One more, so that the first digit is not a zero.
  return fmt::format("{}{:011}{:011}{:010}", layout.counter + 1, layout.shardSecond, layout.recordSecond,
                     layout.shardIndex);
}

std::optional<SequenceLayout> parseBrief(std::string_view text) {
  if (text.size() <= kBriefTail || text.size() > kBriefDigitsMax || text.front() == '0') return std::nullopt;
  const std::size_t tail = text.size() - kBriefTail;
  const auto counter = base::parseInteger(text.substr(0, tail));
  const auto shardSecond = base::parseInteger(text.substr(tail, kBriefSecondDigits));
  const auto recordSecond = base::parseInteger(text.substr(tail + kBriefSecondDigits, kBriefSecondDigits));
  const auto index = base::parseInteger(text.substr(tail + 2 * kBriefSecondDigits));
  if (!counter || !shardSecond || !recordSecond || !index || *index > 0x7fff'ffff) return std::nullopt;
  return SequenceLayout{*shardSecond, *recordSecond, static_cast<std::uint64_t>(*counter) - 1,
                        static_cast<std::uint32_t>(*index), true};
}

}  // namespace

std::string formatSequence(const SequenceLayout& layout) {
  if (layout.brief) return formatBrief(layout);
  Limbs limbs{};
  place(limbs, 0, 2);
  place(limbs, 4, layout.shardIndex);
  place(limbs, 36, static_cast<std::uint64_t>(layout.recordSecond) & 0xf'ffff'ffff);
  place(limbs, 80, layout.counter);
  place(limbs, 144, layout.shardIndex & 0xf);
  place(limbs, 148, static_cast<std::uint64_t>(layout.shardSecond) & 0xf'ffff'ffff);
  place(limbs, 184, 2);

  std::string text(kDigits, '0');
  std::size_t end = kDigits;
  for (int chunk = 0; chunk < 3; ++chunk) {
    std::uint64_t value = divideByChunk(limbs);
    for (int i = 0; i < kChunkDigits && end > 0; ++i) {
      text[--end] = static_cast<char>('0' + value % 10);
      value /= 10;
    }
  }
  return text;
}

std::optional<SequenceLayout> parseSequence(std::string_view text) {
  if (text.size() != kDigits) return parseBrief(text);
  Limbs limbs{};
  for (const char c : text) {
    if (c < '0' || c > '9' || !appendDigit(limbs, static_cast<unsigned>(c - '0'))) return std::nullopt;
  }
  SequenceLayout layout;
  layout.shardIndex = static_cast<std::uint32_t>(take(limbs, 4, 32));
  layout.recordSecond = static_cast<std::int64_t>(take(limbs, 36, 36));
  layout.counter = take(limbs, 80, 64);
  layout.shardSecond = static_cast<std::int64_t>(take(limbs, 148, 36));
  const bool fits = take(limbs, 0, 4) == 2 && take(limbs, 184, 8) == 2 && take(limbs, 72, 8) == 0 &&
                    take(limbs, 144, 4) == (layout.shardIndex & 0xf) && layout.counter <= kCounterEnd &&
                    layout.shardIndex <= 0x7fff'ffff;
  return fits ? std::optional(layout) : std::nullopt;
}

}  // namespace tidemill::fake

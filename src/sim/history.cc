#include "sim/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace tidemill::sim {
namespace {

constexpr std::size_t kDetailKept = 160;

std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0x9fb21c651e98df25ULL;
  return state ^ (state >> 29);
}

// Bytes 0 to 7 as a little-endian number, on every machine.
std::uint64_t wholeWordAt(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

std::uint64_t wordAt(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

}  // namespace

std::uint64_t mixBytes(std::uint64_t state, std::string_view bytes) {
  state = mix(state, bytes.size());
  while (bytes.size() >= 8) {  // Bounded by the bytes left.
    state = mix(state, wholeWordAt(bytes.data()));
    bytes.remove_prefix(8);
  }
  return bytes.empty() ? state : mix(state, wordAt(bytes.data(), bytes.size()));
}

std::uint64_t mixNumber(std::uint64_t state, std::uint64_t number) {
  return mix(state, number);
}

History::History(std::size_t kept) : ring_(kept) {
  TIDEMILL_CHECK(kept >= 1);
}

void History::add(const HistoryEvent& event) {
  hash_ = mix(hash_, static_cast<std::uint64_t>(event.at.time_since_epoch().count()));
  hash_ = mixBytes(hash_, event.node);
  hash_ = mixBytes(hash_, event.kind);
  hash_ = mixBytes(hash_, event.detail);
  hash_ = mixBytes(hash_, event.bytes);
  hash_ = mix(hash_, event.number);

  Kept& kept = ring_[events_ % ring_.size()];  // Reuses the strings' memory: this runs for every call.
  kept.at = event.at;
  kept.node.assign(event.node);
  kept.kind.assign(event.kind);
  kept.detail.assign(event.detail.substr(0, kDetailKept));
  kept.bytes = event.bytes.size();
  kept.number = event.number;
  ++events_;

  auto counted = counts_.find(event.kind);
  if (counted == counts_.end()) counted = counts_.emplace(event.kind, 0).first;
  ++counted->second;
  if (observer_) observer_(event);
}

std::uint64_t History::count(std::string_view kind) const {
  const auto counted = counts_.find(kind);
  return counted == counts_.end() ? 0 : counted->second;
}

std::vector<std::string> History::last() const {
  std::vector<std::string> lines;
  const std::uint64_t count = std::min<std::uint64_t>(events_, ring_.size());
  for (std::uint64_t i = events_ - count; i < events_; ++i) {
    const Kept& kept = ring_[i % ring_.size()];
    const auto microseconds = kept.at.time_since_epoch().count() / 1000;
    lines.push_back(fmt::format("{:>6}.{:06} {:<8} {:<14} {} bytes={} n={}", microseconds / 1'000'000,
                                microseconds % 1'000'000, kept.node, kept.kind,
                                base::quoteIfNeeded(kept.detail), kept.bytes, kept.number));
  }
  return lines;
}

}  // namespace tidemill::sim

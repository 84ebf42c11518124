#include "lease/shuffle_leader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tidemill::lease {
namespace {

constexpr std::uint64_t kMultiplier = 0x5DEECE66D;
constexpr std::uint64_t kIncrement = 0xB;
constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
constexpr std::int64_t kSeed = 1947;
constexpr int kGhostFailovers = 6;

// Where a byte of UTF-8 stands in the order of UTF-16. U+E000 to U+FFFF begin with 0xEE and 0xEF, and come
// after the surrogates that all characters beyond them are written with.
unsigned rankOf(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xEE || byte == 0xEF ? byte + 0x10u : byte;
}

}  // namespace

JavaRandom::JavaRandom(std::int64_t seed)
    : state_((static_cast<std::uint64_t>(seed) ^ kMultiplier) & kMask) {}

std::int32_t JavaRandom::next31() {
  state_ = (state_ * kMultiplier + kIncrement) & kMask;
  return static_cast<std::int32_t>(state_ >> (48 - 31));
}

std::int32_t JavaRandom::nextInt(std::int32_t bound) {
  TIDEMILL_CHECK(bound > 0);
  const std::int64_t wide = bound;
  if ((bound & (bound - 1)) == 0) return static_cast<std::int32_t>((wide * next31()) >> 31);
  for (;;) {  // Ends: at least half of all draws are accepted.
    const std::int64_t drawn = next31();
    const std::int64_t result = drawn % wide;
    // Java tests for overflow of a signed 32-bit sum.
    if (drawn - result + (wide - 1) <= std::numeric_limits<std::int32_t>::max()) {
      return static_cast<std::int32_t>(result);
    }
  }
}

std::vector<std::string> shuffledAsInJava(std::vector<std::string> names, JavaRandom random) {
  for (std::size_t i = names.size(); i > 1; --i) {
    const auto other = static_cast<std::size_t>(random.nextInt(static_cast<std::int32_t>(i)));
    std::swap(names[i - 1], names[other]);
  }
  return names;
}

bool isBeforeInJava(const std::string& a, const std::string& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return rankOf(x) < rankOf(y); });
}

std::string shuffleLeader(const std::vector<Lease>& leases) {
  std::vector<std::string> owners;
  for (const Lease& lease : leases) {
    if (!lease.leaseOwner.empty()) owners.push_back(lease.leaseOwner);
  }
  std::sort(owners.begin(), owners.end(), isBeforeInJava);
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  if (owners.empty()) return {};
  return shuffledAsInJava(std::move(owners), JavaRandom(kSeed)).front();
}

bool isLeader(const std::vector<Lease>& leases, const std::string& self) {
  const std::string leader = shuffleLeader(leases);
  return leader.empty() || leader == self;
}

bool isLeader(const std::vector<Lease>& leases, const std::string& self, const LeaseWatch& watch,
              rt::TimePoint now, rt::Duration failover) {
  std::vector<Lease> alive;
  for (const Lease& lease : leases) {
    if (watch.waited(lease.leaseKey, now) / kGhostFailovers <= failover) alive.push_back(lease);
  }
  return isLeader(alive, self);
}

}  // namespace tidemill::lease

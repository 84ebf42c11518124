#include "base/random.h"

#include <bit>
#include <random>

#include "base/check.h"

namespace tidemill::base {

Random::Random(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  TIDEMILL_CHECK(bound > 0);
  const bool powerOfTwo = (bound & (bound - 1)) == 0;
  for (;;) {  // Ends: at least half of all draws are accepted.
    const std::uint64_t drawn = next();
    // Rejects the draws that would make small values likelier. They lie above the first bound, which needs no
    // division and decides nearly always.
    if (drawn >= UINT64_MAX - bound && drawn >= UINT64_MAX - UINT64_MAX % bound) continue;
    return powerOfTwo ? drawn & (bound - 1) : drawn % bound;
  }
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  TIDEMILL_CHECK(low <= high);
  const auto width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset = width == UINT64_MAX ? next() : below(width + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

bool Random::chance(std::uint64_t numerator, std::uint64_t denominator) {
  return below(denominator) < numerator;
}

Random Random::fork() {
  return Random(next());
}

std::string Random::uuid() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (char& c : text) {
    if (c == 'x') c = kDigits[below(16)];
    if (c == 'y') c = kDigits[8 + below(4)];
  }
  return text;
}

std::uint64_t randomSeed() {
  std::random_device device;
  const std::uint64_t high = device();
  const std::uint64_t low = device();
  return high << 32 | low;
}

}  // namespace tidemill::base

// base/random.h: seeded random numbers that are equal on every compiler and machine.
#pragma once

#include <cstdint>
#include <string>

namespace tidemill::base {

// xoshiro256** seeded by splitmix64. The standard's distributions differ between libraries, so drawing is
// done here. One owner; not thread safe. Not for keys or secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  // Uniform over all 64-bit values.
  std::uint64_t next();
  // Uniform in [0, bound). `bound` must be positive.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [low, high], both inclusive.
  std::int64_t between(std::int64_t low, std::int64_t high);
  // True with probability `numerator` / `denominator`.
  bool chance(std::uint64_t numerator, std::uint64_t denominator);
  // A generator of its own, so that two parts do not disturb each other's draws.
  Random fork();
  // 32 hexadecimal digits in UUID form (version 4 layout).
  std::string uuid();

 private:
  std::uint64_t state_[4];
};

// A seed from the operating system, for production.
std::uint64_t randomSeed();

}  // namespace tidemill::base

// stream/random_program.h: programs of operators drawn from a seed, with what they ought to give, for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "stream/random_operators.h"

namespace tidemill::program {

inline constexpr std::int64_t kBatches = 14;

// One program; the same again in another context. What its models are asked must lie in its life.
class Program {
 public:
  // `restarts`: has no windows over state, which begin anew after a restart.
  Program(unsigned seed, bool restarts);

  // The input first, then what each operator gives. `input` makes a stream of batches, that of second 1
  // first.
  std::vector<Stream> build(const std::function<DStream<Pair>(std::vector<Bag>)>& input, int operators);
  // Of the operators that were drawn.
  const std::set<std::string>& kinds() const { return kinds_; }

 private:
  std::int64_t draw(std::int64_t low, std::int64_t high) { return random_.between(low, high); }

  base::Random random_;
  const bool restarts_;
  std::map<std::int64_t, Bag> batches_;
  std::set<std::string> kinds_;
};

}  // namespace tidemill::program

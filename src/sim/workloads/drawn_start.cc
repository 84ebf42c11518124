#include "sim/workloads/drawn_start.h"

#include <algorithm>

#include "base/random.h"

namespace tidemill::sim {

using namespace std::chrono_literals;

DrawnStart drawStart(std::uint64_t seed, rt::WallTime begin, rt::Duration time, bool faults) {
  base::Random random(seed ^ 0x7374617274ULL);  // Apart from the world's draws, which stay what they are.
  DrawnStart start;
  const std::uint64_t kind = random.below(4);
  const auto latest =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::min<rt::Duration>(40s, time / 3));
  const std::chrono::milliseconds delay(random.between(latest.count() / 4, latest.count()));
  const std::chrono::milliseconds asked(random.between(0, delay.count()));
  const std::chrono::milliseconds wrong(random.between(-600'000, 600'000));
  if (faults && random.chance(1, 2)) start.clockOffset = wrong;
  if (kind < 2) return start;
  start.delay = delay;
  start.position =
      kind == 2 ? KinesisInitialPosition::Latest() : KinesisInitialPosition::AtTimestamp(begin + asked);
  return start;
}

}  // namespace tidemill::sim

// sim/workloads/drawn_start.h: where in the stream an application begins, drawn from the seed.
#pragma once

#include <cstdint>

#include "rt/time.h"
#include "tidemill/initial_position.h"

namespace tidemill::sim {

struct DrawnStart {
  KinesisInitialPosition position = KinesisInitialPosition::TrimHorizon();
  // The application starts that long after the producer: what is in the stream by then tells the positions
  // apart.
  rt::Duration delay{0};
  // By how much the clock of the application's host is wrong when it starts.
  std::chrono::milliseconds clockOffset{0};
};

// Half of the seeds begin at TRIM_HORIZON and at once; the others at LATEST or at a time before their start.
// `begin` is the world's first moment, `time` how long it has faults. Without `faults` the clock is right.
DrawnStart drawStart(std::uint64_t seed, rt::WallTime begin, rt::Duration time, bool faults);

}  // namespace tidemill::sim

// sim/workloads/driver_troubles.h: what befalls drivers and their checkpoint directories.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rt/task.h"
#include "sim/workloads/restarting_driver.h"

namespace tidemill::sim {

// Starts a driver again when it has crashed or its context has given up, as systemd would.
rt::Task<void> superviseDriver(Drivers& drivers, std::size_t index);
// Stops it gracefully, to be started again.
rt::Task<void> stopNowAndThen(Drivers& drivers, std::size_t index, std::uint64_t seed);
// A second driver on the directory of the first, as long as the world has faults.
rt::Task<void> intrudeNowAndThen(Drivers& drivers, std::size_t index, std::uint64_t seed);
// The object store is out of order now and then.
rt::Task<void> placeOutages(Drivers& drivers, std::uint64_t seed);
// Damages the newest metadata checkpoint; never two in a row, so that there is one to fall back to.
rt::Task<void> damageMetadata(Drivers& drivers, std::uint64_t seed);

}  // namespace tidemill::sim

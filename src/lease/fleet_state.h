// lease/fleet_state.h: whether a fleet of KCL 3 runs in a mode that this program can work beside
// (kcl.md 1.11).
#pragma once

#include <optional>
#include <string>

#include "dynamo/attribute_value.h"
#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::lease {

// Keys of the items that tell a fleet's state, in the table of that name or, in single-table mode, among the
// leases.
inline constexpr const char* kLeaderKey = "Leader";
inline constexpr const char* kClientVersionKey = "Migration3.0";
inline constexpr const char* kTableMigrationKey = "TableMigration3.5";
inline constexpr const char* kStateTableSuffix = "-CoordinatorState";
inline constexpr const char* kMetricsTableSuffix = "-WorkerMetricStats";

// What one table says of the state; nothing of items that are not there.
struct FleetItems {
  std::optional<dynamo::Item> clientVersion;
  std::optional<dynamo::Item> tableMigration;
  std::optional<dynamo::Item> leader;
};

// Everything that tells which mode a fleet is in.
struct FleetSigns {
  FleetItems ofStateTable;
  FleetItems ofLeaseTable;
  // Some lease is being handed from one worker to the next by a leader.
  bool handoffSeen = false;
  // When a worker last reported its load, by its own clock; looked for only where no item tells the mode.
  std::optional<rt::WallTime> lastMetrics;
};

// True if no item says which algorithm the fleet runs, so that the other signs must tell.
bool modeIsUnsaid(const FleetSigns& signs);

// When the worker of a metrics row last wrote it; nothing if it does not say.
std::optional<rt::WallTime> metricsTime(const dynamo::Item& item);

// kUnsupportedFleet, with what was seen and what to do about it, if a leader gives leases to workers there,
// or if the fleet is in a state that this program does not know. Success where each worker takes its leases
// itself: KCL 1 and 2, and KCL 3 as long as it is compatible with them.
Result<void> judgeFleet(const FleetSigns& signs, rt::WallTime now);

}  // namespace tidemill::lease

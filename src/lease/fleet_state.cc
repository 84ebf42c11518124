#include "lease/fleet_state.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/text.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

// KCL counts a worker as dead whose metrics are older. Its clock and ours may differ.
constexpr auto kMetricsFresh = 60s;
constexpr std::int64_t kEpochSecondsMax = 253'402'300'799;  // The year 9999.

constexpr std::string_view kTablePrefix = "TABLE_MIGRATION_STATUS_";
constexpr std::string_view kHint =
    "run the Java workers with CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X, and roll the application back with "
    "KCL's migration tool if it has gone beyond; if no Java worker runs any more, delete the coordinator's "
    "state";

Error unsupported(std::string_view seen) {
  return Error(Code::kUnsupportedFleet,
               fmt::format("the fleet's leases are given out by a leader of KCL 3: {}", seen),
               std::string(kHint));
}

Error unknown(std::string_view attribute, std::string_view value) {
  return Error(Code::kUnsupportedFleet,
               fmt::format("the fleet is in a state that this program does not know: {} is {}", attribute,
                           base::quoteIfNeeded(value)),
               "use a newer tidemill, or run the Java workers with CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X");
}

// The text of an item's attribute; "" if it is missing or no text, which no state is called.
std::optional<std::string> stateOf(const std::optional<dynamo::Item>& item, std::string_view attribute) {
  if (!item) return std::nullopt;
  return std::string(dynamo::stringOf(*item, attribute).value_or(""));
}

// The status of the move into one table; the lease table's word comes first, since it only says something
// once the move has begun.
std::optional<std::string> tableStatus(const FleetSigns& signs) {
  auto status = stateOf(signs.ofLeaseTable.tableMigration, "tm");
  return status ? status : stateOf(signs.ofStateTable.tableMigration, "tm");
}

bool known(std::string_view status) {
  constexpr std::array kStatuses = {std::string_view("INIT"), std::string_view("DEPLOYED"),
                                    std::string_view("PENDING"), std::string_view("COMPLETE")};
  if (!status.starts_with(kTablePrefix)) return false;
  status.remove_prefix(kTablePrefix.size());
  for (const std::string_view name : kStatuses) {
    if (status == name) return true;
  }
  return false;
}

// Once the move is pending, state is written to the lease table and the other one is out of date.
bool leaseTableRules(const std::optional<std::string>& status) {
  return status && (status->ends_with("_PENDING") || status->ends_with("_COMPLETE"));
}

// What is in force of an item that both tables may have.
const std::optional<dynamo::Item>& inForce(const FleetSigns& signs,
                                           std::optional<dynamo::Item> FleetItems::* member) {
  const auto& ofLeases = signs.ofLeaseTable.*member;
  const auto& ofState = signs.ofStateTable.*member;
  if (leaseTableRules(tableStatus(signs))) return ofLeases ? ofLeases : ofState;
  return ofState ? ofState : ofLeases;
}

Result<void> judgeVersion(std::string_view version) {
  if (version == "CLIENT_VERSION_2X" || version == "CLIENT_VERSION_UPGRADE_FROM_2X") return {};
  if (version == "CLIENT_VERSION_3X" || version == "CLIENT_VERSION_3X_WITH_ROLLBACK") {
    return fail(unsupported(fmt::format("its state ({}) is {}", kClientVersionKey, version)));
  }
  return fail(unknown("cv", version));
}

bool held(const dynamo::Item& lock) {
  return dynamo::stringOf(lock, "ownerName").has_value() && dynamo::find(lock, "isReleased") == nullptr;
}

}  // namespace

bool modeIsUnsaid(const FleetSigns& signs) {
  return !inForce(signs, &FleetItems::clientVersion);
}

std::optional<rt::WallTime> metricsTime(const dynamo::Item& item) {
  const auto seconds = dynamo::integerOf(item, "lut");
  if (!seconds || *seconds < 0 || *seconds > kEpochSecondsMax) return std::nullopt;
  return rt::WallTime(std::chrono::seconds(*seconds));
}

Result<void> judgeFleet(const FleetSigns& signs, rt::WallTime now) {
  const auto status = tableStatus(signs);
  if (status && !known(*status)) return fail(unknown("tm", *status));
  const auto version = stateOf(inForce(signs, &FleetItems::clientVersion), "cv");
  if (version) return judgeVersion(*version);
  // A fleet that was configured for KCL 3 from the start may say nothing, but it has a leader.
  const auto& lock = inForce(signs, &FleetItems::leader);
  if (lock && held(*lock)) return fail(unsupported("the lock of a leader is held"));
  if (signs.handoffSeen) return fail(unsupported("a lease is being handed over (checkpointOwner)"));
  if (signs.lastMetrics && now - *signs.lastMetrics <= kMetricsFresh) {
    return fail(unsupported("a worker has reported its load within a minute"));
  }
  return {};
}

}  // namespace tidemill::lease

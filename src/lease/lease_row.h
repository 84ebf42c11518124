// lease/lease_row.h: lease rows as items of DynamoDB, attribute by attribute as KCL writes them (kcl.md 1.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynamo/attribute_value.h"
#include "lease/lease.h"
#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::lease {

// The names of attributes. Ours begin with an x, so that they never meet one of a later KCL, whose every
// version leaves alone what it does not know.
namespace attribute {
inline constexpr std::string_view kLeaseKey = "leaseKey";
inline constexpr std::string_view kLeaseOwner = "leaseOwner";
inline constexpr std::string_view kLeaseCounter = "leaseCounter";
inline constexpr std::string_view kOwnerSwitches = "ownerSwitchesSinceCheckpoint";
inline constexpr std::string_view kCheckpoint = "checkpoint";
inline constexpr std::string_view kCheckpointSub = "checkpointSubSequenceNumber";
inline constexpr std::string_view kPending = "pendingCheckpoint";
inline constexpr std::string_view kPendingSub = "pendingCheckpointSubSequenceNumber";
inline constexpr std::string_view kPendingState = "pendingCheckpointState";
inline constexpr std::string_view kParents = "parentShardId";
inline constexpr std::string_view kChildren = "childShardIds";
inline constexpr std::string_view kStartingHash = "startingHashKey";
inline constexpr std::string_view kEndingHash = "endingHashKey";
inline constexpr std::string_view kStreamName = "streamName";
inline constexpr std::string_view kShardId = "shardId";
inline constexpr std::string_view kThroughput = "throughputKBps";
inline constexpr std::string_view kCheckpointOwner = "checkpointOwner";
inline constexpr std::string_view kEntityType = "entityType";
inline constexpr std::string_view kStartsAt = "xTidemillStartsAt";            // N, epoch milliseconds.
inline constexpr std::string_view kIncarnation = "xTidemillIncarnation";      // S
inline constexpr std::string_view kWantedBy = "xTidemillWantedBy";            // S
inline constexpr std::string_view kStream = "xTidemillStream";                // S, the stream's name.
inline constexpr std::string_view kStreamCreated = "xTidemillStreamCreated";  // N, epoch milliseconds.
}  // namespace attribute

// What the items of a lease table are. KCL 3.5 keeps its state beside the leases.
enum class RowPurpose {
  kLease,
  kLeaderLock,
  kClientVersion,   // Which algorithm the fleet runs.
  kTableMigration,  // Which tables are in force.
  kWorkerMetrics,
  kOther,  // A stream, or something newer.
};

// By `entityType`, which older rows lack: then by what only a row of that purpose has.
RowPurpose purposeOf(const dynamo::Item& item);

// A lease, and what this program notes about its stream: not the worker's business.
struct LeaseRow {
  Lease lease;
  std::string stream;  // Empty: no tidemill worker has written this row.
  std::optional<rt::WallTime> streamCreated;
};

// Reads a row whose purpose is kLease. What may be missing may be missing, or NULL; the sub-sequence number
// is 0 then. kForeignTable, whose message names the attribute, if the key, the counter or the checkpoint is
// missing, or if one that is known has another type or no sense.
Result<LeaseRow> readLeaseRow(const dynamo::Item& item);
// The whole row. Empty texts and sets are left out: DynamoDB and KCL refuse them. kInvalidArgument if an
// unknown attribute is not DynamoDB's JSON.
Result<dynamo::Item> itemOf(const LeaseRow& row);

// The key of a row, for messages and requests.
dynamo::Item leaseKeyItem(const std::string& leaseKey);
// Empty if it has none.
std::string leaseKeyOf(const dynamo::Item& item);

// The stream that a row of a fleet of several streams belongs to: "account:stream:epoch". Empty for the rows
// of fleets of one stream.
std::string streamOfSharedRow(const Lease& lease);

}  // namespace tidemill::lease

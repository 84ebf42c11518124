#include "lease/lease_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.h"
#include "codec/shard_id.h"
#include "dynamo/attribute_json.h"
#include "kinesis/hash_key.h"

namespace tidemill::lease {
namespace {

using dynamo::AttributeValue;
using dynamo::Item;
using Type = AttributeValue::Type;

constexpr std::array kKnown = {
    attribute::kLeaseKey,      attribute::kLeaseOwner,      attribute::kLeaseCounter,
    attribute::kOwnerSwitches, attribute::kCheckpoint,      attribute::kCheckpointSub,
    attribute::kPending,       attribute::kPendingSub,      attribute::kPendingState,
    attribute::kParents,       attribute::kChildren,        attribute::kStartingHash,
    attribute::kEndingHash,    attribute::kStreamName,      attribute::kShardId,
    attribute::kThroughput,    attribute::kCheckpointOwner, attribute::kEntityType,
    attribute::kStartsAt,      attribute::kIncarnation,     attribute::kWantedBy,
    attribute::kStream,        attribute::kStreamCreated,
};

bool isKnown(std::string_view name) {
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

// Takes attributes out of an item and keeps the first problem, so that reading a row stays linear.
class RowReader {
 public:
  explicit RowReader(const Item& item) : item_(item) {}

  std::string text(std::string_view name) {
    const AttributeValue* value = of(name, Type::kString);
    return value == nullptr ? std::string() : *value->asString();
  }
  std::optional<std::string> bytes(std::string_view name) {
    const AttributeValue* value = of(name, Type::kBinary);
    return value == nullptr ? std::nullopt : std::optional(*value->asBinary());
  }
  std::set<std::string> texts(std::string_view name) {
    const AttributeValue* value = of(name, Type::kStringSet);
    return value == nullptr ? std::set<std::string>() : *value->asStringSet();
  }
  // From 0 to `max`.
  std::optional<std::int64_t> count(std::string_view name, std::int64_t max) {
    if (of(name, Type::kNumber) == nullptr) return std::nullopt;
    const auto number = dynamo::integerOf(item_, name);
    if (number && *number >= 0 && *number <= max) return number;
    note(name, "is not a whole number of its range");
    return std::nullopt;
  }
  std::optional<double> real(std::string_view name) {
    if (of(name, Type::kNumber) == nullptr) return std::nullopt;
    const auto number = dynamo::realOf(item_, name);
    if (number && std::isfinite(*number)) return number;
    note(name, "is not a number of its range");
    return std::nullopt;
  }
  std::optional<rt::WallTime> time(std::string_view name) {
    const auto milliseconds = count(name, kTimeMax);
    if (!milliseconds) return std::nullopt;
    return rt::WallTime(std::chrono::milliseconds(*milliseconds));
  }
  std::string hashKey(std::string_view name) {
    std::string decimal = text(name);
    if (!decimal.empty() && !kinesis::parseHashKey(decimal)) note(name, "is no hash key");
    return decimal;
  }
  std::optional<Checkpoint> checkpoint(std::string_view name, std::string_view subName) {
    const std::string position = text(name);
    const std::int64_t sub = count(subName, kNumberMax).value_or(0);
    if (position.empty()) return std::nullopt;
    std::optional<Checkpoint> read = Checkpoint::parse(position, static_cast<std::uint64_t>(sub));
    if (!read) note(name, "is no position in a stream");
    return read;
  }

  void note(std::string_view name, std::string_view problem) {
    if (!problem_) problem_ = fmt::format("the attribute {} {}", name, problem);
  }
  const std::optional<std::string>& problem() const { return problem_; }

  static constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
  // The year 9999.
  static constexpr std::int64_t kTimeMax = 253'402'300'799'999;

 private:
  // The value if there is one of that type.
  const AttributeValue* of(std::string_view name, Type type) {
    const AttributeValue* value = dynamo::find(item_, name);
    if (value == nullptr || value->isNull()) return nullptr;
    if (value->type() == type) return value;
    note(name, fmt::format("is of the type {} and not {}", typeName(value->type()), typeName(type)));
    return nullptr;
  }

  const Item& item_;
  std::optional<std::string> problem_;
};

void readRequired(RowReader& reader, Lease& lease) {
  lease.leaseKey = reader.text(attribute::kLeaseKey);
  if (lease.leaseKey.empty()) reader.note(attribute::kLeaseKey, "is missing");
  // Every write adds one.
  const auto counter = reader.count(attribute::kLeaseCounter, RowReader::kNumberMax - 1);
  if (!counter) reader.note(attribute::kLeaseCounter, "is missing");
  lease.leaseCounter = counter.value_or(0);
  const auto checkpoint = reader.checkpoint(attribute::kCheckpoint, attribute::kCheckpointSub);
  if (!checkpoint) reader.note(attribute::kCheckpoint, "is missing");
  lease.checkpoint = checkpoint.value_or(Checkpoint());
}

void readOptional(RowReader& reader, Lease& lease) {
  lease.leaseOwner = reader.text(attribute::kLeaseOwner);
  lease.ownerSwitchesSinceCheckpoint =
      reader.count(attribute::kOwnerSwitches, RowReader::kNumberMax - 1).value_or(0);
  lease.pendingCheckpoint = reader.checkpoint(attribute::kPending, attribute::kPendingSub);
  lease.pendingCheckpointState = reader.bytes(attribute::kPendingState);
  lease.parentShardIds = reader.texts(attribute::kParents);
  lease.childShardIds = reader.texts(attribute::kChildren);
  lease.startingHashKey = reader.hashKey(attribute::kStartingHash);
  lease.endingHashKey = reader.hashKey(attribute::kEndingHash);
  lease.startsAt = reader.time(attribute::kStartsAt);
  lease.incarnation = reader.text(attribute::kIncarnation);
  lease.wantedBy = reader.text(attribute::kWantedBy);
  lease.checkpointOwner = reader.text(attribute::kCheckpointOwner);
  lease.throughputKBps = reader.real(attribute::kThroughput);
  lease.entityType = reader.text(attribute::kEntityType);
  lease.streamName = reader.text(attribute::kStreamName);
  lease.shardId = reader.text(attribute::kShardId);
}

void checkShardIds(RowReader& reader, const Lease& lease) {
  const auto check = [&](std::string_view name, const std::string& id) {
    if (!codec::isShardId(id)) reader.note(name, "holds what is no shard id");
  };
  if (streamOfSharedRow(lease).empty()) check(attribute::kLeaseKey, lease.leaseKey);
  for (const std::string& id : lease.parentShardIds) check(attribute::kParents, id);
  for (const std::string& id : lease.childShardIds) check(attribute::kChildren, id);
}

// The JSON of one value: what `{"name":…}` holds.
std::string jsonOf(const AttributeValue& value) {
  codec::JsonWriter writer;
  writeValue(writer, value);
  return writer.take();
}

void put(Item& item, std::string_view name, AttributeValue value) {
  item.insert_or_assign(std::string(name), std::move(value));
}
void putText(Item& item, std::string_view name, const std::string& text) {
  if (!text.empty()) put(item, name, AttributeValue::string(text));
}
void putTexts(Item& item, std::string_view name, const std::set<std::string>& texts) {
  if (!texts.empty()) put(item, name, AttributeValue::stringSet(texts));
}
void putTime(Item& item, std::string_view name, const std::optional<rt::WallTime>& time) {
  if (time) put(item, name, AttributeValue::number(time->time_since_epoch().count()));
}
void putCheckpoint(Item& item, std::string_view name, std::string_view subName, const Checkpoint& at) {
  put(item, name, AttributeValue::string(at.text()));
  put(item, subName, AttributeValue::number(static_cast<std::int64_t>(at.subSequenceNumber())));
}

Result<void> putUnknown(Item& item, const std::string& name, const std::string& json) {
  Result<Item> read = dynamo::parseItem(R"({"value":)" + json + "}");
  if (read && read->size() == 1 && !isKnown(name)) {
    put(item, name, read->begin()->second);
    return {};
  }
  return fail(
      Code::kInvalidArgument,
      fmt::format("the attribute {} is not an unknown one in DynamoDB's JSON", base::quoteIfNeeded(name)),
      R"(it looks like {"S":"text"} or {"N":"1"})");
}

}  // namespace

RowPurpose purposeOf(const Item& item) {
  const std::string_view type = dynamo::stringOf(item, attribute::kEntityType).value_or("");
  if (type == "LEASE") return RowPurpose::kLease;
  if (type == "LEADER") return RowPurpose::kLeaderLock;
  if (type == "CLIENT_VERSION_MIGRATION") return RowPurpose::kClientVersion;
  if (type == "TABLE_MIGRATION") return RowPurpose::kTableMigration;
  if (type == "WORKER_METRIC_STATS") return RowPurpose::kWorkerMetrics;
  if (!type.empty()) return RowPurpose::kOther;
  const auto has = [&](std::string_view name) { return dynamo::find(item, name) != nullptr; };
  if (has(attribute::kLeaseCounter) || has(attribute::kCheckpoint)) return RowPurpose::kLease;
  const std::string key = leaseKeyOf(item);
  if (key == "Leader" && has("recordVersionNumber")) return RowPurpose::kLeaderLock;
  if (key == "Migration3.0" && has("cv")) return RowPurpose::kClientVersion;
  if (key == "TableMigration3.5" && has("tm")) return RowPurpose::kTableMigration;
  if (has("lut")) return RowPurpose::kWorkerMetrics;
  return RowPurpose::kLease;  // One that lacks what it needs: the reader says so.
}

Result<LeaseRow> readLeaseRow(const Item& item) {
  RowReader reader(item);
  LeaseRow row;
  readRequired(reader, row.lease);
  readOptional(reader, row.lease);
  row.stream = reader.text(attribute::kStream);
  row.streamCreated = reader.time(attribute::kStreamCreated);
  checkShardIds(reader, row.lease);
  if (reader.problem()) {
    return fail(
        Code::kForeignTable, *reader.problem(),
        "the row is no lease, or was edited by hand: restore it, or delete it to start the shard again");
  }
  for (const auto& [name, value] : item) {
    if (!isKnown(name)) row.lease.unknownAttributes.emplace(name, jsonOf(value));
  }
  return row;
}

Result<Item> itemOf(const LeaseRow& row) {
  const Lease& lease = row.lease;
  Item item = leaseKeyItem(lease.leaseKey);
  for (const auto& [name, json] : lease.unknownAttributes) {
    auto put = putUnknown(item, name, json);
    if (!put) return fail(put.error());
  }
  putText(item, attribute::kLeaseOwner, lease.leaseOwner);
  put(item, attribute::kLeaseCounter, AttributeValue::number(lease.leaseCounter));
  put(item, attribute::kOwnerSwitches, AttributeValue::number(lease.ownerSwitchesSinceCheckpoint));
  putCheckpoint(item, attribute::kCheckpoint, attribute::kCheckpointSub, lease.checkpoint);
  if (lease.pendingCheckpoint) {
    putCheckpoint(item, attribute::kPending, attribute::kPendingSub, *lease.pendingCheckpoint);
  }
  if (lease.pendingCheckpointState) {
    put(item, attribute::kPendingState, AttributeValue::binary(*lease.pendingCheckpointState));
  }
  putTexts(item, attribute::kParents, lease.parentShardIds);
  putTexts(item, attribute::kChildren, lease.childShardIds);
  putText(item, attribute::kStartingHash, lease.startingHashKey);
  putText(item, attribute::kEndingHash, lease.endingHashKey);
  putTime(item, attribute::kStartsAt, lease.startsAt);
  putText(item, attribute::kIncarnation, lease.incarnation);
  putText(item, attribute::kWantedBy, lease.wantedBy);
  putText(item, attribute::kCheckpointOwner, lease.checkpointOwner);
  if (lease.throughputKBps) {
    put(item, attribute::kThroughput, AttributeValue::numberText(fmt::format("{}", *lease.throughputKBps)));
  }
  putText(item, attribute::kEntityType, lease.entityType);
  putText(item, attribute::kStreamName, lease.streamName);
  putText(item, attribute::kShardId, lease.shardId);
  putText(item, attribute::kStream, row.stream);
  putTime(item, attribute::kStreamCreated, row.streamCreated);
  return item;
}

Item leaseKeyItem(const std::string& leaseKey) {
  return {{std::string(attribute::kLeaseKey), AttributeValue::string(leaseKey)}};
}

std::string leaseKeyOf(const Item& item) {
  return std::string(dynamo::stringOf(item, attribute::kLeaseKey).value_or(""));
}

// The parser of KCL takes digits, a name without a colon and digits; so many colons are in no shard id.
std::string streamOfSharedRow(const Lease& lease) {
  if (!lease.streamName.empty()) return lease.streamName;
  const std::size_t last = lease.leaseKey.rfind(':');
  const bool shared = std::count(lease.leaseKey.begin(), lease.leaseKey.end(), ':') == 3;
  return shared ? lease.leaseKey.substr(0, last) : std::string();
}

}  // namespace tidemill::lease

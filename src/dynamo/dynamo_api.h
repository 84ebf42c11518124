// dynamo/dynamo_api.h: the operations of Amazon DynamoDB that a lease table needs, one function each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynamo/attribute_value.h"
#include "rt/task.h"
#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::dynamo {

// What stands for what in the expressions of a request. Every name and value must be used: the service
// refuses others.
struct Bindings {
  std::map<std::string, std::string> names;  // "#c" to the name of an attribute.
  Item values;                               // ":n" to a value.
};

enum class BillingMode { kOnDemand, kProvisioned };

// Units per second; 0 on demand.
struct Throughput {
  std::int64_t readUnits = 0;
  std::int64_t writeUnits = 0;
};

struct KeyAttribute {
  std::string name;
  // kString, kNumber or kBinary.
  AttributeValue::Type type = AttributeValue::Type::kString;

  bool operator==(const KeyAttribute&) const = default;
};

struct CreateTableRequest {
  std::string table;
  KeyAttribute partitionKey;
  std::optional<KeyAttribute> sortKey = std::nullopt;
  // Nothing: on demand.
  std::optional<Throughput> provisioned = std::nullopt;
  // The table cannot be deleted until somebody turns this off.
  bool deletionProtection = false;
  std::map<std::string, std::string> tags{};
};

struct IndexDescription {
  std::string name;
  std::string status;  // CREATING, UPDATING, DELETING or ACTIVE.
};

struct TableDescription {
  std::string name;
  std::string arn;     // Empty if the endpoint gave none.
  std::string status;  // CREATING, ACTIVE, UPDATING, DELETING, …
  KeyAttribute partitionKey;
  std::optional<KeyAttribute> sortKey;
  BillingMode billing = BillingMode::kProvisioned;
  Throughput throughput;
  bool deletionProtection = false;
  // The service counts these about every six hours.
  std::int64_t itemCount = 0;
  std::int64_t sizeBytes = 0;
  // When the table was made (server's clock): tells a recreated table of the same name apart.
  rt::WallTime created{};
  std::vector<IndexDescription> indexes;  // The global ones.

  bool active() const { return status == "ACTIVE"; }
};

struct GetItemRequest {
  std::string table;
  Item key;
  // False: the item may be as it was up to a second or so ago. True costs twice as much.
  bool consistent = false;
};

// Only for new items: another one with that key is never overwritten.
struct PutNewItemRequest {
  std::string table;
  std::string partitionKey;  // The attribute of `item` that is the table's partition key.
  Item item;
};

struct UpdateItemRequest {
  std::string table;
  Item key;
  // "SET #c = :n REMOVE leaseOwner"; attributes that it does not name stay. Empty: none.
  std::string update{};
  // "leaseCounter = :old". Empty: none; then a missing item is made, unless `update` only removes.
  std::string condition{};
  Bindings bindings{};
  // Ask for the whole item as it is after the update.
  bool returnNew = false;
};

struct DeleteItemRequest {
  std::string table;
  Item key;
  std::string condition{};  // Empty: none.
  Bindings bindings{};
};

// What became of a conditional write. A condition that does not hold is an ordinary answer.
struct WriteOutcome {
  bool applied = false;
  // If applied: the new item, when `returnNew` asked for it. If refused: the item that stood in the way, as
  // it was when the condition was checked; nothing if there was no item, or if the endpoint does not tell
  // (older emulators): then only a consistent read knows.
  std::optional<Item> attributes;
};

struct ScanRequest {
  std::string table;
  bool consistent = false;
  // Items to look at for one page. Range: at least 1; nothing: as many as make 1 MiB.
  std::optional<int> limit = std::nullopt;
  // Where the page before ended.
  std::optional<Item> startKey = std::nullopt;
  // Keeps items out of the answer, not out of the bill. Empty: none.
  std::string filter{};
  Bindings bindings{};
  // Several scans may share a table: this one reads part `segment` of `segments`. Range: 0 to segments - 1.
  int segment = 0;
  int segments = 1;
};

struct ScanPage {
  // Fewer than were looked at if there is a filter; may be none before the end.
  std::vector<Item> items;
  // Where the next page starts; nothing: this was the last.
  std::optional<Item> lastEvaluatedKey;
};

// Every call ends within the client's timeouts. Errors carry the table, and the key if there is one, in their
// message, never other attributes; the codes that a caller may act on are named with each function, and any
// call may fail with kThrottled, kServiceError, kUnreachable, kTimeout, kAccessDenied, kInvalidSignature,
// kExpiredToken, kInvalidArgument (a request that the service does not understand), kMalformedResponse.
// Reads and createTable() are retried by the client; writes of items are sent once, and mayHaveBeenApplied()
// tells which failures leave their outcome open. Arguments must stay valid until the task ends. Lives on one
// lane.
class DynamoApi {
 public:
  virtual ~DynamoApi() = default;

  // The table is CREATING for a while; describeTable() tells. kResourceInUse if there is one of that name (an
  // earlier attempt of this very call may have made it), kThrottled as well if many are being made at once.
  virtual rt::Task<Result<TableDescription>> createTable(const CreateTableRequest& request) = 0;
  // kUnknownTable. Eventually consistent: a table just made may be unknown for a moment.
  virtual rt::Task<Result<TableDescription>> describeTable(const std::string& table) = 0;
  // Nothing if there is no such item. kUnknownTable.
  virtual rt::Task<Result<std::optional<Item>>> getItem(const GetItemRequest& request) = 0;
  // Not applied if there is an item of that key. kUnknownTable.
  virtual rt::Task<Result<WriteOutcome>> putNewItem(const PutNewItemRequest& request) = 0;
  // kUnknownTable.
  virtual rt::Task<Result<WriteOutcome>> updateItem(const UpdateItemRequest& request) = 0;
  // Applied also if there is no such item and no condition. kUnknownTable.
  virtual rt::Task<Result<WriteOutcome>> deleteItem(const DeleteItemRequest& request) = 0;
  // kUnknownTable.
  virtual rt::Task<Result<ScanPage>> scanPage(const ScanRequest& request) = 0;
};

// True for failures after which a write may or may not have been applied: a consistent read tells. False
// where the service said no before it wrote anything.
bool mayHaveBeenApplied(const Error& failure);

// How errors name a table and an item: "table counts, leaseKey shardId-000000000000".
std::string tableContext(const std::string& table);
std::string itemContext(const std::string& table, const Item& key);

struct ScanBounds {
  // More are refused with kLimitExceeded. Range: at least 1.
  std::size_t itemsMax = 200'000;
  std::size_t pagesMax = 20'000;
};

// Follows the pages of a scan to its end. kLimitExceeded, kMalformedResponse if the pages go in a circle.
rt::Task<Result<std::vector<Item>>> scanAll(DynamoApi& api, ScanRequest request, ScanBounds bounds = {});

}  // namespace tidemill::dynamo

// lease/lease_table.h: the table of DynamoDB that leases live in: made, waited for, and known by its key.
#pragma once

#include <optional>
#include <string>

#include "dynamo/dynamo_api.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::lease {

struct LeaseTableOptions {
  // False: a missing table is kUnknownTable.
  bool make = true;
  // Capacity of a table that is made; nothing: on demand.
  std::optional<dynamo::Throughput> provisioned = std::nullopt;
  // For how long a table that is being made, or deleted, is waited for; what KCL waits.
  rt::Duration waitMax = std::chrono::seconds(600);
};

// Whether a table could have this name: 3 to 255 of [a-zA-Z0-9_.-]. kInvalidConfig.
Result<void> checkTableName(const std::string& name);

// Returns once the table can be used: true if this call made it. kForeignTable if its key is not `leaseKey`,
// a text, alone; kTimeout if it does not become ACTIVE; kResourceInUse for one that no waiting will make
// ACTIVE. After 20 s without any answer: what the client says. References must outlive the task.
rt::Task<Result<bool>> openLeaseTable(rt::Loop& loop, dynamo::DynamoApi& api, std::string name,
                                      LeaseTableOptions options);

}  // namespace tidemill::lease

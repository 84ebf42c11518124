// fake/dynamo_parameters.h: the conditions, updates and projections of a request, in the new form or the
// legacy one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fake/dynamo_expression.h"

namespace tidemill::fake {

// Both forms come out the same, so that an operation need not know which one the client speaks.
struct DynamoParameters {
  // ConditionExpression, or Expected with ConditionalOperator.
  std::optional<Condition> condition;
  // FilterExpression, or ScanFilter or QueryFilter with ConditionalOperator.
  std::optional<Condition> filter;
  // KeyConditionExpression or KeyConditions: see keyRangeOf().
  std::optional<Condition> keyCondition;
  // ProjectionExpression or AttributesToGet.
  std::optional<Projection> projection;
  // UpdateExpression or AttributeUpdates.
  std::optional<UpdatePlan> update;
};

// Reads and checks everything of `input` that belongs here, in AWS's order: forms mixed, legacy parameters,
// names and values, each expression, names and values unused. A parameter that `operation` ("UpdateItem")
// does not have is ignored, as AWS ignores unknown members. `input` is the whole request or, for
// BatchGetItem, the part of one table. Call it after the request's own constraints (TableName and so on) and
// before the table is looked up. Errors carry "1 validation error detected: " where AWS puts it for
// `operation`.
Outcome<DynamoParameters> readDynamoParameters(std::string_view operation, const InputValue& input);

// `error` with the count that AWS puts before some texts of some operations, if it belongs there. For errors
// that do not come from readDynamoParameters(), such as those of readItem(); harmless where it is not needed.
ServiceError countedError(std::string_view operation, ServiceError error);

// What a query asks of the keys of its table or index.
struct KeyRange {
  AttributeValue hash;
  // On the range key alone; absent if all are wanted.
  std::optional<Condition> range;
};

struct KeyNames {
  std::string hash;
  // Empty if the table has only a hash key.
  std::string range;
};

// Refuses what is no condition on keys: missing hash key, other attributes, a wrong operator. Whether the
// values have the types of the keys is for the caller to check (keyRangeOf has none of the table).
Outcome<KeyRange> keyRangeOf(const Condition& keyCondition, const KeyNames& keys);

}  // namespace tidemill::fake

// dynamo/failures.h: the error names of DynamoDB.
#pragma once

#include <span>
#include <string_view>

#include "aws/service_failure.h"

namespace tidemill::dynamo {

// The name of the answer to a write whose condition does not hold: no failure to callers of DynamoApi.
inline constexpr std::string_view kConditionFailed = "ConditionalCheckFailedException";

// What the names mean that not every service of AWS has, or for which DynamoDB has advice of its own. Static.
std::span<const aws::NamedFailure> dynamoFailures();

}  // namespace tidemill::dynamo

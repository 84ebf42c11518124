// fake/dynamo_legacy.h: the parameters that came before expressions, as the first KCL versions send them.
#pragma once

#include <string_view>

#include "fake/dynamo_expression.h"
#include "fake/input_value.h"

namespace tidemill::fake {

// Each takes the value of the parameter and refuses what AWS refuses. Attributes come in the order of the
// request.

// Of Expected. `any` is true for ConditionalOperator OR.
Outcome<Condition> conditionFromExpected(const InputValue& expected, bool any);
// Of ScanFilter, QueryFilter and KeyConditions; `parameter` in lower camel case is for messages.
Outcome<Condition> conditionFromFilter(std::string_view parameter, const InputValue& filter, bool any);
Outcome<UpdatePlan> updateFromAttributes(const InputValue& updates);
Outcome<Projection> projectionFromNames(const InputValue& names);

}  // namespace tidemill::fake

// fake/dynamo_key_condition.h: which conditions a query may put on keys, whatever the table's schema is.
#pragma once

#include "fake/dynamo_expression.h"

namespace tidemill::fake {

// Of KeyConditionExpression: only AND of comparisons of top-level attributes, one for each. Brings every
// comparison into the form attribute, operator, value, so that "3 < a" becomes "a > 3".
Outcome<Condition> keyConditionFrom(Condition condition);

}  // namespace tidemill::fake

// fake/dynamo_models.h: what each operation of DynamoDB accepts.
#pragma once

#include <string_view>

#include "fake/input_model.h"

namespace tidemill::fake {

// Null if no such operation is known here. Attribute values, expressions and legacy conditions are trees to
// these models: they have rules of their own.
const InputModel* dynamoModel(std::string_view operation);

// What an ill-formed name of a table in `input` is refused with: the rule that stands beside the model. An
// ARN counts by the name in it.
Outcome<void> checkTableName(const InputValue& input);
// The name itself: `text`, or what an ARN says behind "table/".
std::string_view tableNameIn(std::string_view text);

}  // namespace tidemill::fake

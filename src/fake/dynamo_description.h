// fake/dynamo_description.h: a table as DescribeTable and its kin tell of it.
#pragma once

#include <string_view>

#include "codec/json_writer.h"
#include "fake/dynamo_table.h"

namespace tidemill::fake {

// The member `name` ("Table" or "TableDescription") with the description. Each operation leaves out
// something: `operation` says which answer this is.
void writeDescription(codec::JsonWriter& out, std::string_view name, const FakeTable& table,
                      std::string_view operation);

}  // namespace tidemill::fake

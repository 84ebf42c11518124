// dynamo/answers.h: reads the answers of DynamoDB.
#pragma once

#include <optional>
#include <string_view>

#include "dynamo/dynamo_api.h"

namespace tidemill::dynamo {

// Each takes the body of an answer of status 200. kMalformedResponse, whose message names the member or the
// attribute and never its content, for what is not as AWS sends it. Unknown members are skipped; null members
// count as absent.

// `member` is "Table" or "TableDescription".
Result<TableDescription> readTableDescription(std::string_view body, std::string_view member);
Result<std::optional<Item>> readGetItem(std::string_view body);
// The answer to a write that was applied.
Result<WriteOutcome> readWrite(std::string_view body);
Result<ScanPage> readScan(std::string_view body);

// The answer to a write whose condition does not hold: what it tells of the item that stood in the way. An
// item that cannot be read counts as not told: that the write was refused is certain all the same.
WriteOutcome readRefusedWrite(std::string_view body);

}  // namespace tidemill::dynamo

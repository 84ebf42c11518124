// fake/dynamo_protocol.h: what DynamoDB's answers have that Kinesis's have not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tidemill::fake {

constexpr std::string_view kDynamoContentType = "application/x-amz-json-1.0";

// 52 characters of 0-9 and A-Z.
std::string dynamoRequestId(base::Random& random);

// Of a body as it is sent: IEEE 802.3, what x-amz-crc32 carries in decimal.
std::uint32_t crc32(std::string_view bytes);

// The error with the name of the part of the service that raises it, as `__type` has it:
// "com.amazon.coral.validate#ValidationException".
std::string dynamoTypeName(std::string_view type);

}  // namespace tidemill::fake

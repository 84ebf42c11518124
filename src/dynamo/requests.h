// dynamo/requests.h: what the operations look like on the wire, ready to be sent.
#pragma once

#include <string>

#include "aws/call.h"
#include "dynamo/dynamo_api.h"

namespace tidemill::dynamo {

// Writes of items are not retried; the caller gives them their timeout.
aws::Operation createTableRequest(const CreateTableRequest& request);
aws::Operation describeTableRequest(const std::string& table);
aws::Operation getItemRequest(const GetItemRequest& request);
aws::Operation putNewItemRequest(const PutNewItemRequest& request);
aws::Operation updateItemRequest(const UpdateItemRequest& request);
aws::Operation deleteItemRequest(const DeleteItemRequest& request);
aws::Operation scanRequest(const ScanRequest& request);

}  // namespace tidemill::dynamo

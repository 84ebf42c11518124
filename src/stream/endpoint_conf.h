// stream/endpoint_conf.h: where a service of AWS is, by the keys that each has of its own.
#pragma once

#include <string>

#include "aws/endpoint.h"
#include "tidemill/conf.h"

namespace tidemill::stream {

// By tidemill.SERVICE.endpoint, .region and .allowPlainHttp, which must be known keys: "dynamodb" or "s3".
aws::EndpointOptions endpointOptionsOf(const Conf& conf, const std::string& service);

}  // namespace tidemill::stream

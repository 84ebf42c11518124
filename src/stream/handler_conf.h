// stream/handler_conf.h: the handler policy that a configuration names.
#pragma once

#include <string>

#include "tidemill/conf.h"
#include "tidemill/handler_policy.h"

namespace tidemill::stream {

// Of streams that have none of their own: the keys tidemill.handler.*. Throws Error(kInvalidConfig) if they
// do not go together.
HandlerPolicy handlerPolicyOf(const Conf& conf);

// Throws Error(kInvalidConfig) if `streamName` would be fed its own dead letters for ever.
void checkHandlerPolicy(const HandlerPolicy& policy, const std::string& streamName);

}  // namespace tidemill::stream

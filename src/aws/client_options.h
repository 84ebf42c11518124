// aws/client_options.h: how to reach a service, from what the user said and the environment.
#pragma once

#include <optional>
#include <string_view>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/environment.h"
#include "tidemill/credentials.h"
#include "tidemill/result.h"

namespace tidemill::aws {

// resolveEndpoint() and resolveCredentials() together; the rest are the defaults. Errors: kInvalidConfig,
// kNoCredentials.
Result<AwsClientOptions> resolveClientOptions(std::string_view service, const EndpointOptions& where,
                                              const std::optional<AwsCredentials>& credentials,
                                              const Environment& environment);

}  // namespace tidemill::aws

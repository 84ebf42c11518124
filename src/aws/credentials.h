// aws/credentials.h: where the key pair comes from.
#pragma once

#include <optional>

#include "aws/environment.h"
#include "tidemill/credentials.h"
#include "tidemill/result.h"

namespace tidemill::aws {

// `given` if there is one, else AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. Fails with
// kNoCredentials, which names what was tried and what was missing; half a pair is an error, never ignored.
Result<AwsCredentials> resolveCredentials(const std::optional<AwsCredentials>& given,
                                          const Environment& environment);

}  // namespace tidemill::aws

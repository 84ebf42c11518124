// s3/failures.h: the error names of S3.
#pragma once

#include <span>
#include <string_view>

#include "aws/service_failure.h"

namespace tidemill::s3 {

// What the names mean that not every service of AWS has, or for which S3 has advice of its own. Static.
std::span<const aws::NamedFailure> s3Failures();

}  // namespace tidemill::s3

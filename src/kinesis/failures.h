// kinesis/failures.h: the error names of Kinesis.
#pragma once

#include <span>

#include "aws/service_failure.h"

namespace tidemill::kinesis {

// What the names mean that not every service of AWS has, or for which Kinesis has advice of its own. Static.
std::span<const aws::NamedFailure> kinesisFailures();

}  // namespace tidemill::kinesis

// consume/backoff.h: how long to wait before the same call is tried again.
#pragma once

#include "rt/backoff.h"

namespace tidemill::consume {

using rt::Backoff;
using rt::BackoffOptions;

}  // namespace tidemill::consume

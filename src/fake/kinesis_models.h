// fake/kinesis_models.h: what each operation of Kinesis accepts, after the service's published model.
#pragma once

#include <string_view>

#include "fake/input_model.h"

namespace tidemill::fake {

// Null if the fake does not know the operation.
const InputModel* kinesisModel(std::string_view operation);

}  // namespace tidemill::fake

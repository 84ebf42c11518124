// tidemill/receiver_info.h: how one input of a context is doing.
#pragma once

#include <optional>
#include <string>

#include "tidemill/time.h"

namespace tidemill {

struct ReceiverInfo {
  // 0 for the first input that the program defines, and so on.
  int streamId = 0;
  // The stream that it reads.
  std::string name;
  bool active = false;
  // Times that it was started again after a failure.
  int restarts = 0;
  // Of the last failure; empty and nothing if there was none.
  std::string lastErrorMessage = {};
  std::optional<Time> lastErrorTime = std::nullopt;
};

}  // namespace tidemill

// hdfs/failures.h: what the exceptions of HDFS mean.
#pragma once

#include <string_view>

#include "tidemill/error.h"

namespace tidemill::hdfs {

enum class Trouble {
  kPermanent,
  kTransient,  // The same call may succeed later.
  kStandby,    // Another namenode is the active one.
  kStarting,   // No WebHDFS there: of a namenode that starts, or of something else.
  kSafeMode,   // The namenode reads only, until enough datanodes have reported.
};

struct ExceptionMeaning {
  Code code = Code::kServiceError;
  Trouble trouble = Trouble::kPermanent;
  std::string_view hint;
};

// `name` as in RemoteException; empty if the answer had none. Safe mode comes under several names.
ExceptionMeaning meaningOf(std::string_view name, std::string_view message, int status);

}  // namespace tidemill::hdfs

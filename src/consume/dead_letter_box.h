// consume/dead_letter_box.h: where records go that a handler cannot process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "consume/dead_letter_file.h"
#include "rt/env.h"
#include "rt/task.h"
#include "tidemill/consumer_options.h"
#include "tidemill/record.h"

namespace tidemill::consume {

// Records on their way; `owner` keeps alive what they look into.
struct DeadLetterParcel {
  std::shared_ptr<const void> owner;
  std::string shardId;
  std::vector<Record> records;
  std::string reason;
};

// Lives on the control lane; writes elsewhere.
class DeadLetterBox {
 public:
  // `env` outlives this object.
  DeadLetterBox(const rt::Env& env, const ConsumerOptions& options);

  bool available() const { return file_ != nullptr || static_cast<bool>(function_); }
  // Returns when the records are kept for good. After an error they may have been kept or not: a file may
  // hold them twice, and a torn line between. Errors: kIo, kDiskFull, kUserCodeFailed, or what the function
  // gave.
  rt::Task<Result<void>> keep(DeadLetterParcel parcel);

 private:
  const rt::Env env_;
  const DeadLetterFunction function_;
  const std::string application_;
  const std::string stream_;
  // Of the store thread.
  std::shared_ptr<DeadLetterFile> file_;
};

}  // namespace tidemill::consume

// consume/dead_letter_file.h: the file of dead letters, and how one looks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "rt/file_system.h"
#include "tidemill/record.h"

namespace tidemill::consume {

struct ShardName {
  std::string_view streamName;
  std::string_view shardId;
};

// One JSON object with a line break: "stream", "shard", "sequenceNumber", "subSequenceNumber", "arrival"
// (milliseconds since 1970), "partitionKey", "explicitHashKey" if there is one, "data" (in base64), "reason".
std::string deadLetterLine(const Record& record, const ShardName& shard, std::string_view reason);

// Opened by the first letters and, after a failure, anew by the next ones. Of the store thread.
class DeadLetterFile {
 public:
  // `files` outlives this object. The file is made when it is needed, readable by its owner alone.
  DeadLetterFile(rt::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Returns when the whole lines are kept for good. After an error they may have been kept or not: the file
  // may hold them twice, and a torn line between. Errors: kIo, kDiskFull.
  Result<void> append(std::string_view lines);

 private:
  Result<void> open();

  rt::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<rt::AppendFile> open_;
  // Nothing was written since it was opened, and it had been there before.
  bool resumed_ = false;
};

}  // namespace tidemill::consume

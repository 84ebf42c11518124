// consume/data_loss.h: the error for records that were trimmed before they were read.
#pragma once

#include <string>

#include "kinesis/kinesis_api.h"
#include "tidemill/error.h"

namespace tidemill::consume {

// What can be told and what not: a shard that is gone while a lease row says that it was not read to its end
// is a loss (kDataLoss). A shard that is still there, of which only the oldest records were trimmed, is not
// told apart: sequence numbers have gaps by nature, so the first record after a checkpoint proves nothing.
//
// `after`: the last sequence number that was read, empty if none was.
inline Error recordsTrimmed(const std::string& stream, const std::string& shardId, const std::string& after) {
  const std::string lost = after.empty() ? "the shard was trimmed before any record of it was read"
                                         : "records after " + after + " were trimmed before they were read";
  return Error(Code::kDataLoss, lost,
               "read what is left under another application name or with an empty state folder; a longer "
               "retention of the stream gives more time")
      .within(kinesis::shardContext(stream, shardId));
}

}  // namespace tidemill::consume

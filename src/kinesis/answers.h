// kinesis/answers.h: reads the answers of control calls and of PutRecords.
#pragma once

#include <string_view>
#include <vector>

#include "kinesis/kinesis_api.h"

namespace tidemill::kinesis {

// Each takes the body of an answer of status 200. kMalformedResponse, whose message names the member, for
// what is not as AWS sends it. Unknown members are skipped; null members count as absent.
Result<ListShardsPage> readListShards(std::string_view body);
Result<StreamSummary> readStreamSummary(std::string_view body);
Result<std::string> readShardIterator(std::string_view body);
// `entries` is how many outcomes there must be.
Result<std::vector<PutOutcome>> readPutRecordsJson(std::string_view body, std::size_t entries);
Result<std::vector<PutOutcome>> readPutRecordsCbor(std::string_view body, std::size_t entries);

}  // namespace tidemill::kinesis

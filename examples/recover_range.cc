// examples/recover_range.cc: reads records of yesterday again, by the sequence numbers that a block held.
#include <cstdlib>
#include <iostream>
#include <string>

#include "tidemill/kinesis_backed_block_rdd.h"

using namespace tidemill;

// A handler sees a view of the bytes that Kinesis sent; what is kept must be copied.
std::string decode(const Record& record) {
  return std::string(record.text());
}

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: recover_range ENDPOINT STREAM SHARD FROM TO   (ENDPOINT may be empty)\n";
    return 2;
  }
  const std::string endpointUrl = argv[1];
  const SequenceNumberRange range{argv[2], argv[3], argv[4], argv[5]};
  const char* region = std::getenv("AWS_REGION");
  const int retryTimeoutMs = 30'000;
  try {
    const Context context;
    const KinesisBackedBlockRDD<std::string> rdd(context, region == nullptr ? "us-east-1" : region,
                                                 endpointUrl, {"yesterday-1"}, {SequenceNumberRanges{range}},
                                                 /*isBlockIdValid=*/{}, retryTimeoutMs, decode);
    for (const Partition& partition : rdd.getPartitions()) {
      std::cerr << partition.blockId << ": " << partition.seqNumberRanges.toString() << '\n';
    }
    for (const std::string& line : rdd.collect()) std::cout << line << '\n';
    std::cerr << "records: " << rdd.count() << '\n';
  } catch (const Error& error) {
    std::cerr << error.message() << "\ntry: " << error.hint() << '\n';
    return exitCode(error.code());
  }
}

// examples/checkpoint_intervals.cc: one stream read with checkpoint intervals of 10, 30 and 120 seconds.
#include <iostream>

#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

using namespace tidemill;

// The interval decides how much is delivered again after a crash, and how often lease rows are written. It
// decides nothing about loss: with `kinesis.checkpoint.after=processed` a checkpoint follows the output. Each
// input is an application of its own, with its own leases.
int main() {
  StreamingContext context(Conf(), Seconds(10));
  // Few records come again after a crash; six writes a minute for each shard.
  auto often = KinesisUtils::createStream(context, "orders-often", "orders", "", "eu-central-1",
                                          InitialPositionInStream::LATEST, Seconds(10),
                                          StorageLevel::MEMORY_AND_DISK_2);
  // Between the two.
  auto usual = KinesisUtils::createStream(context, "orders-usual", "orders", "", "eu-central-1",
                                          InitialPositionInStream::LATEST, Seconds(30),
                                          StorageLevel::MEMORY_AND_DISK_2);
  // Up to two minutes of records come again after a crash; one write in two minutes for each shard.
  auto seldom = KinesisUtils::createStream(context, "orders-seldom", "orders", "", "eu-central-1",
                                           InitialPositionInStream::LATEST, Seconds(120),
                                           StorageLevel::MEMORY_AND_DISK_2);
  for (const auto& lines : {often, usual, seldom}) {
    lines.foreachRDD([](const RDD<std::string>& rdd) { std::cout << rdd.count() << '\n'; });
  }
  context.start();
  if (auto end = context.awaitTermination(); !end) {
    std::cerr << end.error().message() << "\ntry: " << end.error().hint() << '\n';
    return exitCode(end.error().code());
  }
}

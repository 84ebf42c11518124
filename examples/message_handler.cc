// examples/message_handler.cc: sizes of orders by shard; what is no order goes to a file.
#include <iostream>
#include <stdexcept>

#include "tidemill/kinesis_input_dstream.h"

using namespace tidemill;

namespace {

std::pair<std::string, std::int64_t> sizeOfOrder(const Record& record) {
  if (!record.text().starts_with('{')) throw std::invalid_argument("no JSON object");
  return {std::string(record.shardId), static_cast<std::int64_t>(record.data.size())};
}

}  // namespace

int main() {
  StreamingContext context(Conf(), Seconds(1));
  KinesisInputDStream::builder()
      .streamingContext(context)
      .streamName("orders")
      .checkpointAppName("order-sizes")
      .regionName("eu-central-1")
      .handlerPolicy(HandlerPolicy::deadLetterToFile("letters/orders.jsonl"))
      .buildWithMessageHandler(sizeOfOrder)
      .reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; })
      .print();
  context.start();
  if (auto end = context.awaitTermination(); !end) {
    std::cerr << end.error().message() << "\ntry: " << end.error().hint() << '\n';
    return exitCode(end.error().code());
  }
}

// examples/word_count.cc: the program of the README.
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

using namespace tidemill;

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::unique_ptr<StreamingContext> program() {
  auto context = std::make_unique<StreamingContext>(Conf(), Seconds(1));
  auto lines = KinesisUtils::createStream(*context, "word-count", "orders", "", "eu-central-1",
                                          InitialPositionInStream::TRIM_HORIZON, Seconds(10),
                                          StorageLevel::MEMORY_ONLY);
  lines.flatMap(words)
      .map([](const std::string& word) { return std::pair(word, 1); })
      .reduceByKey([](int a, int b) { return a + b; })
      .foreachRDD([](const RDD<std::pair<std::string, int>>& counts) {
        for (const auto& [word, count] : counts.collect()) std::cout << word << ": " << count << '\n';
      });
  return context;
}

int main() {
  auto context = StreamingContext::getOrCreate("file:word-count-checkpoints", program);
  context->start();
  if (auto end = context->awaitTermination(); !end) {
    std::cerr << end.error().message() << "\ntry: " << end.error().hint() << '\n';
    return exitCode(end.error().code());
  }
}

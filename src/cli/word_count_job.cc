#include "cli/word_count_job.h"

#include <string_view>
#include <utility>

#include "cli/words.h"
#include "tidemill/sequence_number.h"

namespace tidemill::cli {
namespace {

// A view of one record: enough to tell whether it was counted before.
struct Line {
  std::string_view shardId;
  std::string_view sequenceNumber;
  std::string_view text;
};

bool isFresh(const Line& line, const WordCountSink::Progress& progress) {
  const auto done = progress.find(line.shardId);
  return done == progress.end() || compareSequenceNumbers(line.sequenceNumber, done->second) > 0;
}

template <class T>
T valueOrThrow(Result<T> result) {
  if (!result) throw result.error();
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

WordCountJob::WordCountJob(StreamingContext& context, WordCountSink& sink, const WordCountOptions& options)
    : sink_(sink), dropNext_(options.dropRecord) {
  const auto toLine = [](const Record& record) {
    return Line{record.shardId, record.sequenceNumber, record.text()};
  };
  auto lines = KinesisUtils::createStream(context, options.application, options.stream, options.endpoint,
                                          options.region, options.initialPosition, options.checkpointInterval,
                                          StorageLevel::MEMORY_ONLY, toLine);
  lines.foreachRDD([this](const RDD<Line>& rdd, const BatchInfo& batch) {
    if (batch.records == 0) return;
    const WordCountSink::Progress progress = valueOrThrow(sink_.progress());
    const auto fresh = rdd.filter([&](const Line& line) { return isFresh(line, progress); });
    const auto counted =
        fresh.filter([this](const Line&) { return !dropNext_.exchange(false); })
            .flatMap([](const Line& line) { return wordsOf(line.text); })
            .map([](std::string word) { return std::pair<std::string, std::int64_t>(std::move(word), 1); })
            .reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; })
            .collect();
    std::vector<WordCount> words;
    words.reserve(counted.size());
    for (const auto& [word, count] : counted) words.push_back({word, count});
    valueOrThrow(sink_.commit(words, fresh.count(), batch));
  });
}

}  // namespace tidemill::cli

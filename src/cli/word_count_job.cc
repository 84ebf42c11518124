#include "cli/word_count_job.h"

#include <optional>
#include <thread>
#include <utility>

#include "cli/words.h"

namespace tidemill::cli {
namespace {

// Each means that another writer got further, which ends at the end of the stream or of the writer.
constexpr int kCountsMax = 10;

template <class T>
T valueOrThrow(Result<T> result) {
  if (!result) throw result.error();
  return std::move(*result);
}

std::optional<std::uint64_t> partOf(const Line& line) {
  if (line.aggregation != Aggregation::kPart) return std::nullopt;
  return line.subSequenceNumber;
}

BatchCounts countFresh(const RDD<Line>& lines, Progress basis, std::atomic<bool>& dropNext) {
  const auto fresh = lines.filter(
      [&basis](const Line& line) { return isFresh(line.shardId, line.sequenceNumber, partOf(line), basis); });
  const auto counted =
      fresh
          .filter([&dropNext](const Line& line) {
            // One with words: nobody would miss another.
            return !dropNext || wordsOf(line.text).empty() || !dropNext.exchange(false);
          })
          .flatMap([](const Line& line) { return wordsOf(line.text); })
          .map([](std::string word) { return std::pair<std::string, std::int64_t>(std::move(word), 1); })
          .reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; })
          .collect();
  BatchCounts counts;
  counts.words.reserve(counted.size());
  for (const auto& [word, count] : counted) counts.words.push_back({word, count});
  counts.fresh = fresh.count();
  counts.basis = std::move(basis);
  return counts;
}

std::vector<ShownLine> shownOf(const RDD<Line>& lines, ShownRecords shown) {
  return lines
      .filter([shown](const Line& line) {
        return shown == ShownRecords::kAll || line.aggregation != Aggregation::kNone;
      })
      .map([](const Line& line) {
        return ShownLine{std::string(line.shardId), std::string(line.sequenceNumber),
                         static_cast<std::int64_t>(line.text.size()), line.subSequenceNumber,
                         line.aggregation};
      })
      .collect();
}

}  // namespace

void defineWordCount(StreamingContext& context, std::shared_ptr<WordCountSink> sink,
                     const WordCountOptions& options) {
  const auto toLine = [](const Record& record) {
    return Line{record.shardId, record.sequenceNumber, record.text(), record.subSequenceNumber,
                record.aggregation};
  };
  auto lines = KinesisUtils::createStream(context, options.application, options.stream, options.endpoint,
                                          options.region, options.initialPosition, options.checkpointInterval,
                                          options.storageLevel, toLine);
  auto dropNext = std::make_shared<std::atomic<bool>>(options.dropRecord);
  lines.foreachRDD([sink = std::move(sink), dropNext, slowness = options.slowness, shown = options.shown,
                    show = options.show](const RDD<Line>& rdd, const BatchInfo& batch) {
    if (batch.records == 0) return;
    if (slowness.count() > 0) std::this_thread::sleep_for(slowness);
    countBatch(*sink, rdd, batch, *dropNext);
    if (show && shown != ShownRecords::kNone) show(batch, shownOf(rdd, shown));
  });
}

void countBatch(WordCountSink& sink, const RDD<Line>& lines, const BatchInfo& batch,
                std::atomic<bool>& dropNext) {
  for (int counts = 1;; ++counts) {  // Bounded by kCountsMax.
    auto done = sink.commit(countFresh(lines, valueOrThrow(sink.progress()), dropNext), batch);
    if (done) return;
    if (done.error().code() != Code::kConflict || counts == kCountsMax) throw done.error();
  }
}

}  // namespace tidemill::cli

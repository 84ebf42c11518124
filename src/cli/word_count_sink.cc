#include "cli/word_count_sink.h"

#include <utility>

#include "tidemill/sequence_number.h"

namespace tidemill::cli {
namespace {

constexpr char kSchema[] = R"(
CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (shard TEXT PRIMARY KEY, sequenceNumber TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals (
  id INTEGER PRIMARY KEY CHECK (id = 1), batches INTEGER NOT NULL, records INTEGER NOT NULL, duplicates INTEGER NOT NULL
);
INSERT INTO totals VALUES (1, 0, 0, 0) ON CONFLICT DO NOTHING;
)";

}  // namespace

Result<std::unique_ptr<WordCountSink>> WordCountSink::open(const std::string& path) {
  auto database = lease::SqliteDatabase::open(path);
  if (!database) return fail(database.error());
  auto made = (*database)->execute(kSchema);
  if (!made) return fail(made.error());
  return std::unique_ptr<WordCountSink>(new WordCountSink(std::move(*database)));
}

Result<WordCountSink::Progress> WordCountSink::progress() {
  auto select = database_->prepare("SELECT shard, sequenceNumber FROM progress");
  if (!select) return fail(select.error());
  Progress progress;
  for (;;) {  // Bounded by the table.
    auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return progress;
    progress.emplace(select->text(0), select->text(1));
  }
}

Result<void> WordCountSink::commit(const std::vector<WordCount>& words, std::int64_t fresh,
                                   const BatchInfo& batch) {
  return database_->transaction([&]() -> Result<void> {
    auto written = writeWords(words);
    if (written) written = writeProgress(batch);
    if (written) written = writeTotals(fresh, batch);
    return written;
  });
}

Result<void> WordCountSink::writeWords(const std::vector<WordCount>& words) {
  auto add = database_->prepare(
      "INSERT INTO words VALUES (?1, ?2) ON CONFLICT (word) DO UPDATE SET count = count + excluded.count");
  if (!add) return fail(add.error());
  for (const WordCount& one : words) {
    add->reset();
    add->bind(1, one.word);
    add->bind(2, one.count);
    auto done = add->step();
    if (!done) return fail(done.error());
  }
  return {};
}

Result<void> WordCountSink::writeProgress(const BatchInfo& batch) {
  auto before = progress();
  if (!before) return fail(before.error());
  Progress& furthest = *before;
  for (const SequenceNumberRange& range : batch.ranges) {
    auto [place, isNew] = furthest.try_emplace(range.shardId, range.toSeqNumber);
    if (!isNew && compareSequenceNumbers(range.toSeqNumber, place->second) > 0)
      place->second = range.toSeqNumber;
  }
  auto move = database_->prepare(
      "INSERT INTO progress VALUES (?1, ?2) ON CONFLICT (shard) DO UPDATE SET sequenceNumber = "
      "excluded.sequenceNumber");
  if (!move) return fail(move.error());
  for (const auto& [shard, sequenceNumber] : furthest) {
    move->reset();
    move->bind(1, shard);
    move->bind(2, sequenceNumber);
    auto done = move->step();
    if (!done) return fail(done.error());
  }
  return {};
}

Result<void> WordCountSink::writeTotals(std::int64_t fresh, const BatchInfo& batch) {
  auto add = database_->prepare(
      "UPDATE totals SET batches = batches + ?1, records = records + ?2, duplicates = duplicates + ?3");
  if (!add) return fail(add.error());
  add->bind(1, std::int64_t{fresh > 0 ? 1 : 0});
  add->bind(2, fresh);
  add->bind(3, batch.records - fresh);
  auto done = add->step();
  if (!done) return fail(done.error());
  return {};
}

Result<std::vector<WordCount>> WordCountSink::words() {
  auto select = database_->prepare("SELECT word, count FROM words ORDER BY count DESC, word");
  if (!select) return fail(select.error());
  std::vector<WordCount> words;
  for (;;) {  // Bounded by the table.
    auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return words;
    words.push_back({select->text(0), select->integer(1)});
  }
}

Result<CountTotals> WordCountSink::totals() {
  auto select = database_->prepare("SELECT batches, records, duplicates FROM totals");
  if (!select) return fail(select.error());
  auto more = select->step();
  if (!more) return fail(more.error());
  if (!*more) return CountTotals{};
  return CountTotals{select->integer(0), select->integer(1), select->integer(2)};
}

}  // namespace tidemill::cli

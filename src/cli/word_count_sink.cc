#include "cli/word_count_sink.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "tidemill/sequence_number.h"

namespace tidemill::cli {
namespace {

// Of the tables below. Files of before versions were kept have 0, those of before records were taken apart 1.
constexpr std::int64_t kVersion = 2;

// In `progress.part`: the record was counted as a whole. So was every record of version 1.
constexpr std::int64_t kWhole = -1;

constexpr char kFromVersion1[] = "ALTER TABLE progress ADD COLUMN part INTEGER NOT NULL DEFAULT -1;";

constexpr char kSchema[] = R"(
CREATE TABLE words (
  application TEXT NOT NULL, stream TEXT NOT NULL, word TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (application, stream, word)
) WITHOUT ROWID;
CREATE TABLE progress (
  application TEXT NOT NULL, stream TEXT NOT NULL, shard TEXT NOT NULL, sequenceNumber TEXT NOT NULL,
  part INTEGER NOT NULL DEFAULT -1,
  PRIMARY KEY (application, stream, shard)
) WITHOUT ROWID;
CREATE TABLE totals (
  application TEXT NOT NULL, stream TEXT NOT NULL,
  batches INTEGER NOT NULL, records INTEGER NOT NULL, duplicates INTEGER NOT NULL,
  PRIMARY KEY (application, stream)
) WITHOUT ROWID;
)";

Error foreign(const std::string& path, const std::string& why) {
  return Error(Code::kInvalidConfig,
               fmt::format("{} does not hold the counts of this version of tidemill: {}",
                           base::quoteIfNeeded(path), why),
               "choose another state folder, or move the file away: its stream is then counted anew");
}

// Makes the tables in an empty file, and the column that version 1 lacks; refuses any other file.
Result<void> prepareTables(lease::SqliteDatabase& database, const std::string& path) {
  auto version = database.number("PRAGMA user_version");
  if (!version) return fail(version.error());
  auto tables = database.number("SELECT count(*) FROM sqlite_master WHERE type = 'table'");
  if (!tables) return fail(tables.error());
  if (*version == 0 && *tables == 0) {
    return database.execute(kSchema + fmt::format("PRAGMA user_version = {};", kVersion));
  }
  if (*version != kVersion && *version != 1)
    return fail(foreign(path, fmt::format("its format is {}, not {}", *version, kVersion)));
  auto known = database.number(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('words', 'progress', 'totals')");
  if (!known) return fail(known.error());
  if (*known != 3) return fail(foreign(path, "its tables are others"));
  if (*version == kVersion) return {};
  return database.execute(kFromVersion1 + fmt::format("PRAGMA user_version = {};", kVersion));
}

// Steps a statement that gives no rows.
Result<void> run(lease::SqliteStatement& statement) {
  auto done = statement.step();
  if (!done) return fail(done.error());
  return {};
}

}  // namespace

bool isFresh(std::string_view shardId, std::string_view sequenceNumber, std::optional<std::uint64_t> part,
             const Progress& progress) {
  const auto found = progress.find(shardId);
  if (found == progress.end()) return true;
  const CountedUpTo& done = found->second;
  const auto order = compareSequenceNumbers(sequenceNumber, done.sequenceNumber);
  if (order != 0) return order > 0;
  if (!done.part) return false;
  return !part || *part > *done.part;
}

Result<std::unique_ptr<WordCountSink>> WordCountSink::open(const std::string& path, std::string application,
                                                           std::string stream) {
  auto database = lease::SqliteDatabase::open(path);
  if (!database) return fail(database.error());
  // In a transaction, because two processes may meet at a new file.
  auto prepared = (*database)->transaction([&] { return prepareTables(**database, path); });
  if (!prepared) return fail(prepared.error());
  return std::unique_ptr<WordCountSink>(
      new WordCountSink(std::move(*database), std::move(application), std::move(stream)));
}

Result<lease::SqliteStatement> WordCountSink::ours(std::string_view sql) {
  auto statement = database_->prepare(sql);
  if (!statement) return statement;
  bindNames(*statement);
  return statement;
}

void WordCountSink::bindNames(lease::SqliteStatement& statement) const {
  statement.bind(1, application_);
  statement.bind(2, stream_);
}

Result<Progress> WordCountSink::progress() {
  auto select =
      ours("SELECT shard, sequenceNumber, part FROM progress WHERE application = ?1 AND stream = ?2");
  if (!select) return fail(select.error());
  Progress progress;
  for (;;) {  // Bounded by the table.
    auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return progress;
    CountedUpTo done{select->text(1)};
    const std::int64_t part = select->integer(2);
    if (part != kWhole) done.part = static_cast<std::uint64_t>(part);
    progress.emplace(select->text(0), std::move(done));
  }
}

Result<void> WordCountSink::commit(const BatchCounts& counts, const BatchInfo& batch) {
  return database_->transaction([&]() -> Result<void> {
    auto done = requireProgress(counts.basis);
    if (done) done = writeWords(counts.words);
    if (done) done = writeProgress(counts.basis, batch);
    if (done) done = writeTotals(counts.fresh, batch);
    return done;
  });
}

Result<void> WordCountSink::requireProgress(const Progress& basis) {
  auto now = progress();
  if (!now) return fail(now.error());
  if (*now == basis) return {};
  return fail(Code::kConflict,
              fmt::format("stream {}: the counts of application {} went on while a batch was counted",
                          base::quoteIfNeeded(stream_), base::quoteIfNeeded(application_)),
              "count the batch again");
}

Result<void> WordCountSink::writeWords(const std::vector<WordCount>& words) {
  auto add = ours(
      "INSERT INTO words VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT (application, stream, word) DO UPDATE SET count = count + excluded.count");
  if (!add) return fail(add.error());
  for (const WordCount& one : words) {
    add->reset();
    bindNames(*add);
    add->bind(3, one.word);
    add->bind(4, one.count);
    auto done = run(*add);
    if (!done) return done;
  }
  return {};
}

Result<void> WordCountSink::writeProgress(const Progress& basis, const BatchInfo& batch) {
  Progress moved;
  for (const SequenceNumberRange& range : batch.ranges) {
    const auto isAhead = [&range](const Progress& progress) {
      return isFresh(range.shardId, range.toSeqNumber, range.toSubSeqNumber, progress);
    };
    if (isAhead(basis) && isAhead(moved))
      moved.insert_or_assign(range.shardId, CountedUpTo{range.toSeqNumber, range.toSubSeqNumber});
  }
  auto move = ours(
      "INSERT INTO progress (application, stream, shard, sequenceNumber, part) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT (application, stream, shard) DO UPDATE SET sequenceNumber = excluded.sequenceNumber, "
      "part = excluded.part");
  if (!move) return fail(move.error());
  for (const auto& [shard, upTo] : moved) {
    move->reset();
    bindNames(*move);
    move->bind(3, shard);
    move->bind(4, upTo.sequenceNumber);
    move->bind(5, upTo.part ? static_cast<std::int64_t>(*upTo.part) : kWhole);
    auto done = run(*move);
    if (!done) return done;
  }
  return {};
}

Result<void> WordCountSink::writeTotals(std::int64_t fresh, const BatchInfo& batch) {
  auto add = ours(
      "INSERT INTO totals VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (application, stream) DO UPDATE SET "
      "batches = batches + excluded.batches, records = records + excluded.records, "
      "duplicates = duplicates + excluded.duplicates");
  if (!add) return fail(add.error());
  add->bind(3, std::int64_t{fresh > 0 ? 1 : 0});
  add->bind(4, fresh);
  add->bind(5, batch.records - fresh);
  return run(*add);
}

Result<std::vector<WordCount>> WordCountSink::words() {
  auto select =
      ours("SELECT word, count FROM words WHERE application = ?1 AND stream = ?2 ORDER BY count DESC, word");
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
  auto select =
      ours("SELECT batches, records, duplicates FROM totals WHERE application = ?1 AND stream = ?2");
  if (!select) return fail(select.error());
  auto more = select->step();
  if (!more) return fail(more.error());
  if (!*more) return CountTotals{};
  return CountTotals{select->integer(0), select->integer(1), select->integer(2)};
}

}  // namespace tidemill::cli

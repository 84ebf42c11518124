// cli/word_count_sink.h: word counts in SQLite, counted exactly once whatever happens.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lease/sqlite_database.h"
#include "tidemill/batch_info.h"
#include "tidemill/result.h"

namespace tidemill::cli {

struct WordCount {
  std::string word;
  std::int64_t count = 0;

  friend bool operator==(const WordCount&, const WordCount&) = default;
};

struct CountTotals {
  std::int64_t batches = 0;     // With at least one fresh record.
  std::int64_t records = 0;     // Each once.
  std::int64_t duplicates = 0;  // Records that were delivered again and not counted again.

  friend bool operator==(const CountTotals&, const CountTotals&) = default;
};

// How far the records of a shard were counted.
struct CountedUpTo {
  std::string sequenceNumber;
  // Of an aggregated record: up to this part of it. Nothing: it was counted as a whole.
  std::optional<std::uint64_t> part = std::nullopt;

  friend bool operator==(const CountedUpTo&, const CountedUpTo&) = default;
};

// By shard id.
using Progress = std::map<std::string, CountedUpTo, std::less<>>;

// True unless the record was counted before. `part` is its index if it came as a part of an aggregated
// record: a batch may end inside of one. Such a record that comes whole when only parts of it were counted is
// fresh, so that the others are not lost.
bool isFresh(std::string_view shardId, std::string_view sequenceNumber, std::optional<std::uint64_t> part,
             const Progress& progress);

// What one batch adds.
struct BatchCounts {
  // Of the fresh records alone.
  std::vector<WordCount> words;
  // How many records were fresh.
  std::int64_t fresh = 0;
  // What `fresh` was decided by.
  Progress basis;
};

// The counts of one stream for one application; the file holds any number of them, as leases.db does. What
// was counted and how far each shard is are written in one transaction, so a crash leaves both or neither.
// Used by one thread at a time. Several processes may use the file.
class WordCountSink {
 public:
  // `path`: the SQLite file; created if missing, brought up to date if an earlier version made it.
  // kInvalidConfig: it is a database that neither did.
  static Result<std::unique_ptr<WordCountSink>> open(const std::string& path, std::string application,
                                                     std::string stream);

  Result<Progress> progress();

  // kConflict, and nothing written: the progress is no longer that of `counts.basis`, because somebody else
  // (an output abandoned by its context, a former process that hung) has committed since. Read it and count
  // again.
  Result<void> commit(const BatchCounts& counts, const BatchInfo& batch);

  // Most frequent first, equal counts by word.
  Result<std::vector<WordCount>> words();
  Result<CountTotals> totals();

 private:
  WordCountSink(std::unique_ptr<lease::SqliteDatabase> database, std::string application, std::string stream)
      : database_(std::move(database)), application_(std::move(application)), stream_(std::move(stream)) {}
  // A statement whose ?1 and ?2 are the application and the stream.
  Result<lease::SqliteStatement> ours(std::string_view sql);
  void bindNames(lease::SqliteStatement& statement) const;
  Result<void> requireProgress(const Progress& basis);
  Result<void> writeWords(const std::vector<WordCount>& words);
  Result<void> writeProgress(const Progress& basis, const BatchInfo& batch);
  Result<void> writeTotals(std::int64_t fresh, const BatchInfo& batch);

  std::unique_ptr<lease::SqliteDatabase> database_;
  const std::string application_;
  const std::string stream_;
};

}  // namespace tidemill::cli

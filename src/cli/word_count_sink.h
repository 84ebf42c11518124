// cli/word_count_sink.h: word counts in SQLite, counted exactly once whatever happens.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lease/sqlite_database.h"
#include "tidemill/batch_info.h"
#include "tidemill/result.h"

namespace tidemill::cli {

struct WordCount {
  std::string word;
  std::int64_t count = 0;
};

struct CountTotals {
  std::int64_t batches = 0;     // With at least one fresh record.
  std::int64_t records = 0;     // Each once.
  std::int64_t duplicates = 0;  // Records that were delivered again and not counted again.
};

// What was counted and how far each shard is are written in one transaction, so a crash leaves both or
// neither. Used by one thread at a time. Several processes may read the file.
class WordCountSink {
 public:
  // `path`: the SQLite file; created if missing.
  static Result<std::unique_ptr<WordCountSink>> open(const std::string& path);

  // Shard id to the last sequence number that was counted.
  using Progress = std::map<std::string, std::string, std::less<>>;
  Result<Progress> progress();

  // One batch: the words of its fresh records, how many these were, and everything that the batch covers.
  Result<void> commit(const std::vector<WordCount>& words, std::int64_t fresh, const BatchInfo& batch);

  // Most frequent first, equal counts by word.
  Result<std::vector<WordCount>> words();
  Result<CountTotals> totals();

 private:
  explicit WordCountSink(std::unique_ptr<lease::SqliteDatabase> database) : database_(std::move(database)) {}
  Result<void> writeWords(const std::vector<WordCount>& words);
  Result<void> writeProgress(const BatchInfo& batch);
  Result<void> writeTotals(std::int64_t fresh, const BatchInfo& batch);

  std::unique_ptr<lease::SqliteDatabase> database_;
};

}  // namespace tidemill::cli

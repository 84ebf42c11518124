// lease/sqlite_database.h: SQLite with our errors; every call blocks, so it belongs on the store thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tidemill::lease {

// The code of ours for a result code of SQLite and the errno behind it (0: none).
Code codeFor(int sqliteCode, int systemError);

// A prepared statement. Bind all parameters (from 1), then step. Owned by one thread at a time.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&&) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::int64_t number);
  void bindNull(int parameter);
  // True: a row is there to be read. False: done.
  Result<bool> step();
  // Ready to be bound and run again.
  void reset();

  // Columns count from 0.
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  bool isNull(int column) const;

 private:
  friend class SqliteDatabase;
  SqliteStatement(sqlite3* database, sqlite3_stmt* statement, std::string path);

  sqlite3* database_;
  sqlite3_stmt* statement_;
  std::string path_;
};

// One connection in WAL mode with full synchronisation: a committed transaction survives a power cut. Errors
// are kDiskFull, kIo (which also covers a damaged or foreign file) or kInvalidConfig (cannot be opened);
// messages name the file. Other processes may use the same file; a writer waits up to 10 s for another.
class SqliteDatabase {
 public:
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Runs one or more statements without parameters or results.
  Result<void> execute(const std::string& sql);
  Result<SqliteStatement> prepare(std::string_view sql);
  // The first column of the query's first row; 0 if it has none.
  Result<std::int64_t> number(std::string_view sql);
  // Rows changed by the last insert, update or delete.
  std::int64_t changes() const;
  // Runs `body` in one immediate transaction: committed if it succeeds, rolled back if it fails.
  Result<void> transaction(const std::function<Result<void>()>& body);

 private:
  SqliteDatabase(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}

  sqlite3* database_;
  const std::string path_;
};

}  // namespace tidemill::lease

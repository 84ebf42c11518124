#include "lease/sqlite_database.h"

#include <sqlite3.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace tidemill::lease {
namespace {

constexpr int kBusyMilliseconds = 10'000;

std::string_view hintFor(int code) {
  switch (code & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return "check that the folder exists and may be written";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "the file is damaged or not ours: move it away or choose another state folder";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds the file; stop it or choose another state folder";
    default:
      return "check the disk that holds the file";
  }
}

Error errorFor(sqlite3* database, int code, const std::string& path) {
  const std::string what = base::quoteIfNeeded(path) + ": " +
                           (database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code));
  const Code ours = codeFor(code, database != nullptr ? sqlite3_system_errno(database) : 0);
  if (ours == Code::kDiskFull) {
    return Error(ours, what, "make room on the disk that holds the file; nothing was lost");
  }
  return Error(ours, what, std::string(hintFor(code)));
}

}  // namespace

Code codeFor(int sqliteCode, int systemError) {
  const int primary = sqliteCode & 0xff;
  if (primary == SQLITE_FULL) return Code::kDiskFull;
  // The files beside the database (its log, its shared memory) fail in this way when the disk is full.
  const bool noRoom = systemError == ENOSPC || systemError == EDQUOT;
  return primary == SQLITE_IOERR && noRoom ? Code::kDiskFull : Code::kIo;
}

SqliteStatement::SqliteStatement(sqlite3* database, sqlite3_stmt* statement, std::string path)
    : database_(database), statement_(statement), path_(std::move(path)) {}
SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      path_(std::move(other.path_)) {}
SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(statement_);
}

void SqliteStatement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_, parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}
void SqliteStatement::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(statement_, parameter, number);
}
void SqliteStatement::bindNull(int parameter) {
  sqlite3_bind_null(statement_, parameter);
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(errorFor(database_, code, path_));
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}
std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
bool SqliteStatement::isNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(raw, path));
  if (code != SQLITE_OK) return fail(errorFor(raw, code, path));
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  sqlite3_extended_result_codes(raw, 1);
  auto configured = database->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  if (!configured) return fail(configured.error());
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  sqlite3_close_v2(database_);
}

Result<void> SqliteDatabase::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(errorFor(database_, code, path_));
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return fail(errorFor(database_, code, path_));
  return SqliteStatement(database_, statement, path_);
}

Result<std::int64_t> SqliteDatabase::number(std::string_view sql) {
  auto select = prepare(sql);
  if (!select) return fail(select.error());
  auto row = select->step();
  if (!row) return fail(row.error());
  return *row ? select->integer(0) : 0;
}

std::int64_t SqliteDatabase::changes() const {
  return sqlite3_changes64(database_);
}

Result<void> SqliteDatabase::transaction(const std::function<Result<void>()>& body) {
  auto begun = execute("BEGIN IMMEDIATE");
  if (!begun) return begun;
  auto done = body();
  if (done) done = execute("COMMIT");
  if (!done) {
    // A failed commit (a full disk) leaves the transaction open; its own error is what the caller needs.
    if (sqlite3_get_autocommit(database_) == 0) static_cast<void>(execute("ROLLBACK"));
    return done;
  }
  return {};
}

}  // namespace tidemill::lease

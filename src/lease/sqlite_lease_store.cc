#include "lease/sqlite_lease_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "lease/lease_changes.h"

namespace tidemill::lease {
namespace {

// Grows with every change of the tables that an older program could not read.
constexpr std::int64_t kSchemaVersion = 1;

constexpr char kSchema[] = R"(
CREATE TABLE IF NOT EXISTS leases (
  application TEXT NOT NULL,
  stream TEXT NOT NULL,
  leaseKey TEXT NOT NULL,
  leaseOwner TEXT,
  leaseCounter INTEGER NOT NULL,
  ownerSwitchesSinceCheckpoint INTEGER NOT NULL,
  checkpoint TEXT NOT NULL,
  checkpointSubSequenceNumber INTEGER NOT NULL,
  parentShardId TEXT NOT NULL,
  childShardIds TEXT NOT NULL,
  startingHashKey TEXT NOT NULL,
  endingHashKey TEXT NOT NULL,
  startsAt INTEGER,
  PRIMARY KEY (application, stream, leaseKey)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (
  application TEXT NOT NULL,
  stream TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  PRIMARY KEY (application, stream)
) WITHOUT ROWID;
)";

constexpr char kColumns[] =
    "leaseKey, leaseOwner, leaseCounter, ownerSwitchesSinceCheckpoint, checkpoint, "
    "checkpointSubSequenceNumber, "
    "parentShardId, childShardIds, startingHashKey, endingHashKey, startsAt";

// Shard ids hold no blanks, so a set is kept as its ids with blanks between.
std::string joinIds(const std::set<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += text.empty() ? id : " " + id;
  return text;
}

std::set<std::string> splitIds(const std::string& text) {
  std::set<std::string> ids;
  for (const std::string_view id : base::split(text, ' ')) {
    if (!id.empty()) ids.emplace(id);
  }
  return ids;
}

Result<Lease> readRow(const SqliteStatement& row) {
  Lease lease;
  lease.leaseKey = row.text(0);
  lease.leaseOwner = row.text(1);
  lease.leaseCounter = row.integer(2);
  lease.ownerSwitchesSinceCheckpoint = row.integer(3);
  const auto checkpoint = Checkpoint::parse(row.text(4), static_cast<std::uint64_t>(row.integer(5)));
  if (!checkpoint) {
    return fail(Code::kIo,
                fmt::format("lease {}: the checkpoint {} is no position", lease.leaseKey,
                            base::quoteIfNeeded(row.text(4))),
                "the row was edited by hand: restore it, or delete it to start the shard again");
  }
  lease.checkpoint = *checkpoint;
  lease.parentShardIds = splitIds(row.text(6));
  lease.childShardIds = splitIds(row.text(7));
  lease.startingHashKey = row.text(8);
  lease.endingHashKey = row.text(9);
  if (!row.isNull(10)) lease.startsAt = rt::WallTime(std::chrono::milliseconds(row.integer(10)));
  return lease;
}

void bindOwner(SqliteStatement& statement, int parameter, const Lease& lease) {
  if (lease.leaseOwner.empty()) {
    statement.bindNull(parameter);
  } else {
    statement.bind(parameter, lease.leaseOwner);
  }
}

// Binds what kColumns names to the parameters from `first` on; returns the one after the last.
int bindRow(SqliteStatement& statement, int first, const Lease& lease) {
  int at = first;
  statement.bind(at++, lease.leaseKey);
  bindOwner(statement, at++, lease);
  statement.bind(at++, lease.leaseCounter);
  statement.bind(at++, lease.ownerSwitchesSinceCheckpoint);
  statement.bind(at++, lease.checkpoint.text());
  statement.bind(at++, static_cast<std::int64_t>(lease.checkpoint.subSequenceNumber()));
  statement.bind(at++, joinIds(lease.parentShardIds));
  statement.bind(at++, joinIds(lease.childShardIds));
  statement.bind(at++, lease.startingHashKey);
  statement.bind(at++, lease.endingHashKey);
  if (lease.startsAt) {
    statement.bind(at++, lease.startsAt->time_since_epoch().count());
  } else {
    statement.bindNull(at++);
  }
  return at;
}

// What every function below needs; owned by the work on the store thread.
struct Table {
  std::shared_ptr<SqliteDatabase> database;
  std::string application;
  std::string stream;
};

Result<std::vector<Lease>> listRows(const Table& table) {
  auto select = table.database->prepare(fmt::format(
      "SELECT {} FROM leases WHERE application = ?1 AND stream = ?2 ORDER BY leaseKey", kColumns));
  if (!select) return fail(select.error());
  select->bind(1, table.application);
  select->bind(2, table.stream);
  std::vector<Lease> rows;
  for (;;) {  // Bounded by the table.
    auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return rows;
    auto row = readRow(*select);
    if (!row) return fail(row.error());
    rows.push_back(std::move(*row));
  }
}

Result<std::optional<Lease>> getRow(const Table& table, const std::string& leaseKey) {
  auto select = table.database->prepare(fmt::format(
      "SELECT {} FROM leases WHERE application = ?1 AND stream = ?2 AND leaseKey = ?3", kColumns));
  if (!select) return fail(select.error());
  select->bind(1, table.application);
  select->bind(2, table.stream);
  select->bind(3, leaseKey);
  auto more = select->step();
  if (!more) return fail(more.error());
  if (!*more) return std::optional<Lease>();
  auto row = readRow(*select);
  if (!row) return fail(row.error());
  return std::optional<Lease>(std::move(*row));
}

// The noted time, after noting `created` if there was none.
Result<rt::WallTime> claimRow(const Table& table, rt::WallTime created) {
  auto insert = table.database->prepare(
      "INSERT INTO streams (application, stream, createdAt) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
  if (!insert) return fail(insert.error());
  insert->bind(1, table.application);
  insert->bind(2, table.stream);
  insert->bind(3, created.time_since_epoch().count());
  auto noted = insert->step();
  if (!noted) return fail(noted.error());
  auto select =
      table.database->prepare("SELECT createdAt FROM streams WHERE application = ?1 AND stream = ?2");
  if (!select) return fail(select.error());
  select->bind(1, table.application);
  select->bind(2, table.stream);
  auto found = select->step();
  if (!found) return fail(found.error());
  return rt::WallTime(std::chrono::milliseconds(select->integer(0)));
}

Result<bool> createRow(const Table& table, const Lease& lease) {
  auto insert = table.database->prepare(fmt::format(
      "INSERT INTO leases ({}, application, stream) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) "
      "ON CONFLICT DO NOTHING",
      kColumns));
  if (!insert) return fail(insert.error());
  const int next = bindRow(*insert, 1, lease);
  insert->bind(next, table.application);
  insert->bind(next + 1, table.stream);
  auto done = insert->step();
  if (!done) return fail(done.error());
  return table.database->changes() == 1;
}

Result<Lease> replaceRow(const Table& table, const Lease& expected, const Lease& next) {
  // Only what applyChange() names: the children may have been written since `expected` was read.
  auto update = table.database->prepare(
      "UPDATE leases SET leaseOwner = ?1, leaseCounter = ?2, ownerSwitchesSinceCheckpoint = ?3, "
      "checkpoint = ?4, checkpointSubSequenceNumber = ?5 WHERE leaseKey = ?6 AND application = ?7 AND "
      "stream = ?8 AND leaseCounter = ?9 AND (checkpoint <> 'SHARD_END' OR ?4 = 'SHARD_END')");
  if (!update) return fail(update.error());
  bindOwner(*update, 1, next);
  update->bind(2, next.leaseCounter);
  update->bind(3, next.ownerSwitchesSinceCheckpoint);
  update->bind(4, next.checkpoint.text());
  update->bind(5, static_cast<std::int64_t>(next.checkpoint.subSequenceNumber()));
  update->bind(6, expected.leaseKey);
  update->bind(7, table.application);
  update->bind(8, table.stream);
  update->bind(9, expected.leaseCounter);
  auto done = update->step();
  if (!done) return fail(done.error());
  if (table.database->changes() != 1) {
    return fail(Code::kConflict, "the row has changed since it was read",
                "another worker wrote this row; read it again");
  }
  return next;
}

Result<void> writeChildren(const Table& table, const std::string& leaseKey,
                           const std::set<std::string>& children) {
  auto update = table.database->prepare(
      "UPDATE leases SET childShardIds = ?1 WHERE leaseKey = ?2 AND application = ?3 AND stream = ?4");
  if (!update) return fail(update.error());
  update->bind(1, joinIds(children));
  update->bind(2, leaseKey);
  update->bind(3, table.application);
  update->bind(4, table.stream);
  auto done = update->step();
  if (!done) return fail(done.error());
  if (table.database->changes() != 1) {
    return fail(Code::kConflict, "there is no such row", "the row was deleted; restart the worker");
  }
  return {};
}

// kInvalidConfig if the file holds tables that are not these.
Result<void> checkOurs(SqliteDatabase& database, const std::string& path) {
  for (const std::string& columns :
       {std::string(kColumns) + " FROM leases", std::string("application, stream, createdAt FROM streams")}) {
    auto select = database.prepare("SELECT " + columns + " LIMIT 0");
    if (!select) {
      return fail(Code::kInvalidConfig, "the lease table is not tidemill's: " + select.error().message(),
                  "choose another state folder, or move " + base::quoteIfNeeded(path) + " away");
    }
  }
  return {};
}

Result<void> makeTables(SqliteDatabase& database, const std::string& path) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version > kSchemaVersion) {
    return fail(Code::kInvalidConfig,
                fmt::format("{}: the lease table has version {}, and this program knows versions up to {}",
                            base::quoteIfNeeded(path), *version, kSchemaVersion),
                "use the program that wrote it, or choose another state folder");
  }
  // In one: the tables of another program stay as they are.
  return database.transaction([&]() -> Result<void> {
    auto made = database.execute(kSchema + fmt::format("PRAGMA user_version = {};", kSchemaVersion));
    if (!made) return made;
    return checkOurs(database, path);
  });
}

Result<std::shared_ptr<SqliteDatabase>> openTables(const std::string& path) {
  auto database = SqliteDatabase::open(path);
  if (!database) return fail(database.error());
  auto made = makeTables(**database, path);
  if (!made) return fail(made.error());
  return std::shared_ptr<SqliteDatabase>(std::move(*database));
}

// The same result, whose error begins with `context`.
template <class T>
Result<T> within(Result<T> result, const std::string& context) {
  if (!result) return fail(result.error().within(context));
  return result;
}

}  // namespace

SqliteLeaseStore::SqliteLeaseStore(const rt::Env& env, std::shared_ptr<SqliteDatabase> database,
                                   std::string application, std::string stream)
    : LeaseStore(std::move(application), std::move(stream)), env_(env), database_(std::move(database)) {}

rt::Task<Result<rt::WallTime>> SqliteLeaseStore::claimStream(rt::WallTime created) {
  auto work = [table = Table{database_, application(), stream()}, created] {
    return claimRow(table, created);
  };
  auto noted = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(noted), name());
}

rt::Task<Result<std::vector<Lease>>> SqliteLeaseStore::list() {
  auto work = [table = Table{database_, application(), stream()}] { return listRows(table); };
  auto rows = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(rows), name());
}

rt::Task<Result<std::optional<Lease>>> SqliteLeaseStore::get(const std::string& leaseKey) {
  const std::string context = nameOf(leaseKey);
  auto work = [table = Table{database_, application(), stream()}, key = leaseKey] {
    return getRow(table, key);
  };
  auto row = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(row), context);
}

rt::Task<Result<bool>> SqliteLeaseStore::create(const Lease& lease) {
  const std::string context = nameOf(lease.leaseKey);
  auto work = [table = Table{database_, application(), stream()}, row = lease] {
    return createRow(table, row);
  };
  auto made = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(made), context);
}

rt::Task<Result<Lease>> SqliteLeaseStore::replace(Lease expected, Lease next) {
  const std::string context = nameOf(expected.leaseKey);
  auto work = [table = Table{database_, application(), stream()}, from = std::move(expected),
               to = std::move(next)] { return replaceRow(table, from, to); };
  auto written = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(written), context);
}

rt::Task<Result<Lease>> SqliteLeaseStore::take(const Lease& seen, const std::string& owner) {
  Lease expected = seen;
  Lease next = afterTake(seen, owner);
  co_return co_await replace(std::move(expected), std::move(next));
}

rt::Task<Result<Lease>> SqliteLeaseStore::release(const Lease& held) {
  Lease expected = held;
  Lease next = afterRelease(held);
  co_return co_await replace(std::move(expected), std::move(next));
}

rt::Task<Result<Lease>> SqliteLeaseStore::checkpoint(const Lease& held, const Checkpoint& to) {
  Lease expected = held;
  Lease next = afterCheckpoint(held, to);
  co_return co_await replace(std::move(expected), std::move(next));
}

rt::Task<Result<void>> SqliteLeaseStore::setChildren(const std::string& leaseKey,
                                                     const std::set<std::string>& children) {
  const std::string context = nameOf(leaseKey);
  auto work = [table = Table{database_, application(), stream()}, key = leaseKey, ids = children] {
    return writeChildren(table, key, ids);
  };
  auto written = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(written), context);
}

rt::Task<Result<std::unique_ptr<LeaseStore>>> SqliteLeaseStoreFactory::open(const std::string& application,
                                                                            const std::string& stream) {
  auto work = [path = directory_ + "/leases.db"] { return openTables(path); };
  auto database = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  if (!database) co_return fail(database.error().within("application " + application + ", stream " + stream));
  std::unique_ptr<LeaseStore> store =
      std::make_unique<SqliteLeaseStore>(env_, std::move(*database), application, stream);
  co_return std::move(store);
}

}  // namespace tidemill::lease

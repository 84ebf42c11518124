#include "lease/sqlite_lease_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <utility>

#include "base/text.h"

namespace tidemill::lease {
namespace {

// Grows with every change of the tables that an older program could not read.
constexpr std::int64_t kSchemaVersion = 2;

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
  pendingCheckpoint TEXT,
  pendingCheckpointSubSequenceNumber INTEGER,
  pendingCheckpointState BLOB,
  incarnation TEXT NOT NULL DEFAULT '',
  wantedBy TEXT NOT NULL DEFAULT '',
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
    "parentShardId, childShardIds, startingHashKey, endingHashKey, startsAt, pendingCheckpoint, "
    "pendingCheckpointSubSequenceNumber, pendingCheckpointState, incarnation, wantedBy";

// From version 1.
constexpr char kUpgrade[] =
    "ALTER TABLE leases ADD COLUMN pendingCheckpoint TEXT;"
    "ALTER TABLE leases ADD COLUMN pendingCheckpointSubSequenceNumber INTEGER;"
    "ALTER TABLE leases ADD COLUMN pendingCheckpointState BLOB;"
    "ALTER TABLE leases ADD COLUMN incarnation TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE leases ADD COLUMN wantedBy TEXT NOT NULL DEFAULT '';";

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

// From a column of text and the next one, its sub-sequence number.
Result<Checkpoint> readCheckpoint(const SqliteStatement& row, int column) {
  auto read = Checkpoint::parse(row.text(column), static_cast<std::uint64_t>(row.integer(column + 1)));
  if (read) return std::move(*read);
  return fail(Code::kForeignTable,
              fmt::format("the checkpoint {} is no position", base::quoteIfNeeded(row.text(column))),
              "the row was edited by hand: restore it, or delete it to start the shard again");
}

Result<Lease> readRow(const SqliteStatement& row) {
  Lease lease;
  lease.leaseKey = row.text(0);
  lease.leaseOwner = row.text(1);
  lease.leaseCounter = row.integer(2);
  lease.ownerSwitchesSinceCheckpoint = row.integer(3);
  auto checkpoint = readCheckpoint(row, 4);
  if (!checkpoint) return fail(checkpoint.error());
  lease.checkpoint = std::move(*checkpoint);
  lease.parentShardIds = splitIds(row.text(6));
  lease.childShardIds = splitIds(row.text(7));
  lease.startingHashKey = row.text(8);
  lease.endingHashKey = row.text(9);
  if (!row.isNull(10)) lease.startsAt = rt::WallTime(std::chrono::milliseconds(row.integer(10)));
  if (!row.isNull(11)) {
    auto pending = readCheckpoint(row, 11);
    if (!pending) return fail(pending.error());
    lease.pendingCheckpoint = std::move(*pending);
  }
  if (!row.isNull(13)) lease.pendingCheckpointState = row.text(13);
  lease.incarnation = row.text(14);
  lease.wantedBy = row.text(15);
  return lease;
}

// Nothing is kept as NULL.
void bindOptional(SqliteStatement& statement, int parameter, const std::optional<std::string>& text) {
  if (text) {
    statement.bind(parameter, *text);
  } else {
    statement.bindNull(parameter);
  }
}

// Binds what kColumns names to the parameters from `first` on; returns the one after the last.
int bindRow(SqliteStatement& statement, int first, const Lease& lease) {
  int at = first;
  statement.bind(at++, lease.leaseKey);
  const bool owned = !lease.leaseOwner.empty();
  bindOptional(statement, at++, owned ? std::optional(lease.leaseOwner) : std::nullopt);
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
  const auto& pending = lease.pendingCheckpoint;
  bindOptional(statement, at++, pending ? std::optional(pending->text()) : std::nullopt);
  statement.bind(at++, pending ? static_cast<std::int64_t>(pending->subSequenceNumber()) : std::int64_t{0});
  bindOptional(statement, at++, lease.pendingCheckpointState);
  statement.bind(at++, lease.incarnation);
  statement.bind(at++, lease.wantedBy);
  return at;
}

// What every function below needs; owned by the work on the store thread.
struct Table {
  std::shared_ptr<SqliteDatabase> database;
  std::string application;
  std::string stream;
};

Result<LeaseListing> listRows(const Table& table) {
  auto select = table.database->prepare(fmt::format(
      "SELECT {} FROM leases WHERE application = ?1 AND stream = ?2 ORDER BY leaseKey", kColumns));
  if (!select) return fail(select.error());
  select->bind(1, table.application);
  select->bind(2, table.stream);
  LeaseListing listing;
  for (;;) {  // Bounded by the table.
    auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return listing;
    auto row = readRow(*select);
    if (row) {
      listing.leases.push_back(std::move(*row));
    } else {
      listing.unreadable.push_back({select->text(0), row.error().message()});
    }
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
      "INSERT INTO leases ({}, application, stream) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18) ON CONFLICT DO NOTHING",
      kColumns));
  if (!insert) return fail(insert.error());
  const int next = bindRow(*insert, 1, lease);
  insert->bind(next, table.application);
  insert->bind(next + 1, table.stream);
  auto done = insert->step();
  if (!done) return fail(done.error());
  return table.database->changes() == 1;
}

Error conflict(const std::string& reason) {
  return Error(Code::kConflict, reason, "another worker wrote this row; read it again");
}

// Changes a row as `change` says, which may refuse: read and written in one transaction, so that no other
// process comes between.
Result<Lease> changeRow(const Table& table, const std::string& leaseKey,
                        const std::function<std::optional<std::string>(Lease&)>& change) {
  Lease changed;
  auto done = table.database->transaction([&]() -> Result<void> {
    auto row = getRow(table, leaseKey);
    if (!row) return fail(row.error());
    if (!*row) return fail(conflict("there is no such row"));
    if (const auto refused = change(**row)) return fail(conflict(*refused));
    auto update = table.database->prepare(
        fmt::format("INSERT OR REPLACE INTO leases ({}, application, stream) "
                    "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
                    kColumns));
    if (!update) return fail(update.error());
    const int next = bindRow(*update, 1, **row);
    update->bind(next, table.application);
    update->bind(next + 1, table.stream);
    auto stepped = update->step();
    if (!stepped) return fail(stepped.error());
    changed = std::move(**row);
    return {};
  });
  if (!done) return fail(done.error());
  return changed;
}

Result<Lease> writeRow(const Table& table, const LeaseWrite& write) {
  return changeRow(table, write.before.leaseKey, [&](Lease& row) {
    auto refused = refusalOf(write, row);
    if (!refused) applyTo(row, write);
    return refused;
  });
}

Result<void> removeRow(const Table& table, const Lease& seen) {
  return table.database->transaction([&]() -> Result<void> {
    auto row = getRow(table, seen.leaseKey);
    if (!row) return fail(row.error());
    if (!*row) return {};
    if ((*row)->leaseCounter != seen.leaseCounter) return fail(conflict("the counter has moved"));
    if (!(*row)->checkpoint.isShardEnd()) return fail(conflict("the shard is not finished"));
    auto remove = table.database->prepare(
        "DELETE FROM leases WHERE leaseKey = ?1 AND application = ?2 AND stream = ?3");
    if (!remove) return fail(remove.error());
    remove->bind(1, seen.leaseKey);
    remove->bind(2, table.application);
    remove->bind(3, table.stream);
    auto stepped = remove->step();
    if (!stepped) return fail(stepped.error());
    return {};
  });
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
    if (*version == 1) {
      auto upgraded = database.execute(kUpgrade);
      if (!upgraded) return upgraded;
    }
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

Result<std::vector<std::string>> streamsIn(const std::string& path, const std::string& application) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail(Code::kUnknownTable, "there is no lease table " + base::quoteIfNeeded(path),
                "check the state folder; a worker makes the table when it starts");
  }
  auto database = openTables(path);
  if (!database) return fail(database.error());
  auto select =
      (*database)->prepare("SELECT DISTINCT stream FROM leases WHERE application = ?1 ORDER BY stream");
  if (!select) return fail(select.error());
  select->bind(1, application);
  std::vector<std::string> streams;
  for (;;) {  // Bounded by the table.
    auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return streams;
    streams.push_back(select->text(0));
  }
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

rt::Task<Result<LeaseListing>> SqliteLeaseStore::list() {
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

rt::Task<Result<Lease>> SqliteLeaseStore::write(const LeaseWrite& write) {
  const std::string context = nameOf(write.before.leaseKey);
  auto work = [table = Table{database_, application(), stream()}, write] { return writeRow(table, write); };
  auto written = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(written), context);
}

rt::Task<Result<void>> SqliteLeaseStore::change(std::string leaseKey, LeaseChange change) {
  const std::string context = nameOf(leaseKey);
  auto work = [table = Table{database_, application(), stream()}, key = std::move(leaseKey),
               change = std::move(change)]() -> Result<void> {
    auto changed = changeRow(table, key, change);
    if (!changed) return fail(changed.error());
    return {};
  };
  auto written = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(written), context);
}

rt::Task<Result<void>> SqliteLeaseStore::setChildren(const std::string& leaseKey,
                                                     const std::set<std::string>& children) {
  std::string key = leaseKey;
  LeaseChange set = [children](Lease& row) -> std::optional<std::string> {
    row.childShardIds = children;
    return std::nullopt;
  };
  co_return co_await change(std::move(key), std::move(set));
}

rt::Task<Result<void>> SqliteLeaseStore::setHashRange(const std::string& leaseKey,
                                                      const std::string& starting,
                                                      const std::string& ending) {
  std::string key = leaseKey;
  LeaseChange set = [starting, ending](Lease& row) -> std::optional<std::string> {
    row.startingHashKey = starting;
    row.endingHashKey = ending;
    return std::nullopt;
  };
  co_return co_await change(std::move(key), std::move(set));
}

rt::Task<Result<void>> SqliteLeaseStore::ask(const Lease& seen, const std::string& by) {
  std::string key = seen.leaseKey;
  LeaseChange set = [owner = seen.leaseOwner, by](Lease& row) -> std::optional<std::string> {
    if (row.leaseOwner != owner) return "the owner has changed";
    row.wantedBy = by;
    return std::nullopt;
  };
  co_return co_await change(std::move(key), std::move(set));
}

rt::Task<Result<void>> SqliteLeaseStore::remove(const Lease& seen) {
  const std::string context = nameOf(seen.leaseKey);
  auto work = [table = Table{database_, application(), stream()}, seen] { return removeRow(table, seen); };
  auto removed = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(removed), context);
}

rt::Task<Result<void>> SqliteLeaseStore::checkFleet() {
  co_return Result<void>();  // Only this program writes such files.
}

rt::Task<Result<std::unique_ptr<LeaseStore>>> SqliteLeaseStoreFactory::open(const std::string& application,
                                                                            const std::string& stream) {
  auto work = [path = path()] { return openTables(path); };
  auto database = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  if (!database) co_return fail(database.error().within("application " + application + ", stream " + stream));
  std::unique_ptr<LeaseStore> store =
      std::make_unique<SqliteLeaseStore>(env_, std::move(*database), application, stream);
  co_return std::move(store);
}

rt::Task<Result<std::vector<std::string>>> SqliteLeaseStoreFactory::streamsOf(
    const std::string& application) {
  auto work = [path = path(), application] { return streamsIn(path, application); };
  auto streams = co_await rt::runOn(env_.store, env_.loop, std::move(work));
  co_return within(std::move(streams), "application " + application);
}

}  // namespace tidemill::lease

// examples/exactly_once_sqlite.cc: sums of orders by customer, each order counted exactly once.
//
// Records arrive at least once: after a crash some come again, maybe in other batches. So the sums are
// written in one transaction with the range of sequence numbers that they are made of, and orders inside of
// that range are left out.
#include <sqlite3.h>

#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <variant>

#include "tidemill/kinesis_input_dstream.h"
#include "tidemill/sequence_number.h"
#include "tidemill/streaming_context.h"

using namespace tidemill;

// As little of SQLite as this takes. Used by one thread at a time.
class Database {
 public:
  using Value = std::variant<std::int64_t, std::string>;

  explicit Database(const std::string& path) {
    check(sqlite3_open(path.c_str(), &handle_));
    sqlite3_busy_timeout(handle_, 5'000);
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // The rows that the statement gives; each ? is one of the values.
  std::vector<std::vector<std::string>> run(const std::string& sql, const std::vector<Value>& values = {}) {
    sqlite3_stmt* prepared = nullptr;
    check(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &prepared, nullptr));
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
    int place = 0;
    for (const Value& value : values) {
      ++place;
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        check(sqlite3_bind_int64(prepared, place, *number));
      } else {
        const std::string& text = std::get<std::string>(value);
        check(sqlite3_bind_text(prepared, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
      }
    }
    std::vector<std::vector<std::string>> rows;
    int code = sqlite3_step(prepared);
    for (; code == SQLITE_ROW; code = sqlite3_step(prepared)) {
      auto& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
        row.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(prepared, i)));
      }
    }
    if (code != SQLITE_DONE) check(code);
    return rows;
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle_));
  }

  sqlite3* handle_ = nullptr;
};

// A place in a shard. Records that a producer has packed into one share its number and differ in their part.
struct Position {
  std::string sequenceNumber;
  std::int64_t part = 0;

  bool operator<=(const Position& other) const {
    const auto order = compareSequenceNumbers(sequenceNumber, other.sequenceNumber);  // Never as text.
    return order < 0 || (order == 0 && part <= other.part);
  }
};
// By shard: everything up to here is in the sums.
using Progress = std::map<std::string, Position>;

struct Order {
  std::string shardId;
  Position position;
  std::string customer;
  std::int64_t cents = 0;
};

Order parseOrder(const Record& record) {
  Order order;
  order.shardId = record.shardId;
  order.position = {std::string(record.sequenceNumber), static_cast<std::int64_t>(record.subSequenceNumber)};
  std::istringstream line{std::string(record.text())};
  if (!(line >> order.customer >> order.cents)) throw std::invalid_argument("no customer and cents");
  return order;
}

void createTables(Database& database) {
  database.run("CREATE TABLE IF NOT EXISTS sums (customer TEXT PRIMARY KEY, cents INTEGER NOT NULL)");
  // One row for each shard, both ends inclusive.
  database.run(
      "CREATE TABLE IF NOT EXISTS ranges (shard TEXT PRIMARY KEY, fromSeqNumber TEXT NOT NULL, "
      "toSeqNumber TEXT NOT NULL, toPart INTEGER NOT NULL)");
}

Progress progressOf(Database& database) {
  Progress progress;
  for (const auto& row : database.run("SELECT shard, toSeqNumber, toPart FROM ranges")) {
    progress[row[0]] = {row[1], std::stoll(row[2])};
  }
  return progress;
}

bool isCounted(const std::string& shardId, const Position& position, const Progress& progress) {
  const auto found = progress.find(shardId);
  return found != progress.end() && position <= found->second;
}

void addSums(Database& database, const RDD<Order>& orders, const Progress& progress) {
  const auto sums =
      orders.filter([&](const Order& order) { return !isCounted(order.shardId, order.position, progress); })
          .map([](const Order& order) { return std::pair(order.customer, order.cents); })
          .reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; });
  for (const auto& [customer, cents] : sums.collect()) {
    database.run("INSERT INTO sums VALUES (?, ?) ON CONFLICT DO UPDATE SET cents = cents + excluded.cents",
                 {customer, cents});
  }
}

void extendRanges(Database& database, const BatchInfo& batch, Progress progress) {
  for (const SequenceNumberRange& range : batch.ranges) {
    Position last{range.toSeqNumber, std::numeric_limits<std::int64_t>::max()};
    if (range.toSubSeqNumber) last.part = static_cast<std::int64_t>(*range.toSubSeqNumber);
    if (isCounted(range.shardId, last, progress)) continue;
    database.run(
        "INSERT INTO ranges VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "toSeqNumber = excluded.toSeqNumber, toPart = excluded.toPart",
        {range.shardId, range.fromSeqNumber, last.sequenceNumber, last.part});
    progress[range.shardId] = last;
  }
}

void addBatch(Database& database, const RDD<Order>& orders, const BatchInfo& batch) {
  if (batch.records == 0) return;
  database.run("BEGIN IMMEDIATE");  // Nobody else moves the ranges between here and the COMMIT.
  try {
    const Progress progress = progressOf(database);
    addSums(database, orders, progress);
    extendRanges(database, batch, progress);
    database.run("COMMIT");
  } catch (...) {
    database.run("ROLLBACK");
    throw;  // The batch is tried again.
  }
}

int main() {
  Conf conf;
  conf.set("spark.streaming.stopGracefullyOnShutdown", "true");
  const auto database = std::make_shared<Database>("orders.db");
  createTables(*database);
  auto context = StreamingContext::getOrCreate("file:exactly-once-checkpoints", [&] {
    auto made = std::make_unique<StreamingContext>(conf, Seconds(1));
    KinesisInputDStream::builder()
        .streamingContext(*made)
        .streamName("orders")
        .checkpointAppName("exactly-once")
        .regionName("eu-central-1")
        .initialPosition(KinesisInitialPosition::TrimHorizon())
        .handlerPolicy(HandlerPolicy::skipCounted("no order"))
        .buildWithMessageHandler(parseOrder)
        .foreachRDD([database](const RDD<Order>& orders, const BatchInfo& batch) {
          addBatch(*database, orders, batch);
        });
    return made;
  });
  context->start();
  if (auto end = context->awaitTermination(); !end) {
    std::cerr << end.error().message() << "\ntry: " << end.error().hint() << '\n';
    return exitCode(end.error().code());
  }
}

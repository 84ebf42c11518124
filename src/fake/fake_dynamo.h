// fake/fake_dynamo.h: Amazon DynamoDB as a plain object: operations in, answers out, no clock of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "codec/body.h"
#include "codec/json_writer.h"
#include "fake/call_counters.h"
#include "fake/dynamo_capacity.h"
#include "fake/dynamo_parameters.h"
#include "fake/dynamo_store.h"
#include "fake/dynamo_value.h"
#include "fake/fake_options.h"
#include "fake/fault_plan.h"
#include "fake/input_value.h"
#include "fake/service_error.h"

namespace tidemill::fake {

// One call of an operation, on its way from input to answer.
struct DynamoCall {
  std::string_view operation;
  const InputValue& input;
  rt::WallTime now;
  Fault fault;
  // Where the answer is written.
  codec::JsonWriter out;
};

// A write that has just been applied, whether or not its answer will arrive.
struct AppliedWrite {
  std::string_view operation;
  std::string_view table;
  // The key attributes.
  const Item& key;
  // Null: there was no such item.
  const Item* before;
  // Null: the item is gone.
  const Item* after;
  rt::WallTime at;
};

// Not thread safe. Time may stand still but not go back from call to call.
class FakeDynamo {
 public:
  // `options` must outlive this object.
  FakeDynamo(const FakeAwsOptions& options, base::Random random);

  // True if call() knows the operation.
  static bool knows(std::string_view operation);

  // Checks types and constraints of `input` against the operation's model, then carries the operation out.
  Outcome<std::shared_ptr<const codec::Body>> call(std::string_view operation, InputValue input,
                                                   rt::WallTime now, Fault fault);

  // Is told of every applied write, in order: of items written by BatchWriteItem each, and of writes that
  // change nothing too. For the checker of a simulation; it must not call this object.
  using WriteObserver = std::function<void(const AppliedWrite&)>;
  void observeWrites(WriteObserver observer) { observer_ = std::move(observer); }

  // The present items of a table, in its order; nothing if there is no such table. For oracles and tests.
  std::optional<std::vector<Item>> items(std::string_view table) const;
  // All tables, as of the last call.
  const DynamoStore& store() const { return store_; }
  const CallCounters& calls() const { return calls_; }

 private:
  using Handler = Outcome<void> (FakeDynamo::*)(DynamoCall&);
  static Handler handlerOf(std::string_view operation);

  // dynamo_table_operations.cc
  Outcome<void> createTable(DynamoCall& call);
  Outcome<void> describeTable(DynamoCall& call);
  Outcome<void> deleteTable(DynamoCall& call);
  Outcome<void> listTables(DynamoCall& call);
  Outcome<void> updateTable(DynamoCall& call);
  Outcome<void> changeIndex(FakeTable& table, const InputValue& input, const InputValue& change,
                            rt::WallTime now);
  Outcome<void> describeTimeToLive(DynamoCall& call);
  Outcome<void> describeContinuousBackups(DynamoCall& call);
  Outcome<void> tagResource(DynamoCall& call);
  Outcome<void> listTagsOfResource(DynamoCall& call);
  // The table that ResourceArn names.
  Outcome<FakeTable*> taggedTable(const InputValue& input);

  // dynamo_item_operations.cc
  Outcome<void> getItem(DynamoCall& call);
  Outcome<void> putItem(DynamoCall& call);
  Outcome<void> updateItem(DynamoCall& call);
  Outcome<void> deleteItem(DynamoCall& call);

  // dynamo_read_operations.cc
  Outcome<void> query(DynamoCall& call);
  Outcome<void> scan(DynamoCall& call);
  struct Reading;
  Outcome<Reading> readingOf(const DynamoCall& call, DynamoParameters parameters);
  Outcome<void> readPage(DynamoCall& call, const Reading& reading);

  // dynamo_batch_operations.cc
  Outcome<void> batchGetItem(DynamoCall& call);
  Outcome<void> batchWriteItem(DynamoCall& call);
  struct BatchRead;
  struct BatchWrite;
  Outcome<std::vector<BatchRead>> batchReads(const InputValue& input);
  Outcome<std::vector<BatchWrite>> batchWrites(const InputValue& input);

  // The table for a call on items: "Requested resource not found" unless it can be read and written.
  Outcome<FakeTable*> usableTable(std::string_view name);
  // The table for a call on the table itself, in any state.
  Outcome<FakeTable*> tableOf(const InputValue& input);
  // Null removes. Does not check anything.
  void write(const DynamoCall& call, FakeTable& table, const std::string& order, ItemPointer before,
             ItemPointer after);
  // As of when a read answers.
  rt::WallTime readTime(const DynamoCall& call, bool consistent);
  Outcome<void> throttled(const DynamoCall& call);
  void count(const DynamoCall& call, bool refused);

  const FakeAwsOptions& options_;
  base::Random random_;
  DynamoStore store_;
  WriteObserver observer_;
  CallCounters calls_;
};

}  // namespace tidemill::fake

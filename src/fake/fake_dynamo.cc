#include "fake/fake_dynamo.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "fake/dynamo_keys.h"
#include "fake/dynamo_models.h"
#include "fake/input_model.h"

namespace tidemill::fake {
namespace {

constexpr std::array<std::string_view, 9> kOnTables = {"CreateTable",
                                                       "DescribeTable",
                                                       "DeleteTable",
                                                       "ListTables",
                                                       "UpdateTable",
                                                       "DescribeTimeToLive",
                                                       "DescribeContinuousBackups",
                                                       "TagResource",
                                                       "ListTagsOfResource"};

bool isOnTables(std::string_view operation) {
  return std::find(kOnTables.begin(), kOnTables.end(), operation) != kOnTables.end();
}

// A JSON type that is wrong inside an item is refused before any value is.
Outcome<void> checkItemTypes(const InputValue& input) {
  for (const char* name : {"Item", "Key", "ExclusiveStartKey", "ExpressionAttributeValues"}) {
    const InputValue* tree = input.find(name);
    if (tree == nullptr) continue;
    const auto item = readItem(*tree);
    if (!item && item.error().type == "SerializationException") return refuse(item.error());
  }
  return {};
}

}  // namespace

FakeDynamo::FakeDynamo(const FakeAwsOptions& options, base::Random random)
    : options_(options), random_(random), store_(options, random_.fork()) {}

FakeDynamo::Handler FakeDynamo::handlerOf(std::string_view operation) {
  static const auto* const handlers = new std::map<std::string_view, Handler>{
      {"CreateTable", &FakeDynamo::createTable},
      {"DescribeTable", &FakeDynamo::describeTable},
      {"DeleteTable", &FakeDynamo::deleteTable},
      {"ListTables", &FakeDynamo::listTables},
      {"UpdateTable", &FakeDynamo::updateTable},
      {"DescribeTimeToLive", &FakeDynamo::describeTimeToLive},
      {"DescribeContinuousBackups", &FakeDynamo::describeContinuousBackups},
      {"TagResource", &FakeDynamo::tagResource},
      {"ListTagsOfResource", &FakeDynamo::listTagsOfResource},
      {"GetItem", &FakeDynamo::getItem},
      {"PutItem", &FakeDynamo::putItem},
      {"UpdateItem", &FakeDynamo::updateItem},
      {"DeleteItem", &FakeDynamo::deleteItem},
      {"Query", &FakeDynamo::query},
      {"Scan", &FakeDynamo::scan},
      {"BatchGetItem", &FakeDynamo::batchGetItem},
      {"BatchWriteItem", &FakeDynamo::batchWriteItem},
  };
  const auto found = handlers->find(operation);
  return found == handlers->end() ? nullptr : found->second;
}

bool FakeDynamo::knows(std::string_view operation) {
  return handlerOf(operation) != nullptr;
}

Outcome<std::shared_ptr<const codec::Body>> FakeDynamo::call(std::string_view operation, InputValue input,
                                                             rt::WallTime now, Fault fault) {
  const InputModel& model = *dynamoModel(operation);
  if (auto typed = checkTypes(input, model, Wording::kDynamo); !typed) return refuse(typed.error());
  if (auto typed = checkItemTypes(input); !typed) return refuse(typed.error());
  if (auto fits = checkConstraints(input, model); !fits) return refuse(fits.error());
  if (auto named = checkTableName(input); !named) return refuse(named.error());

  store_.settle(now);
  DynamoCall call{.operation = operation, .input = input, .now = now, .fault = fault, .out = {}};
  auto done = throttled(call);
  if (done) done = (this->*handlerOf(operation))(call);
  count(call, !done);
  if (!done) {
    ++calls_.byError[done.error().type];
    return refuse(done.error());
  }
  return codec::Body::copyOf(call.out.take());
}

// A table on demand and one with provisioned throughput refuse with errors of different names.
Outcome<void> FakeDynamo::throttled(const DynamoCall& call) {
  if (call.fault != Fault::kThrottled) return {};
  if (isOnTables(call.operation)) {
    return refuse("ThrottlingException", "Rate of requests exceeds the allowed throughput.");
  }
  const auto name = call.input.textOf("TableName");
  const FakeTable* table = name ? store_.find(*name) : nullptr;
  if (table != nullptr && table->onDemand) {
    return refuse("ThrottlingException",
                  "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically "
                  "scaling your table or index so please try again shortly.");
  }
  return refuse("ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded. Consider "
                "increasing your provisioning level with the UpdateTable API.");
}

void FakeDynamo::count(const DynamoCall& call, bool refused) {
  CallCount& operation = calls_.byOperation[std::string(call.operation)];
  operation.add(call.now);
  operation.refused += refused ? 1 : 0;
}

std::optional<std::vector<Item>> FakeDynamo::items(std::string_view table) const {
  const auto found = store_.tables().find(table);
  if (found == store_.tables().end()) return std::nullopt;
  std::vector<Item> all;
  found->second->visit(rt::WallTime::max(), nullptr, {}, [&](const std::string&, const ItemPointer& item) {
    all.push_back(*item);
    return true;
  });
  return all;
}

Outcome<FakeTable*> FakeDynamo::usableTable(std::string_view name) {
  FakeTable* table = store_.find(name);
  const bool usable =
      table != nullptr && (table->status == TableStatus::kActive || table->status == TableStatus::kUpdating);
  if (!usable) return notFound("Requested resource not found");
  return table;
}

Outcome<FakeTable*> FakeDynamo::tableOf(const InputValue& input) {
  const auto name = *input.textOf("TableName");
  FakeTable* table = store_.find(name);
  if (table == nullptr) return refuse(DynamoStore::tableNotFound(name));
  return table;
}

void FakeDynamo::write(const DynamoCall& call, FakeTable& table, const std::string& order, ItemPointer before,
                       ItemPointer after) {
  if (before == nullptr && after == nullptr) return;
  table.write(order, after, call.now);
  if (!observer_) return;
  const Item key = pageKeyOf(table, nullptr, after != nullptr ? *after : *before);
  observer_({.operation = call.operation,
             .table = table.name,
             .key = key,
             .before = before.get(),
             .after = after.get(),
             .at = call.now});
}

rt::WallTime FakeDynamo::readTime(const DynamoCall& call, bool consistent) {
  if (consistent || options_.staleReads.count() == 0) return call.now;
  return call.now - std::chrono::milliseconds(random_.between(0, options_.staleReads.count()));
}

}  // namespace tidemill::fake

// Operations on one item: get, put, update, delete.
#include <algorithm>

#include <fmt/format.h>

#include "fake/dynamo_keys.h"
#include "fake/dynamo_protocol.h"
#include "fake/fake_dynamo.h"

namespace tidemill::fake {
namespace {

// What a write asks to be told: the item before, the item after, or what it touched of either.
Item returned(std::string_view wanted, const UpdatePlan* plan, const ItemPointer& before,
              const ItemPointer& after) {
  const ItemPointer& item = wanted.ends_with("_OLD") ? before : after;
  if (wanted == "NONE" || item == nullptr) return {};
  if (wanted.starts_with("ALL_") || plan == nullptr) return *item;
  return touchedBy(*plan, *item);
}

std::size_t sizeOf(const ItemPointer& item) {
  return item == nullptr ? 0 : sizeBytes(*item);
}

// The answer of a put, an update or a delete.
void answerWrite(DynamoCall& call, const FakeTable& table, const Item& attributes, const ItemPointer& before,
                 const ItemPointer& after) {
  call.out.beginObject();
  if (!attributes.empty()) {
    call.out.key("Attributes");
    writeItem(call.out, attributes);
  }
  writeConsumed(call.out, call.input,
                {.table = table.name, .tableHalves = writeHalves(sizeOf(before), sizeOf(after))});
  call.out.endObject();
}

// A condition that does not hold is an error, which may carry the item that stood in the way.
Outcome<void> checkCondition(const DynamoCall& call, const std::optional<Condition>& condition,
                             const ItemPointer& item) {
  static const Item kNone;
  if (!condition || holds(*condition, item == nullptr ? kNone : *item)) return {};
  ServiceError failed{"ConditionalCheckFailedException", "The conditional request failed"};
  const bool tell = call.input.textOf("ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
  if (tell && item != nullptr) {
    codec::JsonWriter out;
    out.beginObject();
    out.key("__type");
    out.text(dynamoTypeName(failed.type));
    out.key("Item");
    writeItem(out, *item);
    out.key("message");
    out.text(failed.message);
    out.endObject();
    failed.body = codec::Body::copyOf(out.take());
  }
  return refuse(std::move(failed));
}

// Put and delete know less than update.
Outcome<std::string_view> returnValues(const InputValue& input, bool isUpdate) {
  const std::string_view wanted = input.textOf("ReturnValues").value_or("NONE");
  if (isUpdate || wanted == "NONE" || wanted == "ALL_OLD") return wanted;
  return invalidRequest("ReturnValues can only be ALL_OLD or NONE");
}

std::vector<std::string> namesOf(const TableKeys& keys) {
  std::vector<std::string> names;
  for (const KeyPart& part : keys.parts()) names.push_back(part.name);
  return names;
}

}  // namespace

Outcome<void> FakeDynamo::getItem(DynamoCall& call) {
  const auto key = readItem(*call.input.find("Key"));
  if (!key) return refuse(key.error());
  const auto parameters = readDynamoParameters(call.operation, call.input);
  if (!parameters) return refuse(parameters.error());
  const auto table = usableTable(*call.input.textOf("TableName"));
  if (!table) return refuse(table.error());
  if (auto right = checkKey((*table)->keys, *key); !right) return right;

  const bool consistent = call.input.isTrue("ConsistentRead");
  const ItemPointer item = (*table)->find((*table)->orderOf(*key), readTime(call, consistent));
  call.out.beginObject();
  if (item != nullptr) {
    call.out.key("Item");
    writeItem(call.out, parameters->projection ? project(*parameters->projection, *item) : *item);
  }
  writeConsumed(call.out, call.input,
                {.table = (*table)->name, .tableHalves = readHalves(sizeOf(item), consistent)});
  call.out.endObject();
  return {};
}

Outcome<void> FakeDynamo::putItem(DynamoCall& call) {
  auto item = readItem(*call.input.find("Item"));
  if (!item) return refuse(item.error());
  const auto wanted = returnValues(call.input, false);
  if (!wanted) return refuse(wanted.error());
  if (sizeBytes(*item) > kItemBytesMax) {
    return invalidRequest("Item size has exceeded the maximum allowed size");
  }
  const auto parameters = readDynamoParameters(call.operation, call.input);
  if (!parameters) return refuse(parameters.error());
  const auto table = usableTable(*call.input.textOf("TableName"));
  if (!table) return refuse(table.error());
  if (auto right = checkItemKeys(**table, *item); !right) return right;

  const std::string order = (*table)->orderOf(*item);
  const ItemPointer before = (*table)->find(order, call.now);
  if (auto held = checkCondition(call, parameters->condition, before); !held) return held;
  const auto after = std::make_shared<const Item>(std::move(*item));
  write(call, **table, order, before, after);
  answerWrite(call, **table, returned(*wanted, nullptr, before, after), before, after);
  return {};
}

Outcome<void> FakeDynamo::updateItem(DynamoCall& call) {
  auto key = readItem(*call.input.find("Key"));
  if (!key) return refuse(key.error());
  const auto wanted = returnValues(call.input, true);
  auto parameters = readDynamoParameters(call.operation, call.input);
  if (!parameters) return refuse(parameters.error());
  const UpdatePlan plan = std::move(parameters->update).value_or(UpdatePlan{});
  const auto table = usableTable(*call.input.textOf("TableName"));
  if (!table) return refuse(table.error());
  if (auto right = checkKey((*table)->keys, *key); !right) return right;
  if (auto allowed = refuseKeyUpdate(plan, namesOf((*table)->keys)); !allowed) return allowed;

  const std::string order = (*table)->orderOf(*key);
  const ItemPointer before = (*table)->find(order, call.now);
  if (auto held = checkCondition(call, parameters->condition, before); !held) return held;
  if (before == nullptr && plan.onlyRemoves()) {
    answerWrite(call, **table, {}, before, nullptr);
    return {};
  }
  auto updated = applyUpdate(plan, before == nullptr ? *key : *before);
  if (!updated) return refuse(updated.error());
  if (sizeBytes(*updated) > kItemBytesMax) {
    return invalidRequest("Item size to update has exceeded the maximum allowed size");
  }
  if (auto right = checkIndexKeys(**table, *updated); !right) return right;
  const auto after = std::make_shared<const Item>(std::move(*updated));
  write(call, **table, order, before, after);
  answerWrite(call, **table, returned(*wanted, &plan, before, after), before, after);
  return {};
}

Outcome<void> FakeDynamo::deleteItem(DynamoCall& call) {
  const auto key = readItem(*call.input.find("Key"));
  if (!key) return refuse(key.error());
  const auto wanted = returnValues(call.input, false);
  if (!wanted) return refuse(wanted.error());
  const auto parameters = readDynamoParameters(call.operation, call.input);
  if (!parameters) return refuse(parameters.error());
  const auto table = usableTable(*call.input.textOf("TableName"));
  if (!table) return refuse(table.error());
  if (auto right = checkKey((*table)->keys, *key); !right) return right;

  const std::string order = (*table)->orderOf(*key);
  const ItemPointer before = (*table)->find(order, call.now);
  if (auto held = checkCondition(call, parameters->condition, before); !held) return held;
  write(call, **table, order, before, nullptr);
  answerWrite(call, **table, returned(*wanted, nullptr, before, nullptr), before, nullptr);
  return {};
}

}  // namespace tidemill::fake

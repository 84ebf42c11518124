// Operations on several items at once: BatchGetItem and BatchWriteItem.
#include <set>

#include <fmt/format.h>

#include "fake/dynamo_keys.h"
#include "fake/fake_dynamo.h"
#include "fake/input_model.h"

namespace tidemill::fake {

// What is read of one table.
struct FakeDynamo::BatchRead {
  FakeTable* table;
  const InputValue* part;
  std::vector<Item> keys;
  std::optional<Projection> projection;
  bool consistent;
};

// One item to put, or its key to delete.
struct FakeDynamo::BatchWrite {
  FakeTable* table;
  std::string tableText;
  const InputValue* request;
  bool isPut;
  Item item;
  std::string order{};
};

namespace {

constexpr std::size_t kReadsMax = 100;
constexpr std::size_t kWritesMax = 25;
// What one answer carries at most; the rest is unprocessed.
constexpr std::size_t kAnswerBytesMax = 16u << 20;

using Type = MemberRule::Type;

tl::unexpected<ServiceError> tooLong(const std::string& path, std::size_t most) {
  return invalidRequest(
      fmt::format("1 validation error detected: Value '[...]' at '{}' failed to satisfy constraint: Member "
                  "must have length less than or equal to {}",
                  path, most));
}

// The part of BatchGetItem's input that belongs to one table.
const InputModel& keysModel() {
  static const auto* const model = new InputModel{
      MemberRule{.name = "ConsistentRead", .type = Type::kBoolean},
      MemberRule{.name = "ProjectionExpression"},
      MemberRule{.name = "ExpressionAttributeNames", .type = Type::kTextMap},
      MemberRule{.name = "AttributesToGet", .type = Type::kList, .least = 1},
  };
  return *model;
}

void writeInput(codec::JsonWriter& out, const InputValue& value);

void writeMembers(codec::JsonWriter& out, const InputValue& value) {
  out.beginObject();
  for (const auto& [name, member] : value.members) {
    out.key(name);
    writeInput(out, member);
  }
  out.endObject();
}

// A part of the request as it came, for what was left unprocessed.
void writeInput(codec::JsonWriter& out, const InputValue& value) {
  switch (value.kind) {
    case InputValue::Kind::kMap:
      return writeMembers(out, value);
    case InputValue::Kind::kList:
      out.beginArray();
      for (const auto& item : value.items) writeInput(out, item);
      out.endArray();
      return;
    case InputValue::Kind::kBoolean:
      return out.boolean(value.boolean);
    case InputValue::Kind::kInteger:
      return out.integer(value.integer);
    case InputValue::Kind::kNull:
      return out.null();
    default:
      return out.text(value.text);
  }
}

}  // namespace

Outcome<std::vector<FakeDynamo::BatchRead>> FakeDynamo::batchReads(const InputValue& input) {
  std::vector<BatchRead> reads;
  std::size_t number = 0;
  for (const auto& [name, given] : input.find("RequestItems")->members) {
    const std::string path = fmt::format("requestItems.{}.member.keys", name);
    const InputValue* list = given.find("Keys");
    if (list == nullptr) {
      return invalidRequest(
          fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member "
                      "must not be null",
                      path));
    }
    if (list->items.size() > kReadsMax) return tooLong(path, kReadsMax);
    if (list->items.empty()) {
      return invalidRequest(
          fmt::format("1 validation error detected: Value '[]' at '{}' failed to satisfy constraint: Member "
                      "must have length greater than or equal to 1",
                      path));
    }
    // A copy, because the check drops what the model does not know.
    InputValue part = given;
    if (auto typed = checkTypes(part, keysModel(), Wording::kDynamo); !typed) return refuse(typed.error());
    auto parameters = readDynamoParameters("BatchGetItem", part);
    if (!parameters) return refuse(parameters.error());
    number += list->items.size();
    BatchRead read{.table = nullptr,
                   .part = &given,
                   .keys = {},
                   .projection = std::move(parameters->projection),
                   .consistent = part.isTrue("ConsistentRead")};
    for (const InputValue& one : list->items) {
      auto key = readItem(one);
      if (!key) return refuse(key.error());
      read.keys.push_back(std::move(*key));
    }
    reads.push_back(std::move(read));
  }
  if (number > kReadsMax) return invalidRequest("Too many items requested for the BatchGetItem call");
  std::size_t at = 0;
  for (const auto& member : input.find("RequestItems")->members) {
    BatchRead& read = reads[at++];
    auto table = usableTable(member.name);
    if (!table) return refuse(table.error());
    read.table = *table;
    std::set<std::string> seen;
    for (const Item& key : read.keys) {
      if (auto right = checkKey(read.table->keys, key); !right) return refuse(right.error());
      if (!seen.insert(read.table->orderOf(key)).second) {
        return invalidRequest("Provided list of item keys contains duplicates");
      }
    }
  }
  return reads;
}

Outcome<void> FakeDynamo::batchGetItem(DynamoCall& call) {
  const auto reads = batchReads(call.input);
  if (!reads) return refuse(reads.error());
  // How many are left out, at most all but the first.
  std::size_t most = SIZE_MAX;
  if (call.fault == Fault::kPartlyFailed) most = 1 + random_.below(3);
  std::size_t bytes = 0;
  std::size_t done = 0;
  // Per table, how many of its keys were processed.
  std::vector<std::size_t> processed;
  std::vector<ConsumedUnits> units;
  call.out.beginObject();
  call.out.key("Responses");
  call.out.beginObject();
  for (const BatchRead& read : *reads) {
    call.out.key(read.table->name);
    call.out.beginArray();
    const rt::WallTime when = readTime(call, read.consistent);
    std::int64_t halves = 0;
    std::size_t taken = 0;
    for (; taken < read.keys.size() && done < most; ++taken, ++done) {
      const ItemPointer item = read.table->find(read.table->orderOf(read.keys[taken]), when);
      const std::size_t size = item == nullptr ? 0 : sizeBytes(*item);
      if (bytes + size > kAnswerBytesMax) break;
      bytes += size;
      halves += readHalves(size, read.consistent);
      if (item == nullptr) continue;
      writeItem(call.out, read.projection ? project(*read.projection, *item) : *item);
    }
    call.out.endArray();
    processed.push_back(taken);
    units.push_back({.table = read.table->name, .tableHalves = halves});
  }
  call.out.endObject();
  call.out.key("UnprocessedKeys");
  call.out.beginObject();
  for (std::size_t i = 0; i < reads->size(); ++i) {
    const BatchRead& read = (*reads)[i];
    if (processed[i] == read.keys.size()) continue;
    InputValue rest = *read.part;
    auto& keys = rest.find("Keys")->items;
    keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(processed[i]));
    call.out.key(read.table->name);
    writeInput(call.out, rest);
  }
  call.out.endObject();
  writeConsumed(call.out, call.input, units);
  call.out.endObject();
  return {};
}

Outcome<std::vector<FakeDynamo::BatchWrite>> FakeDynamo::batchWrites(const InputValue& input) {
  std::vector<BatchWrite> writes;
  for (const auto& [name, list] : input.find("RequestItems")->members) {
    if (list.kind != InputValue::Kind::kList) {
      return refuse({"SerializationException", "Unexpected field type", 400, true});
    }
    const std::string path = fmt::format("requestItems.{}.member", name);
    if (list.items.size() > kWritesMax) return tooLong(path, kWritesMax);
    for (const InputValue& request : list.items) {
      const InputValue* put = request.find("PutRequest");
      const InputValue* remove = request.find("DeleteRequest");
      if ((put == nullptr) == (remove == nullptr)) {
        return invalidRequest(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
            "supported datatypes");
      }
      const InputValue* tree = put != nullptr ? put->find("Item") : remove->find("Key");
      if (tree == nullptr) {
        return invalidRequest(
            fmt::format("1 validation error detected: Value null at '{}.1.member.{}' failed to satisfy "
                        "constraint: Member must not be null",
                        path, put != nullptr ? "putRequest.item" : "deleteRequest.key"));
      }
      auto item = readItem(*tree);
      if (!item) return refuse(item.error());
      if (put != nullptr && sizeBytes(*item) > kItemBytesMax) {
        return invalidRequest("Item size has exceeded the maximum allowed size");
      }
      writes.push_back({.table = nullptr,
                        .tableText = name,
                        .request = &request,
                        .isPut = put != nullptr,
                        .item = std::move(*item)});
    }
  }
  if (writes.size() > kWritesMax)
    return invalidRequest("Too many items requested for the BatchWriteItem call");
  std::set<std::pair<std::string, std::string>> seen;
  for (BatchWrite& one : writes) {
    auto table = usableTable(one.tableText);
    if (!table) return refuse(table.error());
    one.table = *table;
    auto right = one.isPut ? checkItemKeys(*one.table, one.item) : checkKey(one.table->keys, one.item);
    if (!right) return refuse(right.error());
    one.order = one.table->orderOf(one.item);
    if (!seen.emplace(one.table->name, one.order).second) {
      return invalidRequest("Provided list of item keys contains duplicates");
    }
  }
  return writes;
}

Outcome<void> FakeDynamo::batchWriteItem(DynamoCall& call) {
  auto writes = batchWrites(call.input);
  if (!writes) return refuse(writes.error());
  std::size_t most = writes->size();
  if (call.fault == Fault::kPartlyFailed) most = random_.below(most + 1);
  std::map<std::string, std::vector<const InputValue*>> rest;
  std::map<std::string, std::int64_t> halves;
  for (std::size_t i = 0; i < writes->size(); ++i) {
    BatchWrite& one = (*writes)[i];
    if (i >= most) {
      rest[one.table->name].push_back(one.request);
      continue;
    }
    const ItemPointer before = one.table->find(one.order, call.now);
    const ItemPointer after = one.isPut ? std::make_shared<const Item>(std::move(one.item)) : nullptr;
    halves[one.table->name] +=
        writeHalves(before == nullptr ? 0 : sizeBytes(*before), after == nullptr ? 0 : sizeBytes(*after));
    write(call, *one.table, one.order, before, after);
  }
  call.out.beginObject();
  call.out.key("UnprocessedItems");
  call.out.beginObject();
  for (const auto& [name, requests] : rest) {
    call.out.key(name);
    call.out.beginArray();
    for (const InputValue* request : requests) writeInput(call.out, *request);
    call.out.endArray();
  }
  call.out.endObject();
  std::vector<ConsumedUnits> units;
  for (const auto& [name, consumed] : halves) units.push_back({.table = name, .tableHalves = consumed});
  writeConsumed(call.out, call.input, units);
  call.out.endObject();
  return {};
}

}  // namespace tidemill::fake

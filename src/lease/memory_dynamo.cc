#include "lease/memory_dynamo.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace tidemill::lease {
namespace {

using dynamo::AttributeValue;
using dynamo::Bindings;
using dynamo::Item;
using dynamo::WriteOutcome;

constexpr std::size_t kPageItems = 3;  // Small, so that every scan of a test has pages.

std::vector<std::string> tokensOf(const std::string& text) {
  std::vector<std::string> tokens;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) tokens.push_back(std::exchange(word, {}));
  };
  for (const char c : text) {
    const bool symbol = c == '(' || c == ')' || c == ',';
    if (symbol || c == ' ') flush();
    if (symbol) tokens.emplace_back(1, c);
    if (!symbol && c != ' ') word += c;
  }
  flush();
  return tokens;
}

// One expression with what its placeholders stand for. The first mistake makes it bad.
class Expression {
 public:
  Expression(const std::string& text, const Bindings& bindings, std::set<std::string>& used)
      : tokens_(tokensOf(text)), bindings_(bindings), used_(used) {}

  bool condition(const Item& item) {
    const bool holds = any(item);
    if (at_ != tokens_.size()) bad_ = true;
    return holds;
  }
  void update(Item& item) {
    std::string section;
    while (at_ < tokens_.size() && !bad_) {
      if (peek() == "SET" || peek() == "REMOVE") section = take();
      const std::string name = nameOf(take());
      if (section == "SET") {
        expect("=");
        item.insert_or_assign(name, valueOf(take()));
      } else {
        item.erase(name);
      }
      if (peek() == ",") take();
    }
  }
  bool bad() const { return bad_; }

 private:
  bool any(const Item& item) {
    bool holds = all(item);
    while (peek() == "OR") {
      take();
      const bool other = all(item);
      holds = holds || other;
    }
    return holds;
  }
  bool all(const Item& item) {
    bool holds = term(item);
    while (peek() == "AND") {
      take();
      const bool other = term(item);
      holds = holds && other;
    }
    return holds;
  }
  bool term(const Item& item) {
    const std::string first = take();
    if (first == "(") {
      const bool holds = any(item);
      expect(")");
      return holds;
    }
    if (first == "attribute_exists" || first == "attribute_not_exists") {
      expect("(");
      const bool there = item.contains(nameOf(take()));
      expect(")");
      return there == (first == "attribute_exists");
    }
    const AttributeValue* value = dynamo::find(item, nameOf(first));
    const std::string comparison = take();
    const AttributeValue wanted = valueOf(take());
    const bool equal = value != nullptr && *value == wanted;
    if (comparison == "=") return equal;
    if (comparison != "<>") bad_ = true;
    return !equal;
  }

  std::string peek() const { return at_ < tokens_.size() ? tokens_[at_] : std::string(); }
  std::string take() {
    if (at_ == tokens_.size()) bad_ = true;
    return at_ < tokens_.size() ? tokens_[at_++] : std::string();
  }
  void expect(const std::string& token) {
    if (take() != token) bad_ = true;
  }
  std::string nameOf(const std::string& placeholder) {
    const auto found = bindings_.names.find(placeholder);
    if (found == bindings_.names.end()) bad_ = true;
    used_.insert(placeholder);
    return found == bindings_.names.end() ? std::string() : found->second;
  }
  AttributeValue valueOf(const std::string& placeholder) {
    const auto found = bindings_.values.find(placeholder);
    if (found == bindings_.values.end()) bad_ = true;
    used_.insert(placeholder);
    return found == bindings_.values.end() ? AttributeValue::null() : found->second;
  }

  const std::vector<std::string> tokens_;
  const Bindings& bindings_;
  std::set<std::string>& used_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

std::string keyText(const Item& item, const std::string& name) {
  return std::string(dynamo::stringOf(item, name).value_or(""));
}

tl::unexpected<Error> invalid(const std::string& expression) {
  return fail(Code::kInvalidArgument, "ValidationException: " + expression);
}

}  // namespace

MemoryDynamo::Table& MemoryDynamo::make(const std::string& name, const std::string& key) {
  Table& table = tables[name];
  table.description.name = name;
  table.description.status = "ACTIVE";
  table.description.partitionKey.name = key;
  return table;
}

void MemoryDynamo::put(const std::string& table, Item item) {
  Table& into = tables.at(table);
  std::string key = keyText(item, into.description.partitionKey.name);
  into.rows.insert_or_assign(std::move(key), std::move(item));
}

Result<MemoryDynamo::Table*> MemoryDynamo::reach(const std::string& operation, const std::string& name) {
  ++calls[operation];
  const auto refused = refusals.find(name);
  if (refused != refusals.end()) return fail(refused->second);
  const auto found = tables.find(name);
  if (found == tables.end()) return fail(Code::kUnknownTable, dynamo::tableContext(name) + ": not found");
  return &found->second;
}

Result<WriteOutcome> MemoryDynamo::answer(WriteOutcome outcome) {
  if (!tellsItems) outcome.attributes.reset();
  if (!lostAnswer) return outcome;
  return fail(*std::exchange(lostAnswer, std::nullopt));
}

rt::Task<Result<dynamo::TableDescription>> MemoryDynamo::createTable(
    const dynamo::CreateTableRequest& request) {
  co_await loop_.yield();
  ++calls["CreateTable"];
  if (tables.contains(request.table)) {
    co_return fail(Code::kResourceInUse, "Table already exists: " + request.table);
  }
  Table& table = make(request.table, request.partitionKey.name);
  table.description.status = creatingTurns > 0 ? "CREATING" : "ACTIVE";
  co_return table.description;
}

rt::Task<Result<dynamo::TableDescription>> MemoryDynamo::describeTable(const std::string& name) {
  co_await loop_.yield();
  auto table = reach("DescribeTable", name);
  if (!table) co_return fail(table.error());
  dynamo::TableDescription description = (*table)->description;
  if (description.status == "CREATING" && --creatingTurns <= 0) (*table)->description.status = "ACTIVE";
  co_return description;
}

rt::Task<Result<std::optional<Item>>> MemoryDynamo::getItem(const dynamo::GetItemRequest& request) {
  co_await loop_.yield();
  auto table = reach("GetItem", request.table);
  if (!table) co_return fail(table.error());
  const std::string& keyName = (*table)->description.partitionKey.name;
  if (!request.key.contains(keyName)) co_return invalid("the key does not match the schema");
  const auto row = (*table)->rows.find(keyText(request.key, keyName));
  if (row == (*table)->rows.end()) co_return std::optional<Item>();
  co_return std::optional<Item>(row->second);
}

rt::Task<Result<WriteOutcome>> MemoryDynamo::putNewItem(const dynamo::PutNewItemRequest& request) {
  co_await loop_.yield();
  auto table = reach("PutItem", request.table);
  if (!table) co_return fail(table.error());
  const bool made = (*table)->rows.emplace(keyText(request.item, request.partitionKey), request.item).second;
  co_return answer({made, std::nullopt});
}

rt::Task<Result<WriteOutcome>> MemoryDynamo::updateItem(const dynamo::UpdateItemRequest& request) {
  co_await loop_.yield();
  lastUpdate = request;
  auto table = reach("UpdateItem", request.table);
  if (!table) co_return fail(table.error());
  const std::string key = keyText(request.key, (*table)->description.partitionKey.name);
  const auto row = (*table)->rows.find(key);
  const bool there = row != (*table)->rows.end();
  Item item = there ? row->second : request.key;
  std::set<std::string> used;
  Expression condition(request.condition, request.bindings, used);
  const bool holds = request.condition.empty() || condition.condition(there ? item : Item());
  Expression update(request.update, request.bindings, used);
  update.update(item);
  const bool allUsed = used.size() == request.bindings.names.size() + request.bindings.values.size();
  if (condition.bad() || update.bad() || !allUsed)
    co_return invalid(request.condition + "; " + request.update);
  if (!holds) co_return answer({false, there ? std::optional(row->second) : std::nullopt});
  (*table)->rows.insert_or_assign(key, item);
  co_return answer({true, request.returnNew ? std::optional(item) : std::nullopt});
}

rt::Task<Result<WriteOutcome>> MemoryDynamo::deleteItem(const dynamo::DeleteItemRequest& request) {
  co_await loop_.yield();
  auto table = reach("DeleteItem", request.table);
  if (!table) co_return fail(table.error());
  const auto row = (*table)->rows.find(keyText(request.key, (*table)->description.partitionKey.name));
  const bool there = row != (*table)->rows.end();
  std::set<std::string> used;
  Expression condition(request.condition, request.bindings, used);
  const bool holds = request.condition.empty() || condition.condition(there ? row->second : Item());
  const bool allUsed = used.size() == request.bindings.names.size() + request.bindings.values.size();
  if (condition.bad() || !allUsed) co_return invalid(request.condition);
  if (!holds) co_return answer({false, there ? std::optional(row->second) : std::nullopt});
  if (there) (*table)->rows.erase(row);
  co_return answer({true, std::nullopt});
}

rt::Task<Result<dynamo::ScanPage>> MemoryDynamo::scanPage(const dynamo::ScanRequest& request) {
  co_await loop_.yield();
  auto table = reach("Scan", request.table);
  if (!table) co_return fail(table.error());
  const auto& rows = (*table)->rows;
  const std::string& keyName = (*table)->description.partitionKey.name;
  auto at = request.startKey ? rows.upper_bound(keyText(*request.startKey, keyName)) : rows.begin();
  dynamo::ScanPage page;
  for (; at != rows.end() && page.items.size() < kPageItems; ++at) page.items.push_back(at->second);
  if (at != rows.end()) {
    page.lastEvaluatedKey = Item{{keyName, AttributeValue::string(std::prev(at)->first)}};
  }
  co_return page;
}

}  // namespace tidemill::lease

// fake/dynamo_table.h: one table of DynamoDB: its schema, its indexes and its items, as they are and as they
// were.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake/dynamo_value.h"
#include "rt/time.h"

namespace tidemill::fake {

enum class TableStatus { kCreating, kActive, kUpdating, kDeleting };
std::string_view statusName(TableStatus status);

struct KeyPart {
  std::string name;
  // kString, kNumber or kBinary.
  ValueType type = ValueType::kString;
};

struct TableKeys {
  KeyPart hash;
  std::optional<KeyPart> sort;

  // The key attributes, hash first.
  std::vector<KeyPart> parts() const;
  bool has(std::string_view name) const { return hash.name == name || (sort && sort->name == name); }
};

struct TableThroughput {
  std::int64_t readUnits = 0;
  std::int64_t writeUnits = 0;
};

struct FakeIndex {
  std::string name;
  bool global = true;
  TableKeys keys;
  // ALL, KEYS_ONLY or INCLUDE.
  std::string projection;
  std::vector<std::string> nonKeyAttributes;
  TableThroughput throughput;
  TableStatus status = TableStatus::kCreating;
  // When the present status ends; unused while ACTIVE.
  rt::WallTime statusUntil{};
};

// What part of an order is read, from which end.
struct Range {
  // What all orders begin with.
  std::string prefix;
  // Where the page before ended: that place is passed over, whether an item is there or not.
  std::optional<std::string> after;
  bool descending = false;
};

using ItemPointer = std::shared_ptr<const Item>;

using Visitor = std::function<bool(const std::string& order, const ItemPointer& item)>;

// Items by key, in the order that Scan and Query follow: hash keys by their MD5, then sort keys by value.
// Past states are kept as long as a stale read may want them.
class FakeTable {
 public:
  std::string name;
  std::string arn;
  std::string id;
  TableStatus status = TableStatus::kCreating;
  // When the present status ends; unused while ACTIVE.
  rt::WallTime statusUntil{};
  rt::WallTime created{};
  bool onDemand = false;
  // When a provisioned table was turned into one on demand, or a table on demand made.
  std::optional<rt::WallTime> onDemandSince;
  TableThroughput throughput;
  bool deletionProtection = false;
  std::vector<KeyPart> definitions;
  TableKeys keys;
  std::vector<FakeIndex> indexes;
  std::map<std::string, std::string> tags;

  FakeIndex* index(std::string_view indexName);
  const FakeIndex* index(std::string_view indexName) const {
    return const_cast<FakeTable*>(this)->index(indexName);
  }

  // Where an item with these key attributes stands; they must be there and of the right types.
  std::string orderOf(const Item& item) const;
  // Where it stands in an index: nothing if it lacks a key attribute of the index.
  std::optional<std::string> orderIn(const FakeIndex& index, const Item& item) const;
  // What all orders of one hash key's items begin with.
  static std::string hashOrder(const AttributeValue& hashKey);
  // [0, segments): in which part of a parallel scan an item of that order is.
  static std::int64_t segmentOf(std::string_view order, std::int64_t segments);

  // The item as it was at `when`, or null.
  ItemPointer find(const std::string& order, rt::WallTime when) const;
  // Null removes.
  void write(const std::string& order, ItemPointer item, rt::WallTime now);
  // Forgets what was replaced before `horizon`.
  void forget(rt::WallTime horizon);

  // Calls `visit` with the items as they were at `when`, in the order of the table, or of `index` if that is
  // not null, until it returns false.
  void visit(rt::WallTime when, const FakeIndex* index, const Range& range, const Visitor& visit) const;
  std::size_t itemCount() const;
  std::size_t sizeBytes() const;

 private:
  struct Version {
    rt::WallTime since{};
    ItemPointer item;
  };
  using Items = std::map<std::string, std::vector<Version>>;
  static const ItemPointer& versionAt(const std::vector<Version>& versions, rt::WallTime when);

  // By order; the last version is the present one, and never null alone.
  Items items_;
  // What was written when, oldest first.
  std::deque<std::pair<rt::WallTime, std::string>> replaced_;
};

}  // namespace tidemill::fake

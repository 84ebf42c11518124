// fake/dynamo_expression.h: parsed conditions, updates and projections, and what they do to an item.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "fake/dynamo_value.h"

namespace tidemill::fake {

// A name of an attribute or of a map's member, or an index into a list.
using PathStep = std::variant<std::string, std::uint32_t>;
// a.b[3].c; the first step is a name. #names are already replaced.
using DocumentPath = std::vector<PathStep>;

// Null if there is nothing at that place.
const AttributeValue* findPath(const Item& item, const DocumentPath& path);

struct Operand {
  enum class Kind { kPath, kValue, kSize };

  Kind kind = Kind::kPath;
  // kPath, and kSize of a path.
  DocumentPath path;
  // kValue, and kSize where the path is empty.
  AttributeValue value;
};

// A condition as a tree, from an expression or from legacy parameters.
struct Condition {
  enum class Kind {
    kAnd,
    kOr,
    kNot,
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kBetween,
    kIn,
    kExists,
    kNotExists,
    kType,
    kBeginsWith,
    kContains,
    // Legacy only: false also where the attribute is missing.
    kNotContains,
  };

  Kind kind = Kind::kAnd;
  // Of kAnd (all hold; true if none), kOr and kNot.
  std::vector<Condition> parts;
  // Of all others, in the order in which they were written.
  std::vector<Operand> operands;
};

// A missing item counts as one without attributes.
bool holds(const Condition& condition, const Item& item);

// Every first step that the condition names.
std::set<std::string> attributesOf(const Condition& condition);

struct Projection {
  std::vector<DocumentPath> paths;
};

// What of `item` the paths reach, in its place; elements of a list move together.
Item project(const Projection& projection, const Item& item);

// What SET assigns: an operand, a function or a sum.
struct UpdateValue {
  enum class Kind { kOperand, kIfNotExists, kListAppend, kPlus, kMinus };

  Kind kind = Kind::kOperand;
  // kOperand (a path or a value), kIfNotExists (the path that may be missing).
  Operand operand;
  // kIfNotExists: what to take instead; kListAppend, kPlus, kMinus: two.
  std::vector<UpdateValue> parts;
};

struct UpdateAction {
  enum class Kind { kSet, kRemove, kAdd, kDelete };

  Kind kind = Kind::kSet;
  DocumentPath path;
  // Of kSet; kAdd and kDelete have a kOperand with a value.
  UpdateValue value;
};

struct UpdatePlan {
  std::vector<UpdateAction> actions;
  // From AttributeUpdates: errors have other texts, and ADD appends to lists.
  bool legacy = false;

  // True if it has actions and all of them only take away: such an update does not create a missing item.
  bool onlyRemoves() const;
};

// Refuses a plan that touches an attribute of the key.
Outcome<void> refuseKeyUpdate(const UpdatePlan& plan, const std::vector<std::string>& keyNames);

// `item` is the item as it was, or just its key attributes if it did not exist. All values are read before
// any is changed. Refused as AWS refuses at this point (an operand of a wrong type, a path that leads
// nowhere). The size of the result is not checked.
Outcome<Item> applyUpdate(const UpdatePlan& plan, const Item& item);

// The part of `item` that the plan touches: of the old item for UPDATED_OLD, of the new one for UPDATED_NEW.
Item touchedBy(const UpdatePlan& plan, const Item& item);

}  // namespace tidemill::fake

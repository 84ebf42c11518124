// What updates make of an item.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fake/dynamo_expression.h"

namespace tidemill::fake {
namespace {

using UpdateKind = UpdateAction::Kind;

tl::unexpected<ServiceError> wrongOperand(bool legacy) {
  return invalidRequest(legacy ? "Type mismatch for attribute to update"
                               : "An operand in the update expression has an incorrect data type");
}

tl::unexpected<ServiceError> wrongPath() {
  return invalidRequest("The document path provided in the update expression is invalid for update");
}

Outcome<AttributeValue> valueOf(const UpdateValue& value, const Item& item);

Outcome<AttributeValue> operandOf(const Operand& operand, const Item& item) {
  if (operand.kind == Operand::Kind::kValue) return operand.value;
  const AttributeValue* found = findPath(item, operand.path);
  if (found != nullptr) return *found;
  return invalidRequest("The provided expression refers to an attribute that does not exist in the item");
}

Outcome<AttributeValue> combined(const UpdateValue& value, const Item& item) {
  auto first = valueOf(value.parts[0], item);
  if (!first) return first;
  auto second = valueOf(value.parts[1], item);
  if (!second) return second;
  if (value.kind == UpdateValue::Kind::kListAppend) {
    if (first->type != ValueType::kList || second->type != ValueType::kList) return wrongOperand(false);
    first->list.insert(first->list.end(), second->list.begin(), second->list.end());
    return first;
  }
  if (first->type != ValueType::kNumber || second->type != ValueType::kNumber) return wrongOperand(false);
  const auto number = value.kind == UpdateValue::Kind::kPlus ? first->number.plus(second->number)
                                                             : first->number.minus(second->number);
  if (!number) return refuse(number.error());
  return AttributeValue::ofNumber(*number);
}

Outcome<AttributeValue> valueOf(const UpdateValue& value, const Item& item) {
  if (value.kind == UpdateValue::Kind::kOperand) return operandOf(value.operand, item);
  if (value.kind != UpdateValue::Kind::kIfNotExists) return combined(value, item);
  const AttributeValue* found = findPath(item, value.operand.path);
  if (found != nullptr) return *found;
  return valueOf(value.parts.front(), item);
}

// Where an action writes: a member of a map (the item is one) or an element of a list.
struct Place {
  Item* map = nullptr;
  std::vector<AttributeValue>* list = nullptr;
  const std::string* name = nullptr;
  std::size_t index = 0;

  AttributeValue* find() const {
    if (list != nullptr) return index < list->size() ? &(*list)[index] : nullptr;
    const auto found = map->find(*name);
    return found == map->end() ? nullptr : &found->second;
  }
  // An index behind the end appends.
  void put(AttributeValue value) const {
    if (list == nullptr) {
      map->insert_or_assign(*name, std::move(value));
    } else if (index < list->size()) {
      (*list)[index] = std::move(value);
    } else {
      list->push_back(std::move(value));
    }
  }
  void erase() const {
    if (list == nullptr) {
      map->erase(*name);
    } else if (index < list->size()) {
      list->erase(list->begin() + static_cast<std::ptrdiff_t>(index));
    }
  }
};

Outcome<Place> placeOf(Item& item, const DocumentPath& path) {
  Place place{&item, nullptr, &std::get<std::string>(path.front()), 0};
  for (std::size_t i = 1; i < path.size(); ++i) {
    AttributeValue* parent = place.find();
    if (parent == nullptr) return wrongPath();
    if (const auto* name = std::get_if<std::string>(&path[i])) {
      if (parent->type != ValueType::kMap) return wrongPath();
      place = {&parent->map, nullptr, name, 0};
    } else {
      if (parent->type != ValueType::kList) return wrongPath();
      place = {nullptr, &parent->list, nullptr, std::get<std::uint32_t>(path[i])};
    }
  }
  return place;
}

// Both are sorted and without duplicates, and so is the result.
template <class T>
void unite(std::vector<T>& set, const std::vector<T>& with) {
  std::vector<T> united;
  std::set_union(set.begin(), set.end(), with.begin(), with.end(), std::back_inserter(united));
  set = std::move(united);
}

template <class T>
void subtract(std::vector<T>& set, const std::vector<T>& what) {
  std::vector<T> rest;
  std::set_difference(set.begin(), set.end(), what.begin(), what.end(), std::back_inserter(rest));
  set = std::move(rest);
}

Outcome<void> add(const Place& place, const AttributeValue& value, bool legacy) {
  AttributeValue* existing = place.find();
  if (existing == nullptr) {
    place.put(value);
    return {};
  }
  if (existing->type != value.type) return wrongOperand(legacy);
  if (value.type == ValueType::kNumber) {
    const auto sum = existing->number.plus(value.number);
    if (!sum) return refuse(sum.error());
    existing->number = *sum;
  } else if (value.type == ValueType::kList) {
    existing->list.insert(existing->list.end(), value.list.begin(), value.list.end());
  } else {
    unite(existing->texts, value.texts);
    unite(existing->numbers, value.numbers);
  }
  return {};
}

Outcome<void> takeAway(const Place& place, const AttributeValue& value, bool legacy) {
  AttributeValue* existing = place.find();
  if (existing == nullptr) return {};
  if (existing->type != value.type) return wrongOperand(legacy);
  subtract(existing->texts, value.texts);
  subtract(existing->numbers, value.numbers);
  // There are no empty sets.
  if (existing->count() == 0) place.erase();
  return {};
}

// Levels of maps and lists, the value included.
int depthOf(const AttributeValue& value) {
  int deepest = 0;
  for (const auto& element : value.list) deepest = std::max(deepest, depthOf(element));
  for (const auto& member : value.map) deepest = std::max(deepest, depthOf(member.second));
  return value.type == ValueType::kList || value.type == ValueType::kMap ? deepest + 1 : deepest;
}

bool shrinks(const UpdateAction& action) {
  return action.kind == UpdateKind::kRemove || action.kind == UpdateKind::kDelete;
}

}  // namespace

bool UpdatePlan::onlyRemoves() const {
  return !actions.empty() && std::all_of(actions.begin(), actions.end(), shrinks);
}

Outcome<void> refuseKeyUpdate(const UpdatePlan& plan, const std::vector<std::string>& keyNames) {
  for (const auto& name : keyNames) {
    const bool touched = std::any_of(
        plan.actions.begin(), plan.actions.end(),
        [&](const UpdateAction& action) { return std::get<std::string>(action.path.front()) == name; });
    if (!touched) continue;
    return invalidRequest(fmt::format(
        "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of "
        "the key",
        name));
  }
  return {};
}

Outcome<Item> applyUpdate(const UpdatePlan& plan, const Item& item) {
  struct Step {
    const UpdateAction* action;
    AttributeValue value;
  };
  std::vector<Step> growing;
  std::vector<Step> shrinking;
  for (const auto& action : plan.actions) {
    Step step{&action, {}};
    if (action.kind != UpdateKind::kRemove) {
      auto value = valueOf(action.value, item);
      if (!value) return refuse(value.error());
      step.value = std::move(*value);
    }
    (shrinks(action) ? shrinking : growing).push_back(std::move(step));
  }
  // Indexes mean the list as it was: what lies behind its end is appended in the order of the indexes, and
  // what goes away goes from the back.
  const auto before = [](const Step& a, const Step& b) { return a.action->path < b.action->path; };
  std::sort(growing.begin(), growing.end(), before);
  std::sort(shrinking.rbegin(), shrinking.rend(), before);

  Item updated = item;
  for (auto& step : growing) {
    const auto place = placeOf(updated, step.action->path);
    if (!place) return refuse(place.error());
    if (step.action->kind == UpdateKind::kSet) {
      place->put(std::move(step.value));
    } else {
      const auto added = add(*place, step.value, plan.legacy);
      if (!added) return refuse(added.error());
    }
  }
  for (const auto& step : shrinking) {
    const auto place = placeOf(updated, step.action->path);
    if (!place) return refuse(place.error());
    // What this update appended may stand where nothing stood before.
    if (findPath(item, step.action->path) == nullptr) continue;
    if (step.action->kind == UpdateKind::kRemove) {
      place->erase();
    } else {
      const auto taken = takeAway(*place, step.value, plan.legacy);
      if (!taken) return refuse(taken.error());
    }
  }
  for (const auto& attribute : updated) {
    if (depthOf(attribute.second) >= kValueDepthMax) {
      return invalidRequest("Nesting Levels have exceeded supported limits");
    }
  }
  return updated;
}

Item touchedBy(const UpdatePlan& plan, const Item& item) {
  Projection touched;
  for (const auto& action : plan.actions) touched.paths.push_back(action.path);
  return project(touched, item);
}

}  // namespace tidemill::fake

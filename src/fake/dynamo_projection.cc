// Finds and gathers what document paths lead to.
#include <algorithm>
#include <utility>

#include "fake/dynamo_expression.h"

namespace tidemill::fake {
namespace {

// One step into a map or a list; null if it leads nowhere.
const AttributeValue* stepInto(const AttributeValue& value, const PathStep& step) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    if (value.type != ValueType::kMap) return nullptr;
    const auto found = value.map.find(*name);
    return found == value.map.end() ? nullptr : &found->second;
  }
  const auto index = std::get<std::uint32_t>(step);
  return value.type == ValueType::kList && index < value.list.size() ? &value.list[index] : nullptr;
}

// The paths that begin with one step, without it.
using Branches = std::vector<std::pair<PathStep, std::vector<DocumentPath>>>;

Branches branchesOf(std::vector<DocumentPath> paths) {
  // In order, so that elements of a list keep theirs.
  std::sort(paths.begin(), paths.end());
  Branches branches;
  for (const auto& path : paths) {
    if (branches.empty() || branches.back().first != path.front()) branches.push_back({path.front(), {}});
    branches.back().second.emplace_back(path.begin() + 1, path.end());
  }
  return branches;
}

// Nothing if no path leads anywhere. The depth is that of the paths, which are bounded.
std::optional<AttributeValue> gather(const AttributeValue& value, const std::vector<DocumentPath>& paths) {
  for (const auto& path : paths) {
    if (path.empty()) return value;
  }
  AttributeValue gathered;
  gathered.type = value.type;
  for (const auto& [step, rest] : branchesOf(paths)) {
    const AttributeValue* child = stepInto(value, step);
    if (child == nullptr) continue;
    auto part = gather(*child, rest);
    if (!part) continue;
    if (const auto* name = std::get_if<std::string>(&step)) {
      gathered.map.emplace(*name, std::move(*part));
    } else {
      gathered.list.push_back(std::move(*part));
    }
  }
  if (gathered.map.empty() && gathered.list.empty()) return std::nullopt;
  return gathered;
}

}  // namespace

const AttributeValue* findPath(const Item& item, const DocumentPath& path) {
  const auto found = item.find(std::get<std::string>(path.front()));
  const AttributeValue* value = found == item.end() ? nullptr : &found->second;
  for (std::size_t i = 1; i < path.size() && value != nullptr; ++i) value = stepInto(*value, path[i]);
  return value;
}

Item project(const Projection& projection, const Item& item) {
  Item projected;
  for (const auto& [step, rest] : branchesOf(projection.paths)) {
    const auto& name = std::get<std::string>(step);
    const auto found = item.find(name);
    if (found == item.end()) continue;
    auto part = gather(found->second, rest);
    if (part) projected.emplace(name, std::move(*part));
  }
  return projected;
}

}  // namespace tidemill::fake

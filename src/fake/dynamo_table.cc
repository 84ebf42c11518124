#include "fake/dynamo_table.h"

#include <algorithm>

#include "codec/digest.h"

namespace tidemill::fake {
namespace {

constexpr std::size_t kHashBytes = 8;

// Bytes that order as `bytes` do, whatever follows them: NUL becomes NUL 0xff, and NUL NUL ends.
void appendOrdered(std::string& order, std::string_view bytes) {
  for (const char byte : bytes) {
    order += byte;
    if (byte == '\0') order += '\xff';
  }
  order.append(2, '\0');
}

// Bytes that order as numbers do: the sign, how large the number is, its digits; all turned round below zero.
std::string numberOrder(const DynamoNumber& number) {
  std::string text = number.text();
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::size_t lead = text.find_first_of("123456789");
  if (lead == std::string::npos) return "1";
  // The power of ten of the leading digit, in [-130, 125].
  const int power = static_cast<int>(point) - static_cast<int>(lead) - (lead < point ? 1 : 0);
  std::string order;
  order += static_cast<char>((power + 300) >> 8);
  order += static_cast<char>((power + 300) & 0xff);
  for (const char c : text.substr(lead)) {
    if (c != '.') order += c;
  }
  order.erase(order.find_last_not_of('0') + 1);
  if (!negative) return '2' + order;
  for (char& byte : order) byte = static_cast<char>(~byte);
  // Behind all that go on: of two negative numbers the one with more digits is the smaller.
  return '0' + order + '\xff';
}

std::string keyOrder(const AttributeValue& value) {
  return value.type == ValueType::kNumber ? numberOrder(value.number) : value.text;
}

void appendKey(std::string& order, const AttributeValue& value) {
  appendOrdered(order, keyOrder(value));
}

// From the start of the range, or from its end, until the visitor has enough.
template <class Map, class Visit>
void walk(const Map& map, const Range& range, const Visit& visit) {
  const auto inside = [&](const std::string& order) { return order.starts_with(range.prefix); };
  if (!range.descending) {
    auto at = range.after ? map.upper_bound(*range.after) : map.lower_bound(range.prefix);
    for (; at != map.end() && inside(at->first); ++at) {
      if (!visit(at->first, at->second)) return;
    }
    return;
  }
  // A prefix ends in NUL, so the next text of its length is behind all that begin with it.
  std::string behind = range.after.value_or(range.prefix);
  if (!range.after && !behind.empty()) ++behind.back();
  auto at = behind.empty() ? map.end() : map.lower_bound(behind);
  while (at != map.begin()) {
    --at;
    if (!inside(at->first) || !visit(at->first, at->second)) return;
  }
}

std::string orderBy(const TableKeys& keys, const Item& item) {
  std::string order = FakeTable::hashOrder(item.at(keys.hash.name));
  if (keys.sort) appendKey(order, item.at(keys.sort->name));
  return order;
}

}  // namespace

std::string_view statusName(TableStatus status) {
  switch (status) {
    case TableStatus::kCreating:
      return "CREATING";
    case TableStatus::kActive:
      return "ACTIVE";
    case TableStatus::kUpdating:
      return "UPDATING";
    case TableStatus::kDeleting:
      return "DELETING";
  }
  return "";
}

std::vector<KeyPart> TableKeys::parts() const {
  std::vector<KeyPart> all{hash};
  if (sort) all.push_back(*sort);
  return all;
}

FakeIndex* FakeTable::index(std::string_view indexName) {
  for (FakeIndex& one : indexes) {
    if (one.name == indexName) return &one;
  }
  return nullptr;
}

std::string FakeTable::hashOrder(const AttributeValue& hashKey) {
  const std::string bytes = keyOrder(hashKey);
  const codec::Md5 digest = codec::md5(bytes);
  std::string order(reinterpret_cast<const char*>(digest.data()), kHashBytes);
  appendOrdered(order, bytes);
  return order;
}

std::string FakeTable::orderOf(const Item& item) const {
  return orderBy(keys, item);
}

std::optional<std::string> FakeTable::orderIn(const FakeIndex& of, const Item& item) const {
  for (const KeyPart& part : of.keys.parts()) {
    const auto found = item.find(part.name);
    if (found == item.end() || found->second.type != part.type) return std::nullopt;
  }
  // Items with equal keys of the index stand in the table's order.
  return orderBy(of.keys, item) + orderOf(item);
}

std::int64_t FakeTable::segmentOf(std::string_view order, std::int64_t segments) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 4; ++i) hash = hash << 8 | static_cast<unsigned char>(order[i]);
  return static_cast<std::int64_t>(hash * static_cast<std::uint64_t>(segments) >> 32);
}

const ItemPointer& FakeTable::versionAt(const std::vector<Version>& versions, rt::WallTime when) {
  static const ItemPointer kNone;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (version->since <= when) return version->item;
  }
  return kNone;
}

ItemPointer FakeTable::find(const std::string& order, rt::WallTime when) const {
  const auto found = items_.find(order);
  return found == items_.end() ? nullptr : versionAt(found->second, when);
}

void FakeTable::write(const std::string& order, ItemPointer item, rt::WallTime now) {
  auto& versions = items_[order];
  versions.push_back({now, std::move(item)});
  replaced_.emplace_back(now, order);
}

void FakeTable::forget(rt::WallTime horizon) {
  while (!replaced_.empty() && replaced_.front().first <= horizon) {
    const auto found = items_.find(replaced_.front().second);
    replaced_.pop_front();
    if (found == items_.end()) continue;
    auto& versions = found->second;
    // The last version of `horizon` or before is what a read of that moment sees; those before it are not.
    const auto visible = std::find_if(versions.rbegin(), versions.rend(),
                                      [&](const Version& version) { return version.since <= horizon; });
    if (visible != versions.rend()) versions.erase(versions.begin(), visible.base() - 1);
    if (versions.size() == 1 && versions[0].item == nullptr) items_.erase(found);
  }
}

void FakeTable::visit(rt::WallTime when, const FakeIndex* of, const Range& range,
                      const Visitor& visit) const {
  if (of == nullptr) {
    walk(items_, range, [&](const std::string& order, const std::vector<Version>& versions) {
      const ItemPointer& item = versionAt(versions, when);
      return item == nullptr || visit(order, item);
    });
    return;
  }
  std::map<std::string, ItemPointer> indexed;
  for (const auto& entry : items_) {
    const ItemPointer& item = versionAt(entry.second, when);
    if (item == nullptr) continue;
    if (auto order = orderIn(*of, *item)) indexed.emplace(std::move(*order), item);
  }
  walk(indexed, range, visit);
}

std::size_t FakeTable::itemCount() const {
  return static_cast<std::size_t>(std::count_if(
      items_.begin(), items_.end(), [](const auto& entry) { return entry.second.back().item != nullptr; }));
}

std::size_t FakeTable::sizeBytes() const {
  std::size_t bytes = 0;
  for (const auto& entry : items_) {
    if (entry.second.back().item != nullptr) bytes += fake::sizeBytes(*entry.second.back().item);
  }
  return bytes;
}

}  // namespace tidemill::fake

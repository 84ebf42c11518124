#include "fake/dynamo_capacity.h"

#include <algorithm>

namespace tidemill::fake {
namespace {

constexpr std::size_t kReadUnitBytes = 4096;
constexpr std::size_t kWriteUnitBytes = 1024;

std::int64_t begun(std::size_t bytes, std::size_t unit) {
  return static_cast<std::int64_t>(std::max<std::size_t>((bytes + unit - 1) / unit, 1));
}

void writeUnits(codec::JsonWriter& out, std::int64_t halves) {
  out.key("CapacityUnits");
  // A decimal with three digits behind the point, as a time is.
  out.timestamp(halves * 500);
}

void writeOne(codec::JsonWriter& out, const ConsumedUnits& units, bool detailed) {
  out.beginObject();
  out.key("TableName");
  out.text(units.table);
  writeUnits(out, units.tableHalves + units.indexHalves);
  if (detailed) {
    out.key("Table");
    out.beginObject();
    writeUnits(out, units.tableHalves);
    out.endObject();
  }
  if (detailed && !units.index.empty()) {
    out.key(units.globalIndex ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes");
    out.beginObject();
    out.key(units.index);
    out.beginObject();
    writeUnits(out, units.indexHalves);
    out.endObject();
    out.endObject();
  }
  out.endObject();
}

// TOTAL, INDEXES or nothing.
std::string_view wanted(const InputValue& input) {
  const auto asked = input.textOf("ReturnConsumedCapacity").value_or("NONE");
  return asked == "NONE" ? std::string_view() : asked;
}

}  // namespace

std::int64_t readHalves(std::size_t bytes, bool consistent) {
  return begun(bytes, kReadUnitBytes) * (consistent ? 2 : 1);
}

std::int64_t writeHalves(std::size_t before, std::size_t after) {
  return begun(std::max(before, after), kWriteUnitBytes) * 2;
}

void writeConsumed(codec::JsonWriter& out, const InputValue& input, const ConsumedUnits& units) {
  if (wanted(input).empty()) return;
  out.key("ConsumedCapacity");
  writeOne(out, units, wanted(input) == "INDEXES");
}

void writeConsumed(codec::JsonWriter& out, const InputValue& input, const std::vector<ConsumedUnits>& units) {
  if (wanted(input).empty()) return;
  out.key("ConsumedCapacity");
  out.beginArray();
  for (const ConsumedUnits& one : units) writeOne(out, one, wanted(input) == "INDEXES");
  out.endArray();
}

}  // namespace tidemill::fake

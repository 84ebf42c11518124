#include "codec/cbor_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/cbor_scanner.h"

namespace tidemill::codec {
namespace {

constexpr unsigned kFalse = 20;
constexpr unsigned kTrue = 21;
constexpr unsigned kNull = 22;
constexpr unsigned kUndefined = 23;
constexpr std::uint64_t kEpochTag = 1;

class CborTreeReader {
 public:
  CborTreeReader(std::string_view bytes, CborLimits limits) : scan_(bytes), left_(limits.valuesMax) {}

  bool read(CborValue& value) { return readValue(value, CborScanner::kDepthMax) && scan_.expectEnd(); }
  const CborScanner& scanner() const { return scan_; }

 private:
  bool readValue(CborValue& value, int depth) {
    CborScanner::Head head;
    if (!scan_.readHead(head)) return false;
    if (left_ == 0) return scan_.fail("it holds more values than are taken");
    --left_;
    switch (head.major) {
      case CborScanner::kUnsigned:
      case CborScanner::kNegative:
        return readInteger(head, value);
      case CborScanner::kBytes:
      case CborScanner::kText:
        return readString(head, value);
      case CborScanner::kArray:
        return readArray(head, value, depth);
      case CborScanner::kMap:
        return readMap(head, value, depth);
      case CborScanner::kTag:
        return readTagged(head, value, depth);
      default:
        return readSimple(head, value);
    }
  }

  bool readInteger(const CborScanner::Head& head, CborValue& value) {
    std::int64_t number = 0;
    if (!scan_.toInteger(head, number)) return false;
    value = CborValue(number);
    return true;
  }

  bool readString(const CborScanner::Head& head, CborValue& value) {
    std::string_view view;
    if (!scan_.readStringBody(head, view)) return false;
    std::string content(view);
    value = head.major == CborScanner::kText ? CborValue(std::move(content))
                                             : CborValue(CborValue::Bytes{std::move(content)});
    return true;
  }

  bool readArray(const CborScanner::Head& head, CborValue& value, int depth) {
    if (depth == 0) return scan_.fail("it is nested too deeply");
    CborScanner::Items items;
    if (!scan_.enter(head, items)) return false;
    CborValue::Array elements;
    while (scan_.next(items)) {
      if (!readValue(elements.emplace_back(), depth - 1)) return false;
    }
    value = CborValue(std::move(elements));
    return scan_.ok();
  }

  bool readMap(const CborScanner::Head& head, CborValue& value, int depth) {
    if (depth == 0) return scan_.fail("it is nested too deeply");
    CborScanner::Items items;
    if (!scan_.enter(head, items)) return false;
    CborValue::Map members;
    while (scan_.next(items)) {
      std::string_view key;
      if (!scan_.readText(key)) return false;
      auto& member = members.emplace_back(std::string(key), CborValue());
      if (!readValue(member.second, depth - 1)) return false;
    }
    if (hasDoubles(members)) return scan_.fail("a member appears twice");
    value = CborValue(std::move(members));
    return scan_.ok();
  }

  // Sorts names rather than comparing each with each: a hostile map may have many.
  static bool hasDoubles(const CborValue::Map& members) {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& [name, value] : members) names.push_back(name);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  }

  bool readTagged(const CborScanner::Head& head, CborValue& value, int depth) {
    if (depth == 0) return scan_.fail("it is nested too deeply");
    if (!readValue(value, depth - 1)) return false;
    if (head.value != kEpochTag) return true;
    const std::int64_t* milliseconds = value.integer();
    // RFC 8949 would allow seconds as a floating point number here; AWS and its SDKs do not.
    if (milliseconds == nullptr) return scan_.fail("a timestamp is not an integer");
    value = CborValue(CborValue::Timestamp{*milliseconds});
    return true;
  }

  bool readSimple(const CborScanner::Head& head, CborValue& value) {
    switch (head.info) {
      case kFalse:
      case kTrue:
        value = CborValue(head.info == kTrue);
        return true;
      case kNull:
      case kUndefined:
        value = CborValue();
        return true;
      default:
        break;
    }
    double number = 0;
    if (!scan_.toDouble(head, number)) return false;
    value = CborValue(number);
    return true;
  }

  CborScanner scan_;
  std::size_t left_;
};

}  // namespace

CborValue::CborValue(Array value) : value_(std::move(value)) {}
CborValue::CborValue(Map value) : value_(std::move(value)) {}

const std::string* CborValue::bytes() const {
  const auto* bytes = std::get_if<Bytes>(&value_);
  return bytes == nullptr ? nullptr : &bytes->content;
}

const CborValue* CborValue::find(std::string_view name) const {
  const Map* members = map();
  if (members == nullptr) return nullptr;
  const auto found = std::find_if(members->begin(), members->end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == members->end() || found->second.isNull() ? nullptr : &found->second;
}

std::string_view CborValue::kindName() const {
  constexpr std::array<std::string_view, 9> kNames = {
      "null",        "a boolean", "an integer", "a floating point number", "a text", "a byte string",
      "a timestamp", "an array",  "a map"};
  return kNames[value_.index()];
}

bool CborValue::operator==(const CborValue& other) const {
  return value_ == other.value_;
}

Result<CborValue> parseCbor(std::string_view bytes, CborLimits limits) {
  CborValue value;
  CborTreeReader reader(bytes, limits);
  if (!reader.read(value)) {
    const CborScanner& scanner = reader.scanner();
    return fail(Code::kMalformedResponse, fmt::format("malformed CBOR at byte {} of {}: {}", scanner.offset(),
                                                      bytes.size(), scanner.problem()));
  }
  return value;
}

}  // namespace tidemill::codec

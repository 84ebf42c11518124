#include "tidemill/conf.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "stream/conf_table.h"

namespace tidemill {
namespace {

const stream::ConfEntry& entryOf(const std::string& key) {
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  TIDEMILL_CHECK(entry != nullptr, key);
  return *entry;
}

std::string_view typeName(stream::ConfType type) {
  switch (type) {
    case stream::ConfType::kDuration:
      return "duration";
    case stream::ConfType::kInteger:
      return "integer";
    case stream::ConfType::kBoolean:
      return "boolean";
    case stream::ConfType::kText:
      return "text";
    case stream::ConfType::kBytes:
      return "bytes";
    case stream::ConfType::kFraction:
      return "fraction";
    case stream::ConfType::kDecimal:
      return "decimal";
  }
  return "";
}

}  // namespace

Conf& Conf::set(const std::string& key, const std::string& value) {
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  if (entry == nullptr) {
    const auto known = [&](const UnknownKey& unknown) { return unknown.key == key; };
    if (!values_.contains(key) && std::none_of(unknown_.begin(), unknown_.end(), known)) {
      const bool sparkOnly = stream::isSparkOnlyKey(key);
      unknown_.push_back({key, sparkOnly ? std::string() : stream::nearestConfKey(key), sparkOnly});
    }
  } else {
    const auto number = stream::parseConfNumber(*entry, value);
    if (!number) throw number.error();
  }
  values_[key] = value;
  return *this;
}

std::optional<std::string> Conf::get(const std::string& key) const {
  const auto set = values_.find(key);
  if (set != values_.end()) return set->second;
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  if (entry == nullptr) return std::nullopt;
  return std::string(entry->fallback);
}

Duration Conf::getDuration(const std::string& key) const {
  TIDEMILL_CHECK(entryOf(key).type == stream::ConfType::kDuration, key);
  return Duration(numberOf(key));
}

std::int64_t Conf::getInteger(const std::string& key) const {
  const stream::ConfType type = entryOf(key).type;
  TIDEMILL_CHECK(type == stream::ConfType::kInteger || type == stream::ConfType::kBytes, key);
  return numberOf(key);
}

bool Conf::getBoolean(const std::string& key) const {
  TIDEMILL_CHECK(entryOf(key).type == stream::ConfType::kBoolean, key);
  return numberOf(key) != 0;
}

std::string Conf::getText(const std::string& key) const {
  TIDEMILL_CHECK(entryOf(key).type == stream::ConfType::kText, key);
  return *get(key);
}

std::int64_t Conf::getPerMillion(const std::string& key) const {
  TIDEMILL_CHECK(entryOf(key).type == stream::ConfType::kFraction, key);
  return numberOf(key);
}

double Conf::getDecimal(const std::string& key) const {
  TIDEMILL_CHECK(entryOf(key).type == stream::ConfType::kDecimal, key);
  return static_cast<double>(numberOf(key)) / 1'000'000;
}

std::int64_t Conf::numberOf(const std::string& key) const {
  const auto number = stream::parseConfNumber(entryOf(key), *get(key));
  TIDEMILL_CHECK(number.has_value(), key);  // set() has checked it.
  return *number;
}

std::vector<UnknownKey> Conf::takeUnknownKeys() {
  return std::exchange(unknown_, {});
}

std::vector<ConfKey> confKeys() {
  std::vector<ConfKey> keys;
  for (const stream::ConfEntry& entry : stream::confTable()) {
    keys.push_back({entry.key, typeName(entry.type), entry.fallback, entry.meaning});
  }
  return keys;
}

}  // namespace tidemill

#include "tidemill/conf.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "stream/conf_table.h"

namespace tidemill {
namespace {

constexpr std::string_view kVariablePrefix = "TIDEMILL_CONF_";

const stream::ConfEntry& entryOf(const std::string& key) {
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  TIDEMILL_CHECK(entry != nullptr, key);
  return *entry;
}

// Whether a value, which has been checked, is what the key has anyway.
bool isDefault(const stream::ConfEntry& entry, const std::string& value) {
  if (entry.type == stream::ConfType::kText) return value == entry.fallback;
  return *stream::parseConfNumber(entry, value) == *stream::parseConfNumber(entry, entry.fallback);
}

std::map<std::string, std::string> processVariables() {
  std::map<std::string, std::string> variables;
  for (char** next = environ; next != nullptr && *next != nullptr; ++next) {
    const std::string_view variable(*next);
    const auto equals = variable.find('=');
    if (!variable.starts_with(kVariablePrefix) || equals == std::string_view::npos) continue;
    variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

std::string nearestVariable(std::string_view name) {
  std::string nearest;
  std::size_t least = name.size() / 5 + 1;
  for (const stream::ConfEntry& entry : stream::confTable()) {
    std::string known = confVariable(entry.key);
    const std::size_t distance = base::editDistance(name, known);
    if (distance >= least) continue;
    least = distance;
    nearest = std::move(known);
  }
  return nearest;
}

}  // namespace

Conf& Conf::set(const std::string& key, const std::string& value) {
  return set(key, value, "program");
}

Conf& Conf::set(const std::string& key, const std::string& value, const std::string& origin) {
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  if (entry == nullptr) {
    const bool sparkOnly = stream::isSparkOnlyKey(key);
    noteUnknown({.key = key,
                 .nearest = sparkOnly ? std::string() : stream::nearestConfKey(key),
                 .sparkOnly = sparkOnly,
                 .reason = sparkOnly ? "Nothing: this version does not act on it." : "",
                 .origin = origin});
  } else {
    const auto number = stream::parseConfNumber(*entry, value);
    if (!number) throw origin == "program" ? number.error() : number.error().within(origin);
    if (entry->use == stream::ConfUse::kNothing && !isDefault(*entry, value)) {
      noteUnknown({.key = key,
                   .nearest = {},
                   .sparkOnly = true,
                   .reason = std::string(entry->meaning),
                   .origin = origin});
    }
  }
  values_[key] = {value, origin};
  return *this;
}

void Conf::noteUnknown(UnknownKey unknown) {
  const auto same = [&](const UnknownKey& known) { return known.key == unknown.key; };
  if (values_.contains(unknown.key) || std::any_of(unknown_.begin(), unknown_.end(), same)) return;
  unknown_.push_back(std::move(unknown));
}

Conf& Conf::setFromEnvironment() {
  return setFromEnvironment(processVariables());
}

Conf& Conf::setFromEnvironment(const std::map<std::string, std::string>& variables) {
  std::map<std::string, std::string_view> keys;
  for (const stream::ConfEntry& entry : stream::confTable()) keys.emplace(confVariable(entry.key), entry.key);
  Conf changed = *this;  // All or nothing.
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kVariablePrefix) || value.empty()) continue;
    const auto known = keys.find(name);
    if (known != keys.end()) {
      changed.set(std::string(known->second), value, "variable " + name);
    } else {
      changed.noteUnknown({.key = name, .nearest = nearestVariable(name), .origin = "the environment"});
    }
  }
  *this = std::move(changed);
  return *this;
}

const Conf::Setting* Conf::find(const std::string& key) const {
  const auto set = values_.find(key);
  if (set != values_.end()) return &set->second;
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  if (entry == nullptr || entry->oldName.empty()) return nullptr;
  const auto old = values_.find(std::string(entry->oldName));
  return old == values_.end() ? nullptr : &old->second;
}

std::optional<std::string> Conf::get(const std::string& key) const {
  if (const Setting* setting = find(key)) return setting->value;
  const stream::ConfEntry* entry = stream::findConfEntry(key);
  if (entry == nullptr) return std::nullopt;
  return std::string(entry->fallback);
}

bool Conf::contains(const std::string& key) const {
  return find(key) != nullptr;
}

std::string Conf::origin(const std::string& key) const {
  const Setting* setting = find(key);
  return setting == nullptr ? "default" : setting->origin;
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

std::string confVariable(std::string_view key) {
  std::string name(kVariablePrefix);
  for (const char c : key) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital || c == '.') name += '_';
    if (c == '.') continue;
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

}  // namespace tidemill

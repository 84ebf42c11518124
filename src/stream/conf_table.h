// stream/conf_table.h: every key that a configuration may hold.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::stream {

enum class ConfType { kDuration, kInteger, kBoolean, kText, kBytes, kFraction, kDecimal };

// What setting a key does.
enum class ConfUse {
  kActs,
  kNothing,  // A key of Spark that has no meaning here.
};

// One key. Fractions and decimals are counted in millionths. Durations without a suffix are in `unit`;
// microseconds are rounded up to whole milliseconds.
struct ConfEntry {
  std::string_view key;
  ConfType type;
  std::string_view fallback;
  // "ms", "s", "m" (MiB) or "" (bytes, numbers). Text: the values that it may have, "a|b"; empty: any.
  std::string_view unit;
  std::int64_t least;  // Durations: milliseconds. Text: length.
  std::int64_t most;   // Booleans: 0 if true is refused.
  std::string_view meaning;
  ConfUse use = ConfUse::kActs;
  // An older name of the same key; this one counts if both are set.
  std::string_view oldName = {};
};

// Sorted by key.
std::span<const ConfEntry> confTable();
// Null if the key is not known.
const ConfEntry* findConfEntry(std::string_view key);
// Part of the table: keys that are here for programs that were written for Spark.
std::span<const ConfEntry> sparkConfEntries();
// Whether a context that runs takes a new value: see ContextConf::set().
bool isDynamicConfKey(std::string_view key);
// True for keys of Spark Streaming that have no effect in this version.
bool isSparkOnlyKey(std::string_view key);
// The known key most like `key`; empty if none is near.
std::string nearestConfKey(std::string_view key);

// Reads a value as its entry's type: milliseconds, a number, 0 or 1, bytes. kInvalidConfig names key and
// value.
Result<std::int64_t> parseConfNumber(const ConfEntry& entry, std::string_view value);

}  // namespace tidemill::stream

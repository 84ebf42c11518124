// tidemill/conf.h: settings by key, checked when they are set.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/time.h"

namespace tidemill {

// A key that has no effect, and the known key that looks most like it (empty if none does).
struct UnknownKey {
  std::string key;
  std::string nearest;
  // A key of Spark Streaming, spelt as there, that this version does not act on. `nearest` is empty then.
  bool sparkOnly = false;
};

// `spark.streaming.*` keys as Spark users know them, and `tidemill.*` keys of our own. Copied into a context
// when the context is made; later changes have no effect there. Not thread safe.
//
//   Conf conf;
//   conf.set("spark.streaming.blockInterval", "200ms");
class Conf {
 public:
  // Throws Error(kInvalidConfig), naming key and value, if the value does not fit the key. Keys that are not
  // known are kept and remembered for takeUnknownKeys().
  Conf& set(const std::string& key, const std::string& value);

  // The value as set, or the key's default; nothing for an unknown key that was not set.
  std::optional<std::string> get(const std::string& key) const;
  // Typed reads of known keys; a key of another type is a broken invariant. getInteger() reads bytes too.
  Duration getDuration(const std::string& key) const;
  std::int64_t getInteger(const std::string& key) const;
  bool getBoolean(const std::string& key) const;
  std::string getText(const std::string& key) const;
  // Of a fraction: 300,000 for 0.3 and for 30%.
  std::int64_t getPerMillion(const std::string& key) const;
  // Of a decimal number, which is kept to six digits behind the point.
  double getDecimal(const std::string& key) const;

  // Keys set here that have no effect, each once, in the order in which they were set. Reported once: by
  // whoever takes them first, else by the context as event=unknown_key or event=key_without_effect.
  std::vector<UnknownKey> takeUnknownKeys();

 private:
  std::int64_t numberOf(const std::string& key) const;

  std::map<std::string, std::string> values_;
  std::vector<UnknownKey> unknown_;
};

// One known key, for documentation and help texts.
struct ConfKey {
  std::string_view key;
  std::string_view type;  // "duration", "integer", "boolean", "text", "bytes", "fraction" or "decimal".
  std::string_view fallback;
  std::string_view meaning;
};
// All known keys, sorted by name.
std::vector<ConfKey> confKeys();

}  // namespace tidemill

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
  // A key of Spark, spelt as there, that does nothing here. `nearest` is empty then.
  bool sparkOnly = false;
  // Why it does nothing; empty if the key is not known at all.
  std::string reason = {};
  // Where it was set, as Conf::origin() says.
  std::string origin = {};
};

// `spark.streaming.*` keys as Spark users know them, and `tidemill.*` keys of our own: docs/CONFIGURATION.md
// lists all of them. What is set later counts. Copied into a context when the context is made; later changes
// have no effect there: see StreamingContext::conf(). Not thread safe.
//
//   Conf conf;
//   conf.setFromFile("orders.toml").setFromEnvironment();
//   conf.set("spark.streaming.blockInterval", "200ms");
class Conf {
 public:
  // What a TOML file says. Tables are parts of keys: `[spark.streaming]` with `blockInterval = "200ms"` in it
  // is the key spark.streaming.blockInterval, which may also stand in quotes as a whole. Throws Error(kIo) if
  // the file cannot be read; Error(kInvalidConfig), naming file, line and key, if it is no TOML, above 1 MiB,
  // has one key twice, or has a value of the wrong type or out of its range.
  static Conf fromFile(const std::string& path);
  // The same, over what is set already.
  Conf& setFromFile(const std::string& path);

  // What the variables of the process say: TIDEMILL_CONF_SPARK_STREAMING_BLOCK_INTERVAL is
  // spark.streaming.blockInterval, see confVariable(). Empty ones count as absent. Throws as set() does.
  Conf& setFromEnvironment();
  // The same with these instead, by name.
  Conf& setFromEnvironment(const std::map<std::string, std::string>& variables);

  // Throws Error(kInvalidConfig), naming key and value, if the value does not fit the key. Keys that are not
  // known are kept and remembered for takeUnknownKeys().
  Conf& set(const std::string& key, const std::string& value);
  // The same with the place that the value comes from, such as "--set": for messages.
  Conf& set(const std::string& key, const std::string& value, const std::string& origin);

  // The value as set, or the key's default; nothing for an unknown key that was not set.
  std::optional<std::string> get(const std::string& key) const;
  // Whether it was set, itself or by its older name.
  bool contains(const std::string& key) const;
  // Where its value comes from: "default", "program", a file with a line ("orders.toml:12"), a variable, or
  // what set() was told.
  std::string origin(const std::string& key) const;
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
  struct Setting {
    std::string value;
    std::string origin;
  };

  // Null: neither the key nor its older name is set.
  const Setting* find(const std::string& key) const;
  std::int64_t numberOf(const std::string& key) const;
  void noteUnknown(UnknownKey unknown);

  std::map<std::string, Setting> values_;
  std::vector<UnknownKey> unknown_;
};

// One known key, for documentation and help texts.
struct ConfKey {
  std::string_view key;
  std::string_view type;  // "duration", "integer", "boolean", "text", "bytes", "fraction" or "decimal".
  std::string_view fallback;
  std::string_view meaning;
  // What a number alone is in: "ms", "s", "MiB", "bytes"; empty where there is no unit.
  std::string_view unit = {};
  // The values that it may have, in words; empty: any.
  std::string range = {};
  // False: accepted and checked for programs that were written for Spark; `meaning` says why it does nothing.
  bool acts = true;
};
// All known keys, sorted by name.
std::vector<ConfKey> confKeys();

// The variable of the environment that sets a key: TIDEMILL_CONF_, then the key in capitals, with `_` for
// each dot and before each capital.
std::string confVariable(std::string_view key);

}  // namespace tidemill

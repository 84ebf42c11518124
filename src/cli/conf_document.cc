#include "cli/conf_document.h"

#include <fmt/format.h>

#include <functional>

#include "codec/json_writer.h"

namespace tidemill::cli {
namespace {

constexpr std::string_view kBeginning = R"(# Configuration

Every key that tidemill knows. Written by `tidemill conf --markdown`; the gate compares.

## Where values come from

The later counts: the default, a file, the environment, the program or the command line.

```cpp
Conf conf;
conf.setFromFile("orders.toml").setFromEnvironment();
conf.set("spark.streaming.blockInterval", "200ms");
StreamingContext context(conf, Seconds(1));
```

- **A file** is TOML, named with `tidemill count --conf FILE` or read by `Conf::fromFile()`. Tables are parts of keys; a key
  may also stand in quotes as a whole. Lists, such as the folders of `tidemill.block.replicas`, may be arrays. What is wrong is
  named with its line.

  ```toml
  "kinesis.checkpoint.after" = "processed"

  [spark.streaming]
  blockInterval = "200ms"
  kinesis.retry.maxAttempts = 5

  [tidemill.block]
  replicas = ["dir:/mnt/b", "dir:/mnt/c"]
  ```

- **The environment**: `TIDEMILL_CONF_`, then the key in capitals, with `_` for each dot and before each capital:
  `TIDEMILL_CONF_SPARK_STREAMING_BLOCK_INTERVAL=200ms`. An empty variable counts as absent. The commands `count`, `recover`,
  `fsck` and `conf` read it; a program of your own does with `Conf::setFromEnvironment()`.
- **The command line**: `--set KEY=VALUE`, several times.

`tidemill conf` prints the values that count; `tidemill conf --explain KEY` says where a value comes from and what it does.

A context takes a copy of the `Conf` that it is made with, so later changes of the `Conf` do nothing; `StreamingContext::conf()`
shows the settings of a context that exists. It changes the few that a context that runs takes, of which the table says so, and
refuses all others with `error[Usage]`. A value that does not fit is refused when it is set, with `error[InvalidConfig]` and the name of the key.
A key that nobody knows gets one warning, which names the nearest known one.

Times are whole numbers with `us`, `ms`, `s`, `m` or `min`, `h`, `d`; sizes with `b`, `k`, `m`, `g`; without a suffix they are
in the unit in brackets.
)";

// `|` divides the cells of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string valuesOf(const ConfKey& key) {
  std::string values(key.type);
  if (!key.unit.empty()) values += fmt::format(" [{}]", key.unit);
  if (!key.range.empty() && key.type != "boolean") values += ": " + key.range;
  if (key.range == "false") values += ": false";
  return values;
}

bool isSparks(const ConfKey& key) {
  return key.key.starts_with("spark.");
}

std::string table(std::string_view title, std::string_view beginning,
                  const std::function<bool(const ConfKey&)>& wanted) {
  std::string text =
      fmt::format("\n## {}\n\n{}| Key | Default | Values | What it does |\n| --- | --- | --- | --- |\n",
                  title, beginning);
  for (const ConfKey& key : confKeys()) {
    if (!wanted(key)) continue;
    const std::string fallback = key.fallback.empty() ? "none" : fmt::format("`{}`", cell(key.fallback));
    text +=
        fmt::format("| `{}` | {} | {} | {} |\n", key.key, fallback, cell(valuesOf(key)), cell(key.meaning));
  }
  return text;
}

}  // namespace

std::string confDocument() {
  std::string text(kBeginning);
  text += table("Keys of Spark", "", [](const ConfKey& key) { return isSparks(key) && key.acts; });
  text += table("Keys of our own", "", [](const ConfKey& key) { return !isSparks(key); });
  text += table("Keys of Spark that do nothing here",
                "They are accepted and checked, so that a configuration of Spark can be used as it is. One "
                "that is set to "
                "something else than its\ndefault gets one warning.\n\n",
                [](const ConfKey& key) { return isSparks(key) && !key.acts; });
  return text;
}

std::vector<std::string> confLines(const Conf& conf, const ConfKey& key, bool explain) {
  const std::string name(key.key);
  std::vector<std::string> lines{name + ": " + *conf.get(name)};
  if (!explain) return lines;
  lines.push_back("  from: " + conf.origin(name));
  lines.push_back(fmt::format("  default: {}", key.fallback));
  lines.push_back("  values: " + valuesOf(key));
  lines.push_back("  variable: " + confVariable(key.key));
  lines.push_back(fmt::format("  does: {}", key.meaning));
  return lines;
}

std::string confJson(const Conf& conf, const std::vector<ConfKey>& keys) {
  codec::JsonWriter json;
  const auto member = [&json](std::string_view name, std::string_view text) {
    json.key(name);
    json.text(text);
  };
  json.beginObject();
  json.key("keys");
  json.beginArray();
  for (const ConfKey& key : keys) {
    const std::string name(key.key);
    json.beginObject();
    member("key", name);
    member("value", *conf.get(name));
    member("origin", conf.origin(name));
    member("type", key.type);
    member("unit", key.unit);
    member("default", key.fallback);
    member("range", key.range);
    json.key("acts");
    json.boolean(key.acts);
    member("variable", confVariable(key.key));
    member("meaning", key.meaning);
    json.endObject();
  }
  json.endArray();
  json.endObject();
  return json.take();
}

}  // namespace tidemill::cli

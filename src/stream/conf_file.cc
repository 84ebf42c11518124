#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/text.h"
#include "stream/conf_table.h"
#include "tidemill/conf.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

constexpr std::size_t kFileMost = 1u << 20;
// The parser keeps a table for each part of a key, one inside the other.
constexpr std::size_t kLineMost = 4096;
constexpr int kDepthMost = 32;

struct FoundSetting {
  std::size_t line = 0;
  std::string key;
  std::string value;
};

[[noreturn]] void refuse(const std::string& where, const std::string& problem, const std::string& hint) {
  throw Error(Code::kInvalidConfig, where + ": " + problem, hint);
}

std::string readWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(Code::kIo, fmt::format("configuration file {}: {}", path, std::strerror(errno)),
                "name a file that exists and may be read");
  }
  std::string text;
  char piece[4096];
  while (text.size() <= kFileMost && (file.read(piece, sizeof(piece)) || file.gcount() > 0)) {
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) {
    throw Error(Code::kIo, fmt::format("configuration file {} cannot be read", path), "is it a folder?");
  }
  if (text.size() > kFileMost) refuse(path, "above 1 MiB", "a configuration has some lines");
  std::size_t number = 0;
  for (const std::string_view line : base::split(text, '\n')) {
    ++number;
    if (line.size() <= kLineMost) continue;
    refuse(fmt::format("{}:{}", path, number), "a line of more than 4096 bytes",
           "write long lists as an array over several lines");
  }
  return text;
}

std::string_view typeOf(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::string_view typeOf(const stream::ConfEntry& entry) {
  switch (entry.type) {
    case stream::ConfType::kDuration:
      return "a duration";
    case stream::ConfType::kInteger:
      return "a whole number";
    case stream::ConfType::kBoolean:
      return "a boolean";
    case stream::ConfType::kText:
      return "a text";
    case stream::ConfType::kBytes:
      return "a size in bytes";
    case stream::ConfType::kFraction:
      return "a part of the whole";
    case stream::ConfType::kDecimal:
      return "a number";
  }
  return "";
}

// Whether the type of TOML can stand for one of ours. A text always can: the table reads it.
bool fits(const toml::node& node, const stream::ConfEntry* entry) {
  using stream::ConfType;
  if (node.is_string()) return true;
  if (entry == nullptr) return node.is_integer() || node.is_floating_point() || node.is_boolean();
  if (node.is_boolean()) return entry->type == ConfType::kBoolean;
  const bool real = entry->type == ConfType::kFraction || entry->type == ConfType::kDecimal;
  if (node.is_floating_point()) return real;
  if (node.is_integer()) {
    return real || entry->type == ConfType::kDuration || entry->type == ConfType::kInteger ||
           entry->type == ConfType::kBytes;
  }
  // Lists are texts with commas.
  return node.is_array() && entry->type == ConfType::kText && entry->unit.empty() &&
         std::all_of(node.as_array()->begin(), node.as_array()->end(),
                     [](const toml::node& part) { return part.is_string(); });
}

std::string textOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{:.6f}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  std::string list;
  for (const toml::node& part : *node.as_array()) {
    list += list.empty() ? "" : ",";
    list += part.as_string()->get();
  }
  return list;
}

// The settings of a file in the order of their lines.
class FileSettings {
 public:
  explicit FileSettings(std::string path) : path_(std::move(path)) {}

  std::vector<FoundSetting> of(const toml::table& table) {
    add(table, "", 0);
    std::sort(found_.begin(), found_.end(), [](const FoundSetting& a, const FoundSetting& b) {
      return std::tie(a.line, a.key) < std::tie(b.line, b.key);
    });
    std::map<std::string, std::size_t> lines;
    for (const FoundSetting& setting : found_) {
      const auto [first, fresh] = lines.emplace(setting.key, setting.line);
      if (fresh) continue;
      refuse(at(setting.line), fmt::format("{} is set in line {} already", setting.key, first->second),
             "keep one of the two");
    }
    return std::move(found_);
  }

  std::string at(std::size_t line) const { return fmt::format("{}:{}", path_, line); }

 private:
  void add(const toml::table& table, const std::string& prefix, int depth) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      const std::size_t line =
          node.source().begin.line > 0 ? node.source().begin.line : name.source().begin.line;
      if (const toml::table* inner = node.as_table()) {
        if (depth == kDepthMost) refuse(at(line), "tables more than 32 deep", "keys have a few parts");
        add(*inner, key + ".", depth + 1);
        continue;
      }
      const stream::ConfEntry* entry = stream::findConfEntry(key);
      if (!fits(node, entry)) refuseType(line, key, entry, node);
      found_.push_back({line, key, textOf(node)});
    }
  }

  [[noreturn]] void refuseType(std::size_t line, const std::string& key, const stream::ConfEntry* entry,
                               const toml::node& node) const {
    if (entry == nullptr) {
      refuse(at(line), fmt::format("{} is {}", base::quoteIfNeeded(key), typeOf(node)),
             "values are texts, numbers and booleans");
    }
    refuse(at(line), fmt::format("{} is {}, not {}", key, typeOf(*entry), typeOf(node)),
           entry->type == stream::ConfType::kBoolean
               ? fmt::format("for example {} = {}", key, entry->fallback)
               : fmt::format("for example {} = \"{}\"", key, entry->fallback));
  }

  const std::string path_;
  std::vector<FoundSetting> found_;
};

}  // namespace

Conf Conf::fromFile(const std::string& path) {
  Conf conf;
  conf.setFromFile(path);
  return conf;
}

Conf& Conf::setFromFile(const std::string& path) {
  const std::string text = readWhole(path);
  const toml::parse_result parsed = toml::parse(text);
  FileSettings settings(path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    refuse(settings.at(error.source().begin.line),
           fmt::format("not TOML: {}", base::quoteIfNeeded(error.description())),
           "a line is like blockInterval = \"200ms\" below [spark.streaming]");
  }
  // All or nothing: what is refused leaves this as it was.
  Conf changed = *this;
  for (const FoundSetting& setting : settings.of(parsed.table()))
    changed.set(setting.key, setting.value, settings.at(setting.line));
  *this = std::move(changed);
  return *this;
}

}  // namespace tidemill

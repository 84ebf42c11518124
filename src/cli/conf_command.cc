#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/conf_document.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "stream/conf_rules.h"
#include "stream/conf_table.h"

namespace tidemill::cli {
namespace {

struct ConfFlags {
  std::vector<std::string> keys;
  std::string confFile;
  std::vector<std::string> settings;
  bool explain = false;
  bool markdown = false;
  bool json = false;
};

// Those that were asked for; all if none were.
Result<std::vector<ConfKey>> keysOf(const std::vector<std::string>& asked) {
  std::vector<ConfKey> all = confKeys();
  if (asked.empty()) return all;
  std::vector<ConfKey> keys;
  for (const std::string& name : asked) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const ConfKey& key) { return key.key == name; });
    if (found == all.end()) {
      const std::string nearest = stream::nearestConfKey(name);
      return fail(Code::kUsage, base::quoteIfNeeded(name) + " is not a setting of tidemill",
                  nearest.empty() ? "tidemill conf lists all keys" : "nearest: " + nearest);
    }
    keys.push_back(*found);
  }
  return keys;
}

int runConf(const ConfFlags& flags) {
  const Output output(flags.json);
  if (flags.markdown) {
    std::vector<std::string> lines;
    const std::string text = confDocument();
    for (const std::string_view line : base::split(std::string_view(text).substr(0, text.size() - 1), '\n'))
      lines.emplace_back(line);
    Output(/*json=*/false).document(lines, "");
    return 0;
  }
  auto conf = loadSettings(flags.confFile, flags.settings);
  if (!conf) return printError(conf.error());
  warnOfKeys(*conf);
  // The program may name a checkpoint directory itself.
  if (auto fits = stream::checkTogether(*conf, /*hasCheckpointDirectory=*/true); !fits)
    return printError(fits.error());
  auto keys = keysOf(flags.keys);
  if (!keys) return printError(keys.error());
  std::vector<std::string> lines;
  for (const ConfKey& key : *keys) {
    for (std::string& line : confLines(*conf, key, flags.explain)) lines.push_back(oneLine(line));
  }
  output.document(lines, confJson(*conf, *keys));
  return 0;
}

}  // namespace

void addConfCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("conf", "Checks a configuration, and prints what it comes to");
  auto flags = std::make_shared<ConfFlags>();
  command->add_option("key", flags->keys, "Only these keys");
  command->add_option("--conf", flags->confFile, "A file of settings, in TOML");
  command->add_option("--set", flags->settings, "A setting as key=value; may be given several times")
      ->allow_extra_args(false);
  command->add_flag("--explain", flags->explain, "Also where each value comes from, and what it does");
  command->add_flag("--json", flags->json, "One JSON object");
  command->add_flag("--markdown", flags->markdown, "The list of all keys, as docs/CONFIGURATION.md has it");
  command->callback([&chosen, flags] { chosen = [flags] { return runConf(*flags); }; });
}

}  // namespace tidemill::cli

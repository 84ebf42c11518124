#include "cli/settings.h"

#include "base/text.h"
#include "cli/output.h"

namespace tidemill::cli {

Result<Conf> loadSettings(const std::string& file, const std::vector<std::string>& settings) {
  Conf conf;
  try {
    if (!file.empty()) conf.setFromFile(file);
    conf.setFromEnvironment();
  } catch (const Error& error) {
    return fail(error);
  }
  auto applied = applySettings(conf, settings);
  if (!applied) return fail(applied.error());
  return conf;
}

void warnOfKeys(Conf& conf) {
  for (const UnknownKey& unknown : conf.takeUnknownKeys()) {
    const std::string key = unknown.origin == "--set" ? unknown.key : unknown.origin + ": " + unknown.key;
    if (unknown.sparkOnly) {
      printWarning("KeyWithoutEffect", key + ": " + unknown.reason);
    } else {
      printWarning("UnknownKey", key + " is not a setting of tidemill and has no effect" +
                                     (unknown.nearest.empty() ? "" : "; nearest: " + unknown.nearest));
    }
  }
}

Result<void> applySettings(Conf& conf, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos) {
      return fail(Code::kUsage, "--set " + base::quoteIfNeeded(setting) + " has no '='",
                  "for example --set spark.streaming.blockInterval=200ms");
    }
    try {
      conf.set(setting.substr(0, equals), setting.substr(equals + 1), "--set");
    } catch (const Error& error) {
      return fail(error);
    }
  }
  return {};
}

}  // namespace tidemill::cli

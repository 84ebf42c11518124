#include "cli/settings.h"

#include "base/text.h"

namespace tidemill::cli {

Result<void> applySettings(Conf& conf, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos) {
      return fail(Code::kUsage, "--set " + base::quoteIfNeeded(setting) + " has no '='",
                  "for example --set spark.streaming.blockInterval=200ms");
    }
    try {
      conf.set(setting.substr(0, equals), setting.substr(equals + 1));
    } catch (const Error& error) {
      return fail(error);
    }
  }
  return {};
}

}  // namespace tidemill::cli

#include "stream/conf_rules.h"

#include <fmt/format.h>

namespace tidemill::stream {
namespace {

std::string shown(const Conf& conf, const std::string& key) {
  return fmt::format("{}={} ({})", key, *conf.get(key), conf.origin(key));
}

}  // namespace

Result<void> checkTogether(const Conf& conf, bool hasCheckpointDirectory) {
  const std::string log = "spark.streaming.receiver.writeAheadLog.enable";
  if (conf.getBoolean(log) && !hasCheckpointDirectory) {
    return fail(
        Code::kInvalidConfig, shown(conf, log) + " needs a checkpoint directory, and there is none",
        "set spark.streaming.checkpoint.directory, or leave the key out: Kinesis itself keeps what was "
        "received");
  }
  const std::string prefix = "spark.streaming.dynamicAllocation.";
  const std::string least = prefix + "minExecutors";
  const std::string most = prefix + "maxExecutors";
  if (conf.getInteger(least) > conf.getInteger(most)) {
    return fail(Code::kInvalidConfig, shown(conf, least) + " is above " + shown(conf, most),
                "leave both out: they do nothing here");
  }
  const std::string up = prefix + "scalingUpRatio";
  const std::string down = prefix + "scalingDownRatio";
  if (conf.getDecimal(up) <= conf.getDecimal(down)) {
    return fail(Code::kInvalidConfig, shown(conf, up) + " is not above " + shown(conf, down),
                "leave both out: they do nothing here");
  }
  const std::string streaming = prefix + "enabled";
  const std::string core = "spark.dynamicAllocation.enabled";
  if (conf.getBoolean(streaming) && conf.get(core) == "true") {
    return fail(Code::kInvalidConfig, shown(conf, streaming) + " excludes " + shown(conf, core),
                "leave both out: they do nothing here");
  }
  return {};
}

std::vector<OverriddenKey> overriddenKeys(const Conf& conf) {
  const std::string prefix = "spark.streaming.kinesis.";
  std::vector<OverriddenKey> overridden;
  const auto check = [&](const std::string& key, const std::string& by) {
    if (!conf.contains(prefix + key) || !conf.contains(prefix + by)) return;
    overridden.push_back({prefix + key, prefix + by, "for reads of lost records the other key counts"});
  };
  check("client.maxRetries", "retry.maxAttempts");
  check("client.retryDelayMs", "retry.waitTime");
  return overridden;
}

}  // namespace tidemill::stream

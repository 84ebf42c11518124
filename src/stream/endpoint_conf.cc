#include "stream/endpoint_conf.h"

#include <optional>
#include <utility>

namespace tidemill::stream {
namespace {

std::optional<std::string> unlessEmpty(std::string text) {
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

}  // namespace

aws::EndpointOptions endpointOptionsOf(const Conf& conf, const std::string& service) {
  const std::string prefix = "tidemill." + service + ".";
  aws::EndpointOptions where;
  where.endpoint = unlessEmpty(conf.getText(prefix + "endpoint"));
  where.region = unlessEmpty(conf.getText(prefix + "region"));
  where.allowPlainHttp = conf.getBoolean(prefix + "allowPlainHttp");
  return where;
}

}  // namespace tidemill::stream

#include "aws/endpoint.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/url.h"

namespace tidemill::aws {
namespace {

constexpr std::string_view kFallbackRegion = "us-east-1";

struct Partition {
  std::string_view prefix;
  std::string_view suffix;
};
// Longer prefixes first.
constexpr std::array<Partition, 6> kPartitions = {{{"us-isob-", "sc2s.sgov.gov"},
                                                   {"us-isof-", "csp.hci.ic.gov"},
                                                   {"eu-isoe-", "cloud.adc-e.uk"},
                                                   {"us-iso-", "c2s.ic.gov"},
                                                   {"eusc-", "amazonaws.eu"},
                                                   {"cn-", "amazonaws.com.cn"}}};

// A value and where it came from, for messages.
struct Setting {
  std::string value;
  std::string source;
};

std::optional<Setting> firstSet(const std::optional<std::string>& given, std::string_view givenName,
                                const std::vector<std::string>& names, const Environment& environment) {
  if (given && !given->empty()) return Setting{*given, std::string(givenName)};
  for (const std::string& name : names) {
    if (auto value = environment(name)) return Setting{std::move(*value), name};
  }
  return std::nullopt;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

// Parsed by libcurl, so that what is checked here is what is connected to later.
class ParsedUrl {
 public:
  explicit ParsedUrl(const std::string& text) : handle_(curl_url()) {
    valid_ = handle_ != nullptr && curl_url_set(handle_.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  }
  bool valid() const { return valid_; }
  std::string part(CURLUPart which) const {
    char* text = nullptr;
    if (curl_url_get(handle_.get(), which, &text, 0) != CURLUE_OK) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
  }

 private:
  struct Free {
    void operator()(CURLU* handle) const { curl_url_cleanup(handle); }
  };
  std::unique_ptr<CURLU, Free> handle_;
  bool valid_ = false;
};

// What is wrong with a custom endpoint; empty if nothing is.
std::string objection(const Setting& setting) {
  if (!setting.value.starts_with("http://") && !setting.value.starts_with("https://")) {
    return "it must begin with http:// or https://";
  }
  const ParsedUrl url(setting.value);
  if (!url.valid() || url.part(CURLUPART_HOST).empty()) return "it is not a valid url";
  if (!url.part(CURLUPART_USER).empty() || !url.part(CURLUPART_PASSWORD).empty()) {
    return "a user or password does not belong there";
  }
  if (!url.part(CURLUPART_QUERY).empty() || !url.part(CURLUPART_FRAGMENT).empty()) {
    return "a query or fragment does not belong there";
  }
  if (url.part(CURLUPART_PATH) != "/") return "a path does not belong there";
  return {};
}

// "eu-west-1" of "https://kinesis.eu-west-1.amazonaws.com"; nothing for other hosts.
std::optional<std::string> regionInName(std::string_view url) {
  const std::string host = base::toLower(http::hostOf(url));
  if (host.find("amazonaws.") == std::string::npos) return std::nullopt;
  for (std::string_view label : base::split(host, '.')) {
    if (isRegion(label)) return std::string(label);
  }
  return std::nullopt;
}

Error unusable(const Setting& setting, std::string_view problem, std::string hint) {
  // A password in the url stays out of the message.
  const bool login = setting.value.find('@') != std::string::npos;
  const std::string shown = login ? http::hostOf(setting.value) : base::quoteIfNeeded(setting.value);
  return Error(Code::kInvalidConfig,
               fmt::format("the endpoint {} from {} cannot be used: {}", shown, setting.source, problem),
               std::move(hint));
}

Result<std::string> customUrl(std::string_view service, const Setting& setting, bool allowPlainHttp) {
  const std::string problem = objection(setting);
  if (!problem.empty()) {
    return fail(unusable(setting, problem,
                         "give a url like https://kinesis.eu-west-1.amazonaws.com or http://127.0.0.1:4567"));
  }
  if (setting.value.starts_with("http://") && !allowPlainHttp && !http::isLoopbackUrl(setting.value)) {
    return fail(unusable(
        setting, "plain http to another machine, where everybody on the way can read the records",
        // The names of the permission in the library's configuration and on the command line.
        fmt::format(
            "use https; in a trusted network set tidemill.{}.allowPlainHttp, or give --allow-plain-http",
            service)));
  }
  std::string url = setting.value;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

bool isRegion(std::string_view text) {
  if (text.size() < 6 || text.size() > 32) return false;
  const std::vector<std::string_view> parts = base::split(text, '-');
  if (parts.size() < 3) return false;
  const auto inRange = [](std::string_view part, char low, char high) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [&](char c) { return c >= low && c <= high; });
  };
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!inRange(parts[i], 'a', 'z')) return false;
  }
  return inRange(parts.back(), '0', '9');
}

std::string_view dnsSuffix(std::string_view region) {
  for (const Partition& partition : kPartitions) {
    if (region.starts_with(partition.prefix)) return partition.suffix;
  }
  return "amazonaws.com";
}

Result<Endpoint> resolveEndpoint(std::string_view service, const EndpointOptions& options,
                                 const Environment& environment) {
  const auto endpoint = firstSet(options.endpoint, "the endpoint option",
                                 {"AWS_ENDPOINT_URL_" + upper(service), "AWS_ENDPOINT_URL"}, environment);
  auto region =
      firstSet(options.region, "the region option", {"AWS_REGION", "AWS_DEFAULT_REGION"}, environment);
  if (region && !isRegion(region->value)) {
    return fail(Code::kInvalidConfig,
                fmt::format("{} from {} is not the name of an AWS region", base::quoteIfNeeded(region->value),
                            region->source),
                "give a region like eu-west-1");
  }
  if (!endpoint) {
    if (!region) {
      return fail(Code::kInvalidConfig,
                  "no AWS region: none was given, and AWS_REGION and AWS_DEFAULT_REGION are not set",
                  "give a region like eu-west-1, or an endpoint");
    }
    return Endpoint{fmt::format("https://{}.{}.{}", service, region->value, dnsSuffix(region->value)),
                    region->value};
  }
  Result<std::string> url = customUrl(service, *endpoint, options.allowPlainHttp);
  if (!url) return fail(url.error());
  std::string signing = region ? region->value : regionInName(*url).value_or(std::string(kFallbackRegion));
  return Endpoint{std::move(*url), std::move(signing)};
}

}  // namespace tidemill::aws

#include "hdfs/hdfs_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "codec/utf8.h"

namespace tidemill::hdfs {
namespace {

constexpr std::string_view kDefaultPort = "9870";
constexpr std::size_t kNameNodesMax = 8;
constexpr std::size_t kPathMax = 4000;

struct Scheme {
  std::string_view prefix;
  std::string_view http;
};
constexpr std::array kSchemes =
    std::to_array<Scheme>({{"hdfs://", "http://"}, {"webhdfs://", "http://"}, {"swebhdfs://", "https://"}});

bool isHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

// "host" or "host:port". Addresses of IPv6 are left to names.
bool isAuthority(std::string_view text) {
  const auto colon = std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || host.size() > 255 || !std::all_of(host.begin(), host.end(), isHostCharacter))
    return false;
  if (colon == text.size()) return true;
  const auto port = base::parseInteger(text.substr(colon + 1));
  return port && *port > 0 && *port < 65536;
}

bool isPath(std::string_view path) {
  if (path.size() > kPathMax || !codec::isUtf8(path)) return false;
  const auto parts = base::split(path, '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
    const bool unusable = std::any_of(part.begin(), part.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == ':';
    });
    return part.empty() || part == "." || part == ".." || unusable;
  });
}

}  // namespace

Result<HdfsPlace> parseHdfsUrl(std::string_view url) {
  const auto refuse = [&](std::string_view problem) {
    return fail(Code::kInvalidConfig, fmt::format("{} {}", base::quoteIfNeeded(url), problem),
                "give a url like hdfs://namenode:9870/path, with the namenode's port of HTTP");
  };
  const auto scheme = std::find_if(kSchemes.begin(), kSchemes.end(),
                                   [&](const Scheme& known) { return url.starts_with(known.prefix); });
  if (scheme == kSchemes.end()) return refuse("is no url of HDFS");
  const std::string_view rest = url.substr(scheme->prefix.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  HdfsPlace place;
  for (const std::string_view authority : base::split(rest.substr(0, slash), ',')) {
    if (!isAuthority(authority)) return refuse("names no namenodes before its path");
    const bool hasPort = authority.find(':') != std::string_view::npos;
    place.nameNodes.push_back(
        fmt::format("{}{}{}{}", scheme->http, authority, hasPort ? "" : ":", hasPort ? "" : kDefaultPort));
  }
  if (place.nameNodes.size() > kNameNodesMax) return refuse("names too many namenodes");
  std::string_view path = rest.substr(slash);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return place;
  if (!isPath(path)) return refuse("has a path that HDFS does not have");
  place.path = "/" + std::string(path);
  return place;
}

std::string encodePath(std::string_view path) {
  std::string encoded;
  for (const char c : path) {
    if (isHostCharacter(c) || c == '/' || c == '~') {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

Result<HostMap> parseHostMap(std::string_view text) {
  HostMap hosts;
  if (base::trim(text).empty()) return hosts;
  for (std::string_view pair : base::split(text, ',')) {
    pair = base::trim(pair);
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    const std::string_view address = pair.substr(std::min(equals + 1, pair.size()));
    if (!isAuthority(name) || !isAuthority(address)) {
      return fail(Code::kInvalidConfig,
                  fmt::format("{} does not say which host is where", base::quoteIfNeeded(pair)),
                  "give pairs like datanode1:9864=10.0.0.7:9864, several with commas");
    }
    hosts.insert_or_assign(base::toLower(name), std::string(address));
  }
  return hosts;
}

Result<std::string> redirectedUrl(std::string_view location, std::string_view nameNode,
                                  const HostMap& hosts) {
  const bool secure = location.starts_with("https://");
  if (!secure && !location.starts_with("http://")) {
    return fail(Code::kMalformedResponse,
                fmt::format("the namenode sends on to {}, which is no url of http or https",
                            base::quoteIfNeeded(location.substr(0, 200))));
  }
  if (!secure && nameNode.starts_with("https://")) {
    return fail(Code::kInvalidConfig, "the namenode answers by https and sends on to a datanode by http",
                "set dfs.http.policy of the datanodes to HTTPS_ONLY, or use hdfs:// here");
  }
  const auto from = location.find("://") + 3;
  const auto to = std::min(location.find_first_of("/?#", from), location.size());
  std::string authority = base::toLower(location.substr(from, to - from));
  if (!isAuthority(authority)) {
    return fail(Code::kMalformedResponse,
                fmt::format("the namenode sends on to {}, which is no host", base::quoteIfNeeded(authority)));
  }
  auto found = hosts.find(authority);
  if (found != hosts.end()) {
    authority = found->second;
  } else if ((found = hosts.find(authority.substr(0, authority.find(':')))) != hosts.end()) {
    const auto colon = authority.find(':');
    const bool ownPort = found->second.find(':') != std::string::npos;
    authority = found->second + (ownPort || colon == std::string::npos ? "" : authority.substr(colon));
  }
  return std::string(location.substr(0, from)) + authority + std::string(location.substr(to));
}

}  // namespace tidemill::hdfs

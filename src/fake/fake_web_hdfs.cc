#include "fake/fake_web_hdfs.h"

#include <algorithm>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/text.h"
#include "fake/request_auth.h"

namespace tidemill::fake {

// One request, taken apart.
struct FakeWebHdfs::Asked {
  std::string method;
  std::string node;  // "nn1:9870"
  std::string scheme;
  std::string rawPath;  // As in the url, after the interface's own part.
  std::string path;     // Decoded; empty: the root.
  std::string query;
  std::map<std::string, std::string> values;

  std::string value(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  }
};

namespace {

namespace json = boost::json;

constexpr std::string_view kApi = "/webhdfs/v1";

std::string decodePercent(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string digits(text[i] == '%' ? text.substr(i + 1, 2) : std::string_view());
    if (digits.size() == 2 && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
      plain += static_cast<char>(std::stoi(digits, nullptr, 16));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

http::Response respond(int status, std::string_view type, std::string_view body) {
  http::Response response;
  response.status = status;
  if (!type.empty()) response.headers.push_back({"Content-Type", std::string(type)});
  response.body = codec::Body::copyOf(body);
  return response;
}

http::Response respondJson(int status, const json::object& body) {
  return respond(status, "application/json", json::serialize(body));
}

http::Response boolean(bool value) {
  return respondJson(200, {{"boolean", value}});
}

http::Response remoteException(int status, std::string_view name, std::string_view message) {
  const json::object exception = {{"exception", name},
                                  {"javaClassName", fmt::format("org.apache.hadoop.hdfs.{}", name)},
                                  {"message", message}};
  return respondJson(status, {{"RemoteException", exception}});
}

http::Response missing(const std::string& path) {
  return remoteException(404, "FileNotFoundException", fmt::format("File does not exist: {}", path));
}

std::string parentOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string nameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

FakeWebHdfs::FakeWebHdfs(FakeWebHdfsOptions options) : options_(std::move(options)) {
  files_[""] = {true, {}, {}};
}

const std::string* FakeWebHdfs::find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() || found->second.directory ? nullptr : &found->second.bytes;
}

std::vector<std::string> FakeWebHdfs::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files_)
    if (!file.directory) paths.push_back(path);
  return paths;
}

void FakeWebHdfs::write(const std::string& path, std::string bytes, rt::WallTime at) {
  makeDirectories(parentOf(path), at);
  files_[path] = {false, std::move(bytes), at};
}

http::Response FakeWebHdfs::handle(const http::Request& request, rt::WallTime now) {
  Asked asked;
  asked.method = request.method;
  const auto host = request.url.find("://") + 3;
  asked.scheme = request.url.substr(0, host);
  asked.node = request.url.substr(host, std::min(request.url.find('/', host), request.url.size()) - host);
  const std::string_view target = targetOf(request);
  const auto mark = std::min(target.find('?'), target.size());
  if (!target.starts_with(kApi)) return respond(404, "text/html", "<html>Not Found</html>");
  asked.rawPath = target.substr(kApi.size(), mark - kApi.size());
  asked.path = decodePercent(asked.rawPath);
  while (asked.path.ends_with('/')) asked.path.pop_back();
  asked.query = target.substr(std::min(mark + 1, target.size()));
  for (const std::string_view pair : base::split(asked.query, '&')) {
    const auto equals = std::min(pair.find('='), pair.size());
    asked.values[std::string(pair.substr(0, equals))] =
        decodePercent(pair.substr(std::min(equals + 1, pair.size())));
  }
  // A node that is both tells by what the namenode has put into the url that it sent on.
  const bool isData = options_.nameNodes.empty() ? !asked.value("namenoderpcaddress").empty()
                                                 : asked.node == options_.dataNode;
  http::Response response = isData ? answerDataNode(asked, request.body, now) : answerNameNode(asked, now);
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  response.headers.push_back({"Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds))});
  return response;
}

bool FakeWebHdfs::isDenied(const std::string& path) const {
  return std::any_of(denied_.begin(), denied_.end(), [&](const std::string& folder) {
    return path == folder || path.starts_with(folder + "/");
  });
}

std::optional<http::Response> FakeWebHdfs::refusal(const Asked& asked) const {
  if (safeMode_) {
    return remoteException(
        403, "SafeModeException",
        fmt::format("Cannot change {}. Name node is in safe mode.\nThe reported blocks 0 needs "
                    "additional 1 blocks to reach the threshold 0.9990 of total blocks 1.",
                    asked.path));
  }
  if (isDenied(asked.path)) {
    return remoteException(
        403, "AccessControlException",
        fmt::format("Permission denied: user={}, access=WRITE, inode=\"{}\"",
                    asked.value("user.name").empty() ? "dr.who" : asked.value("user.name"), asked.path));
  }
  return std::nullopt;
}

bool FakeWebHdfs::makeDirectories(const std::string& path, rt::WallTime now) {
  std::string sofar;
  for (const std::string_view part : base::split(path, '/')) {
    if (part.empty()) continue;
    sofar += "/" + std::string(part);
    const auto [at, made] = files_.try_emplace(sofar, File{true, {}, now});
    if (!made && !at->second.directory) return false;
  }
  return true;
}

std::vector<std::string> FakeWebHdfs::childrenOf(const std::string& folder) const {
  std::vector<std::string> children;
  const std::string prefix = folder + "/";
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix); ++at)
    if (at->first.find('/', prefix.size()) == std::string::npos) children.push_back(at->first);
  return children;
}

http::Response FakeWebHdfs::answerNameNode(const Asked& asked, rt::WallTime now) {
  const auto node = std::find(options_.nameNodes.begin(), options_.nameNodes.end(), asked.node);
  const bool single = options_.nameNodes.empty();
  if (!single && node == options_.nameNodes.end()) {
    return respond(404, "text/html", "<html>Not Found</html>");
  }
  if (active_ != static_cast<std::size_t>(node - options_.nameNodes.begin())) {
    return remoteException(403, "StandbyException",
                           "Operation category READ is not supported in state standby");
  }
  const std::string operation = asked.value("op");
  const bool reads = operation == "OPEN" || operation == "GETFILESTATUS" || operation == "LISTSTATUS_BATCH";
  if (!reads) {
    if (auto refused = refusal(asked)) return *refused;
  }
  const auto found = files_.find(asked.path);
  if (operation == "OPEN") {
    if (found == files_.end() || found->second.directory) return missing(asked.path);
    if (options_.readsDirectly) return respond(200, "application/octet-stream", found->second.bytes);
    return redirect(asked);
  }
  if (operation == "CREATE" && asked.method == "PUT") {
    if (found != files_.end() && asked.value("overwrite") != "true") {
      return remoteException(403, "FileAlreadyExistsException", fmt::format("{} already exists", asked.path));
    }
    return redirect(asked);
  }
  if (operation == "MKDIRS" && asked.method == "PUT") {
    if (makeDirectories(asked.path, now)) return boolean(true);
    return remoteException(403, "ParentNotDirectoryException",
                           fmt::format("{} (is not a directory)", asked.path));
  }
  if (operation == "GETFILESTATUS") {
    if (found == files_.end()) return missing(asked.path);
    const json::object status = {{"pathSuffix", ""},
                                 {"type", found->second.directory ? "DIRECTORY" : "FILE"}};
    return respondJson(200, {{"FileStatus", status}});
  }
  if (operation == "RENAME" && asked.method == "PUT") return rename(asked);
  if (operation == "DELETE" && asked.method == "DELETE") return remove(asked);
  if (operation == "LISTSTATUS_BATCH") return list(asked);
  return remoteException(400, "IllegalArgumentException", "Invalid value for webhdfs parameter \"op\"");
}

http::Response FakeWebHdfs::redirect(const Asked& asked) {
  const std::string& node = options_.nameNodes.empty() ? asked.node : options_.dataNode;
  const std::string location =
      fmt::format("{}{}{}{}?{}&namenoderpcaddress=ns1", asked.scheme, node, kApi, asked.rawPath, asked.query);
  if (options_.noRedirect && asked.value("noredirect") == "true") {
    return respondJson(200, {{"Location", location}});
  }
  http::Response response = respond(307, "application/octet-stream", "");
  response.headers.push_back({"Location", location});
  return response;
}

http::Response FakeWebHdfs::answerDataNode(const Asked& asked, const std::string& body, rt::WallTime now) {
  if (asked.value("namenoderpcaddress").empty()) {
    return remoteException(400, "IllegalArgumentException", "namenoderpcaddress is not specified");
  }
  if (asked.value("op") == "OPEN") {
    const std::string* bytes = find(asked.path);
    return bytes == nullptr ? missing(asked.path) : respond(200, "application/octet-stream", *bytes);
  }
  if (auto refused = refusal(asked)) return *refused;
  if (files_.contains(asked.path)) {
    return remoteException(403, "FileAlreadyExistsException", fmt::format("{} already exists", asked.path));
  }
  if (!makeDirectories(parentOf(asked.path), now)) {
    return remoteException(403, "ParentNotDirectoryException",
                           fmt::format("{} (is not a directory)", asked.path));
  }
  files_[asked.path] = {false, body, now};
  return respond(201, "", "");
}

http::Response FakeWebHdfs::rename(const Asked& asked) {
  const std::string to = asked.value("destination");
  const bool options = !options_.plainRenames && !asked.value("renameoptions").empty();
  const auto from = files_.find(asked.path);
  const bool parent = files_.contains(parentOf(to)) && files_.at(parentOf(to)).directory;
  if (from == files_.end() || !parent) {
    return options ? missing(from == files_.end() ? asked.path : parentOf(to)) : boolean(false);
  }
  if (files_.contains(to)) {
    return options ? remoteException(403, "FileAlreadyExistsException",
                                     fmt::format("rename destination {} already exists", to))
                   : boolean(false);
  }
  File moved = std::move(from->second);
  files_.erase(from);
  files_[to] = std::move(moved);
  return options ? respond(200, "application/octet-stream", "") : boolean(true);
}

http::Response FakeWebHdfs::remove(const Asked& asked) {
  if (!files_.contains(asked.path) || asked.path.empty()) return boolean(false);
  if (!childrenOf(asked.path).empty()) {
    return remoteException(403, "PathIsNotEmptyDirectoryException",
                           fmt::format("{} is non empty", asked.path));
  }
  files_.erase(asked.path);
  return boolean(true);
}

http::Response FakeWebHdfs::list(const Asked& asked) {
  const auto found = files_.find(asked.path);
  if (found == files_.end()) return missing(asked.path);
  const std::string after = asked.value("startAfter");
  json::array files;
  std::int64_t remaining = 0;
  for (const std::string& path : childrenOf(asked.path)) {
    const std::string name = nameOf(path);
    if (!after.empty() && name <= after) continue;
    if (files.size() == options_.listMax) {
      ++remaining;
      continue;
    }
    const File& file = files_.at(path);
    files.push_back(json::object{{"pathSuffix", name},
                                 {"type", file.directory ? "DIRECTORY" : "FILE"},
                                 {"length", static_cast<std::int64_t>(file.bytes.size())},
                                 {"modificationTime", file.modified.time_since_epoch().count()},
                                 {"owner", "tidemill"},
                                 {"permission", "755"},
                                 {"replication", file.directory ? 0 : 3}});
  }
  const json::object statuses = {{"FileStatus", files}};
  const json::object partial = {{"FileStatuses", statuses}};
  const json::object listing = {{"partialListing", partial}, {"remainingEntries", remaining}};
  return respondJson(200, {{"DirectoryListing", listing}});
}

}  // namespace tidemill::fake

#include "stream/checkpoint/checkpoint_stores.h"

#include <string_view>
#include <utility>

#include "stream/checkpoint/file_checkpoint_store.h"
#include "stream/checkpoint/hdfs_checkpoint_store.h"
#include "stream/checkpoint/s3_checkpoint_store.h"

namespace tidemill::stream {
namespace {

constexpr char kHint[] = "name it as a path, file:/path, s3://bucket/path or hdfs://namenode:9870/path";

using Made = Result<std::unique_ptr<CheckpointStore>>;

// Empty: `url` has no scheme. A single letter would be no scheme either.
std::string schemeOf(std::string_view url) {
  const auto colon = url.find(':');
  const auto slash = url.find('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && slash < colon)) return {};
  return std::string(url.substr(0, colon));
}

// Of file:/path, file:///path and file://localhost/path.
std::string pathOf(std::string_view url) {
  std::string_view rest = url.substr(url.find(':') + 1);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    if (rest.starts_with("localhost/")) rest.remove_prefix(rest.find('/'));
    // file://name/… would be another host.
    if (!rest.starts_with('/')) return {};
  }
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  return std::string(rest);
}

Made makeS3(const rt::Env& env, const std::string& url, const CheckpointStoreOptions& options) {
  auto place = s3::parseS3Url(url);
  if (!place) return fail(place.error().within(options.remote.purpose));
  auto client = s3::resolveS3Options(place->bucket, options.s3, options.environment);
  if (!client) return fail(client.error().within(options.remote.purpose + " " + url));
  client->serverSideEncryption = options.s3ServerSideEncryption;
  client->kmsKeyId = options.s3KmsKeyId;
  if (!client->kmsKeyId.empty() && !client->serverSideEncryption.starts_with("aws:kms")) {
    return fail(Code::kInvalidConfig, "tidemill.s3.kmsKeyId is set, and what it is for is not",
                "set tidemill.s3.serverSideEncryption to aws:kms");
  }
  return std::make_unique<S3CheckpointStore>(env, url, std::move(*place), std::move(*client), options.remote);
}

Made makeHdfs(const rt::Env& env, const std::string& url, const CheckpointStoreOptions& options) {
  auto place = hdfs::parseHdfsUrl(url);
  if (!place) return fail(place.error().within(options.remote.purpose));
  auto hosts = hdfs::parseHostMap(options.hdfsHosts);
  if (!hosts) return fail(hosts.error().within("tidemill.hdfs.hosts"));
  hdfs::WebHdfsOptions client;
  client.nameNodes = std::move(place->nameNodes);
  client.hosts = std::move(*hosts);
  client.safeModeWait = options.hdfsSafeModeWait;
  client.user = options.hdfsUser;
  for (const char* name : {"HADOOP_USER_NAME", "USER"})
    if (client.user.empty()) client.user = options.environment(name).value_or("");
  return std::make_unique<HdfsCheckpointStore>(env, url, std::move(place->path), std::move(client),
                                               options.remote);
}

}  // namespace

bool hasUserPart(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return false;
  return url.substr(begin + 3, url.find('/', begin + 3) - (begin + 3)).find('@') != std::string_view::npos;
}

Made makeCheckpointStore(const rt::Env& env, const std::string& url, const CheckpointStoreOptions& options) {
  const std::string scheme = schemeOf(url);
  if (hasUserPart(url)) {
    // What stands there may be secret: it is not shown.
    return fail(Code::kInvalidConfig,
                options.remote.purpose + ": a url of scheme " + scheme + " with a user or key in front of @",
                "leave it out: credentials come from where the AWS tools look, and the user of HDFS from "
                "tidemill.hdfs.user");
  }
  if (scheme == "s3" || scheme == "s3a" || scheme == "s3n") return makeS3(env, url, options);
  if (scheme == "hdfs" || scheme == "webhdfs" || scheme == "swebhdfs") return makeHdfs(env, url, options);
  if (!scheme.empty() && scheme != "file") {
    return fail(Code::kInvalidConfig, "checkpoint directory " + url + ": unknown scheme " + scheme, kHint);
  }
  const std::string path = scheme.empty() ? url : pathOf(url);
  if (path.empty()) return fail(Code::kInvalidConfig, "checkpoint directory " + url + " has no path", kHint);
  return std::make_unique<FileCheckpointStore>(env, url, path);
}

}  // namespace tidemill::stream

// hdfs/hdfs_place.h: which folder of which HDFS is meant.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::hdfs {

struct HdfsPlace {
  // Where the namenodes answer HTTP, one or several: "http://nna:9870".
  std::vector<std::string> nameNodes;
  // Absolute, without a slash at the end: "/tidemill/orders"; empty: the root.
  std::string path;
};

// "hdfs://nna:9870/path", "hdfs://nna,nnb:9871/path" (9870 where no port stands), also with webhdfs://, and
// swebhdfs:// for TLS. The ports are those of HTTP, not of Hadoop's own protocol. kInvalidConfig.
Result<HdfsPlace> parseHdfsUrl(std::string_view url);

// A path as it stands in a url.
std::string encodePath(std::string_view path);

// Names that namenodes use for datanodes, and where those really answer: "dna:9864" or "dna" to
// "127.0.0.1:19864".
using HostMap = std::map<std::string, std::string, std::less<>>;
// "dna:9864=127.0.0.1:19864,dnb=10.0.0.2". kInvalidConfig.
Result<HostMap> parseHostMap(std::string_view text);

// The url that a namenode answered, with its host as `hosts` says. kMalformedResponse: it is no absolute url
// of http or https; kInvalidConfig: it leads from https to http.
Result<std::string> redirectedUrl(std::string_view location, std::string_view nameNode, const HostMap& hosts);

}  // namespace tidemill::hdfs

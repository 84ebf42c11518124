// Feeds arbitrary bodies to the readers of WebHDFS's JSON, and arbitrary text as a redirect. Names that are
// believed cannot leave their folder; a redirect leads to a host by http or https, and never from TLS to
// none.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "hdfs/answers.h"
#include "hdfs/failures.h"
#include "hdfs/hdfs_place.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto listing = hdfs::readListing(body)) {
    for (const hdfs::FileEntry& entry : listing->entries)
      TIDEMILL_CHECK(!entry.name.empty() && entry.name.find('/') == std::string::npos);
    TIDEMILL_CHECK(!listing->more || !listing->entries.empty());
  }
  static_cast<void>(hdfs::readBoolean(body));
  static_cast<void>(hdfs::readLocation(body));
  const hdfs::RemoteException told = hdfs::readException(body);
  static_cast<void>(hdfs::meaningOf(told.name, told.message, 500));
  const hdfs::HostMap hosts = {{"dn1:9864", "127.0.0.1:1"}, {"dn2", "10.0.0.2"}};
  if (const auto url = hdfs::redirectedUrl(body, "https://nn:1", hosts))
    TIDEMILL_CHECK(url->starts_with("https://"));
  if (const auto url = hdfs::redirectedUrl(body, "http://nn:1", hosts))
    TIDEMILL_CHECK(url->starts_with("http://") || url->starts_with("https://"));
  if (const auto place = hdfs::parseHdfsUrl(body)) TIDEMILL_CHECK(!place->nameNodes.empty());
  return 0;
}

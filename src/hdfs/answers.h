// hdfs/answers.h: what WebHDFS answers, out of its JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::hdfs {

// All: kMalformedResponse.

// {"boolean":true}
Result<bool> readBoolean(std::string_view body);
// {"Location":"http://…"}
Result<std::string> readLocation(std::string_view body);

struct FileEntry {
  std::string name;
  bool directory = false;
  std::int64_t length = 0;
  rt::WallTime modified{};
};
// One part of a listing (LISTSTATUS_BATCH). A name without sense, such as one with a slash, is refused.
struct Listing {
  std::vector<FileEntry> entries;
  bool more = false;
};
Result<Listing> readListing(std::string_view body);

// {"RemoteException":{"exception":…,"message":…}}; all empty if it is none.
struct RemoteException {
  std::string name;     // "FileNotFoundException"
  std::string message;  // As it came: not safe to print.
};
RemoteException readException(std::string_view body);

}  // namespace tidemill::hdfs

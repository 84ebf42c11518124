// fake/fake_web_hdfs.h: an HDFS as its REST interface shows it: namenodes and a datanode.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_transport.h"
#include "rt/time.h"

namespace tidemill::fake {

struct FakeWebHdfsOptions {
  // Host and port of each namenode and of the datanode, as they stand in urls. Without any namenode there is
  // one node, which is both, by whatever name it is asked.
  std::vector<std::string> nameNodes = {"nna:9870"};
  std::string dataNode = "dna:9864";
  // False: reads and writes are answered by a redirect whatever `noredirect` says, as older ones do.
  bool noRedirect = true;
  // True: reads are answered with the content itself, as gateways do (HttpFS).
  bool readsDirectly = false;
  // True: renames know no options and tell of their success by a word.
  bool plainRenames = false;
  // Entries of one part of a listing.
  std::size_t listMax = 1000;
};

// The operations that write a file aside and rename it, read, list and delete. Redirects lead to the
// datanode, safe mode and standby are refused as HDFS does. No clock, no I/O; not thread safe.
class FakeWebHdfs {
 public:
  explicit FakeWebHdfs(FakeWebHdfsOptions options = {});

  // The answer of whichever node the url names.
  http::Response handle(const http::Request& request, rt::WallTime now);

  void setSafeMode(bool on) { safeMode_ = on; }
  // Which namenode is the active one; none: all are standby.
  void setActive(std::optional<std::size_t> index) { active_ = index; }
  // Nobody may write below this path.
  void deny(std::string path) { denied_.insert(std::move(path)); }

  // For tests. Null if there is no such file.
  const std::string* find(const std::string& path) const;
  // Paths of all files.
  std::vector<std::string> files() const;
  void write(const std::string& path, std::string bytes, rt::WallTime at = {});

 private:
  struct File {
    bool directory = false;
    std::string bytes;
    rt::WallTime modified{};
  };
  struct Asked;

  http::Response answerNameNode(const Asked& asked, rt::WallTime now);
  http::Response answerDataNode(const Asked& asked, const std::string& body, rt::WallTime now);
  http::Response redirect(const Asked& asked);
  http::Response rename(const Asked& asked);
  http::Response remove(const Asked& asked);
  http::Response list(const Asked& asked);
  // Why a path cannot be changed.
  std::optional<http::Response> refusal(const Asked& asked) const;
  bool isDenied(const std::string& path) const;
  // False if a file is in the way.
  bool makeDirectories(const std::string& path, rt::WallTime now);
  std::vector<std::string> childrenOf(const std::string& folder) const;

  const FakeWebHdfsOptions options_;
  std::map<std::string, File> files_;
  std::set<std::string> denied_;
  std::optional<std::size_t> active_ = 0;
  bool safeMode_ = false;
};

}  // namespace tidemill::fake

// hdfs/web_hdfs_client.h: the files of an HDFS by its REST interface: written once, read, listed, deleted.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/redaction.h"
#include "base/log.h"
#include "base/random.h"
#include "hdfs/answers.h"
#include "hdfs/failures.h"
#include "hdfs/hdfs_place.h"
#include "http/http_transport.h"
#include "rt/backoff.h"
#include "rt/loop.h"

namespace tidemill::hdfs {

struct WebHdfsOptions {
  std::vector<std::string> nameNodes;
  // Who asks, where HDFS believes that without proof ("simple" authentication); empty: nobody.
  std::string user;
  HostMap hosts;
  // Each call ends by then, its retries and changes of the namenode included; bodies add a second for each
  // MiB.
  rt::Duration callTimeout = std::chrono::seconds(30);
  rt::Duration attemptTimeout = std::chrono::seconds(8);
  // How long a call waits for a namenode in safe mode, instead of callTimeout.
  rt::Duration safeModeWait = std::chrono::seconds(60);
  rt::BackoffOptions backoff{std::chrono::milliseconds(100), std::chrono::seconds(3)};
};

enum class PutOutcome {
  kWritten,
  kExists,
};

// Paths are absolute. Goes on with the next namenode where one is standby or does not answer; waits for one
// in safe mode. Redirects to datanodes are taken by hand: what is sent there is what the namenode has put
// into the url. Errors name the operation, the namenode and the path. Lives on one lane; all references must
// outlive it.
class WebHdfsClient {
 public:
  WebHdfsClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
                WebHdfsOptions options);

  rt::Task<Result<void>> makeDirectories(std::string path);
  // Writes the file aside, in the same folder under a name that begins with a dot, and renames it to `path`
  // unless there is one: whole or not at all. Folders are made. A rename whose answer was lost is found out:
  // the file aside is gone and `path` has its bytes. After an error the file may be there or not, or come
  // later; the same call again goes on from there.
  rt::Task<Result<PutOutcome>> putIfAbsent(std::string path, std::string bytes);
  // Nothing if there is no such file. kResponseTooLarge above `bytesMax`.
  rt::Task<Result<std::optional<std::string>>> read(std::string path, std::size_t bytesMax);
  // Nothing in it if there is no such folder. kLimitExceeded above `entriesMax`.
  rt::Task<Result<std::vector<FileEntry>>> list(std::string path, std::size_t entriesMax);
  // A file or an empty folder; succeeds if there is none.
  rt::Task<Result<void>> remove(std::string path);
  // Removes what earlier writers have left aside in a folder, if it is older than an hour by the namenode's
  // clock.
  rt::Task<Result<void>> removeLeftovers(std::string path);

 private:
  // What a namenode is asked.
  struct Question {
    std::string method;
    std::string operation;
    std::string path;
    std::string more;  // "&overwrite=false", encoded.
    std::size_t answerBytesMax = 1u << 20;
    // Exceptions of these names are answers.
    std::vector<std::string_view> accepted = {};
    // True: the answer may be the content itself, which some gateways send at once.
    bool content = false;
  };
  struct Answer {
    http::Response response;
    std::string exception;  // One of those accepted, or empty.
    // An earlier try may have been applied although it failed.
    bool mayBeApplied = false;
    std::string nameNode;
  };
  struct Failure {
    Error error;
    Trouble trouble;
    std::string exception;
  };
  // A put that was written aside, and whose rename has no known end.
  struct Unsettled {
    std::string digest;
    std::string aside;
  };
  // What bounds one call, and what it met.
  struct Course {
    rt::TimePoint start;
    rt::TimePoint deadline;
    rt::Backoff backoff;
    std::size_t moves = 0;
  };

  Course begin(std::size_t bytes);
  rt::Task<Result<Answer>> ask(Question question);
  std::string urlOf(const Question& question) const;
  Failure failureOf(const Question& question, const std::string& nameNode,
                    const Result<http::Response>& answer) const;
  // How long to wait before the next try; nothing: give up.
  std::optional<rt::Duration> wait(Course& course, const Failure& failure);
  Error given(const Course& course, const Failure& failure) const;
  Result<std::string> redirect(const Answer& answer) const;
  // One try of a request to a datanode.
  rt::Task<Result<http::Response>> transfer(std::string method, std::string url, std::string body,
                                            std::size_t answerBytesMax);
  rt::Task<Result<std::string>> writeAside(std::string path, std::string bytes);
  rt::Task<Result<PutOutcome>> publish(std::string aside, std::string path, std::string bytes, bool again);
  rt::Task<Result<PutOutcome>> settle(std::string aside, std::string path, std::string bytes);
  rt::Task<Result<bool>> exists(std::string path);

  rt::Loop& loop_;
  http::HttpTransport& transport_;
  base::Random& random_;
  base::LogSink& log_;
  const WebHdfsOptions options_;
  const aws::Redaction plain_{{}};  // There are no secrets; it only makes text safe to print.
  std::size_t active_ = 0;          // The namenode that answered last.
  bool answered_ = false;           // Some namenode has answered as one.
  bool safeModeTold_ = false;
  std::map<std::string, Unsettled> unsettled_;
};

}  // namespace tidemill::hdfs

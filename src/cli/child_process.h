// cli/child_process.h: another process of this program, with its standard output as lines.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::cli {

// Ends with this object: a child that still runs is killed. The kernel kills it too when the thread that
// started it ends, however that happens: start it on a thread that lives as long as it should. Its standard
// error is ours; a terminal's Ctrl-C does not reach it. One owner; not thread safe.
class ChildProcess {
 public:
  // `environment` is added to ours. kIo if the program cannot be started.
  static Result<ChildProcess> start(const std::vector<std::string>& command,
                                    const std::vector<std::pair<std::string, std::string>>& environment = {});
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // The next line without its end, waiting up to `patience`; nothing if none came or the output has ended.
  std::optional<std::string> readLine(std::chrono::milliseconds patience);
  // True once the child has closed its output and every line was read.
  bool outputEnded() const { return ended_ && buffer_.empty(); }
  void signal(int number) const;
  // Waits for the end: the exit code, or 128 + the signal that ended it. 0 if it was waited for before.
  int wait();
  // The same, with SIGKILL after `patience`. What it prints meanwhile must fit a pipe.
  int waitOrKill(std::chrono::milliseconds patience);

 private:
  ChildProcess(pid_t pid, int output) : pid_(pid), output_(output) {}
  void end();

  pid_t pid_ = -1;
  int output_ = -1;
  bool ended_ = false;
  std::string buffer_;
};

// This program's own file, for starting it again.
std::string ownProgram();

}  // namespace tidemill::cli

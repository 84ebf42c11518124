#include "cli/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

extern char** environ;

namespace tidemill::cli {
namespace {

std::vector<std::string> environmentWith(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool replaced = false;
    for (const auto& [name, value] : added) replaced = replaced || text.starts_with(name + "=");
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int codeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What the new process does before it becomes `argv`; only calls that are safe after a fork of a process with
// threads. Writes the errno to `failure` if it cannot.
[[noreturn]] void become(pid_t parent, char* const* argv, char* const* envp, int output, int failure) {
  // In a group of its own it hears nothing of a terminal's Ctrl-C: its parent ends it, in the right order.
  setpgid(0, 0);
  // The parent may have ended before it could be watched.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // Signals that the parent blocks are the child's to take.
  signal(SIGPIPE, SIG_DFL);
  dup2(output, STDOUT_FILENO);
  execvpe(argv[0], argv, envp);
  const int error = errno;
  static_cast<void>(!write(failure, &error, sizeof error));
  _exit(127);
}

// Both ends of a pipe that no other program inherits; closed with this object.
struct Pipe {
  Pipe() : made(pipe2(ends, O_CLOEXEC) == 0) {}
  ~Pipe() {
    closeEnd(0);
    closeEnd(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void closeEnd(int which) {
    if (ends[which] >= 0) close(std::exchange(ends[which], -1));
  }

  int ends[2] = {-1, -1};
  const bool made;
};

}  // namespace

Result<ChildProcess> ChildProcess::start(
    const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& environment) {
  Pipe output;
  Pipe failure;
  if (!output.made || !failure.made) {
    return fail(Code::kIo, std::string("pipe: ") + std::strerror(errno),
                "let the process have more open files (ulimit -n)");
  }
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = environmentWith(environment);
  const std::vector<char*> argv = pointersTo(arguments);
  const std::vector<char*> envp = pointersTo(variables);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(parent, argv.data(), envp.data(), output.ends[1], failure.ends[1]);
  if (pid < 0) {
    return fail(Code::kIo, std::string("fork: ") + std::strerror(errno),
                "let the user have more processes (ulimit -u), or free memory");
  }
  output.closeEnd(1);
  failure.closeEnd(1);
  ChildProcess child(pid, std::exchange(output.ends[0], -1));
  int error = 0;
  // Ends with the start of the program, which closes the other side.
  if (read(failure.ends[0], &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    child.wait();
    return fail(Code::kIo, "cannot start " + command.front() + ": " + std::strerror(error),
                "is it installed?");
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      ended_(other.ended_),
      buffer_(std::move(other.buffer_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    output_ = std::exchange(other.output_, -1);
    ended_ = other.ended_;
    buffer_ = std::move(other.buffer_);
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  end();
}

void ChildProcess::end() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);  // With what it started itself: it leads a group.
    wait();
  }
  if (output_ >= 0) close(std::exchange(output_, -1));
}

std::optional<std::string> ChildProcess::readLine(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {  // Until a line is there, the output ends, or the time is over.
    const auto newline = buffer_.find('\n');
    if (newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    if (ended_) {
      if (buffer_.empty()) return std::nullopt;
      return std::exchange(buffer_, {});
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd poll{output_, POLLIN, 0};
    if (left.count() < 0 || ::poll(&poll, 1, static_cast<int>(left.count())) == 0) return std::nullopt;
    char bytes[4096];
    const ssize_t got = read(output_, bytes, sizeof bytes);
    if (got > 0) buffer_.append(bytes, static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) ended_ = true;
  }
}

void ChildProcess::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

int ChildProcess::wait() {
  if (pid_ <= 0) return 0;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return codeOf(status);
}

int ChildProcess::waitOrKill(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (pid_ > 0 && std::chrono::steady_clock::now() < until) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return codeOf(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  signal(SIGKILL);
  return wait();
}

std::string ownProgram() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string("tidemill");
}

}  // namespace tidemill::cli

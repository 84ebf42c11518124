#include "stream/task_retry.h"

#include <fmt/format.h>

#include <exception>
#include <optional>
#include <vector>

#include "rt/no_waiting.h"
#include "rt/parallel_for.h"
#include "stream/task_hold.h"
#include "tidemill/error.h"

namespace tidemill::stream {
namespace {

struct Failure {
  std::string reason;
  // What it threw if trying again cannot help: a block that no task can read.
  std::optional<Error> damaged = std::nullopt;
};

// Nothing if the task succeeded within its tries; else what it threw last.
std::optional<Failure> attempt(const std::function<void(std::size_t)>& task, std::size_t index,
                               int attemptsMax) {
  std::string reason;
  for (int i = 0; i < attemptsMax; ++i) {
    try {
      const TaskHold hold;
      task(index);
      return std::nullopt;
    } catch (const Error& error) {
      reason = error.message();
      if (error.code() == Code::kDamagedBlock) return Failure{reason, error};
    } catch (...) {  // User code may throw anything; this is the edge where it becomes an Error.
      reason = describeCurrentException();
    }
  }
  return Failure{reason};
}

}  // namespace

std::string describeCurrentException() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

void RetryingTaskRunner::run(std::size_t count, const std::function<void(std::size_t)>& task) {
  std::vector<std::optional<Failure>> failures(count);
  const bool all = rt::parallelFor(workers_, count, [&](std::size_t index) {
    const rt::NoWaiting noWaiting("inside a task");
    failures[index] = attempt(task, index, attemptsMax_);
    return !failures[index].has_value();
  });
  for (std::size_t index = 0; index < count; ++index) {
    if (!failures[index]) continue;
    if (failures[index]->damaged) throw *failures[index]->damaged;
    throw Error(
        Code::kUserCodeFailed,
        fmt::format("task {} of {} failed {} times: {}", index, count, attemptsMax_, failures[index]->reason),
        "mend the function, or catch what it throws; the batch is tried again with the same records");
  }
  if (!all)
    throw Error(Code::kUserCodeFailed, "a task was not run because another failed", "see the other failure");
}

void RetryingTaskRunner::leftOut(const std::shared_ptr<const void>& step, std::size_t partition,
                                 std::int64_t elements) {
  leftOut_.with([&](LeftOut& all) {
    if (elements > 0) {
      all[{step, partition}] = elements;
    } else {
      all.erase({step, partition});
    }
  });
}

std::int64_t RetryingTaskRunner::elementsLeftOut() const {
  return leftOut_.with([](const LeftOut& all) {
    std::int64_t sum = 0;
    for (const auto& [computed, elements] : all) sum += elements;
    return sum;
  });
}

}  // namespace tidemill::stream

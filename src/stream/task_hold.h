// stream/task_hold.h: what a task has read stays in memory until the task has ended.
#pragma once

#include <memory>
#include <vector>

namespace tidemill::stream {

// Made around each try of a task, on its thread. Elements go from step to step in chunks, so views of a
// block's bytes are used after the block was walked through: its memory goes when the try has ended.
class TaskHold {
 public:
  TaskHold();
  ~TaskHold();
  TaskHold(const TaskHold&) = delete;
  TaskHold& operator=(const TaskHold&) = delete;

  // Outside a task this does nothing: whoever visits records there keeps no views.
  static void keep(std::shared_ptr<const void> memory);

 private:
  TaskHold* const outer_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace tidemill::stream

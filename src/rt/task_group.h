// rt/task_group.h: owns tasks that run side by side on one lane.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::rt {

// Every task that nobody awaits belongs to a group; destroying the group cancels them all. Lives on one lane;
// must outlive whoever waits in join().
//
//   TaskGroup group(loop);
//   group.spawn(writeCheckpoints(...));
//   bool all = co_await group.join(5s);   // False: some still run; cancel() or the destructor ends them.
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `task` from the ready queue, never inside this call. May be called by a task of the group.
  void spawn(Task<void> task);
  // Tasks that have not ended.
  std::size_t running() const { return running_; }
  // Waits until every task has ended, those spawned meanwhile included, or `patience` is over. True if all
  // ended. One joiner at a time; Duration::max() waits for ever.
  Task<bool> join(Duration patience);
  // Destroys all tasks at once; whoever waits in join() goes on. Never called by one of them.
  void cancel();

 private:
  struct Entry;
  using Entries = std::list<std::unique_ptr<Entry>>;
  void reap(Entries::iterator ended);
  void destroyTasks();
  void wakeJoiner();

  Loop& loop_;
  Entries entries_;
  std::size_t running_ = 0;
  Waiter* joiner_ = nullptr;
};

}  // namespace tidemill::rt

#include "rt/task_group.h"

#include "base/check.h"

namespace tidemill::rt {

// A task and the waiter that first starts it and then learns of its end.
struct TaskGroup::Entry : Waiter {
  Entry(TaskGroup& g, Task<void> t) : Waiter(&Entry::onFire), group(g), task(std::move(t)) {}

  static void onFire(Waiter& waiter) {
    auto& self = static_cast<Entry&>(waiter);
    if (!self.started) {
      self.started = true;
      if (!self.task.start(self.group.loop_, self)) return;
    }
    self.group.reap(self.place);  // Destroys *this.
  }

  TaskGroup& group;
  Task<void> task;
  Entries::iterator place;
  bool started = false;
};

namespace {

// Suspends until another makes the waiter ready or the time is over.
class WaitOrTimeout {
 public:
  WaitOrTimeout(Loop& loop, TimePoint due, Waiter*& slot) : loop_(loop), due_(due), slot_(slot) {}
  ~WaitOrTimeout() {
    if (slot_ == &waiter_) slot_ = nullptr;
  }
  WaitOrTimeout(const WaitOrTimeout&) = delete;
  WaitOrTimeout& operator=(const WaitOrTimeout&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    TIDEMILL_CHECK(slot_ == nullptr, "one joiner at a time");
    waiter_.resumes(handle);
    loop_.wakeAt(waiter_, due_);
    slot_ = &waiter_;
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  const TimePoint due_;
  Waiter*& slot_;
  Waiter waiter_;
};

}  // namespace

TaskGroup::TaskGroup(Loop& loop) : loop_(loop) {}

TaskGroup::~TaskGroup() {
  destroyTasks();
  TIDEMILL_CHECK(joiner_ == nullptr, "a group outlives whoever joins it");
}

void TaskGroup::spawn(Task<void> task) {
  entries_.push_back(std::make_unique<Entry>(*this, std::move(task)));
  entries_.back()->place = std::prev(entries_.end());
  ++running_;
  loop_.makeReady(*entries_.back());
}

Task<bool> TaskGroup::join(Duration patience) {
  const TimePoint due = laterBy(loop_.now(), patience);
  while (running_ > 0 && loop_.now() < due) {  // Bounded by `due`.
    WaitOrTimeout wait(loop_, due, joiner_);
    co_await wait;
  }
  co_return running_ == 0;
}

void TaskGroup::cancel() {
  destroyTasks();
  if (running_ == 0) wakeJoiner();
}

void TaskGroup::destroyTasks() {
  // A frame's destructor may spawn or look at the group, so take the list out first.
  Entries doomed;
  doomed.swap(entries_);
  running_ = 0;
  doomed.clear();
}

void TaskGroup::reap(Entries::iterator ended) {
  const std::unique_ptr<Entry> gone = std::move(*ended);
  entries_.erase(ended);
  --running_;
  if (running_ == 0) wakeJoiner();
}

void TaskGroup::wakeJoiner() {
  if (joiner_ == nullptr) return;
  Waiter& joiner = *std::exchange(joiner_, nullptr);
  joiner.cancel();  // Its deadline.
  loop_.makeReady(joiner);
}

}  // namespace tidemill::rt

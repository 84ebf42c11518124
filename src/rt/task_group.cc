#include "rt/task_group.h"

#include <algorithm>
#include <optional>

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
    self.ended = true;
    self.group.reap();  // Destroys *this.
  }

  TaskGroup& group;
  Task<void> task;
  bool started = false;
  bool ended = false;
};

namespace {

// Suspends until another makes the waiter ready or the time is over.
class WaitOrTimeout {
 public:
  WaitOrTimeout(Loop& loop, TimePoint due, Waiter*& slot) : loop_(loop), due_(due), slot_(slot) {}
  ~WaitOrTimeout() { slot_ = nullptr; }
  WaitOrTimeout(const WaitOrTimeout&) = delete;
  WaitOrTimeout& operator=(const WaitOrTimeout&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
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
TaskGroup::~TaskGroup() { cancel(); }

void TaskGroup::spawn(Task<void> task) {
  entries_.push_back(std::make_unique<Entry>(*this, std::move(task)));
  ++running_;
  loop_.makeReady(*entries_.back());
}

Task<bool> TaskGroup::join(Duration patience) {
  const TimePoint due = loop_.now() + patience;
  while (running_ > 0 && loop_.now() < due) {  // Bounded by `due`.
    WaitOrTimeout wait(loop_, due, joiner_);
    co_await wait;
  }
  co_return running_ == 0;
}

void TaskGroup::cancel() {
  // A frame's destructor may spawn or look at the group, so take the list out first.
  std::vector<std::unique_ptr<Entry>> doomed = std::move(entries_);
  entries_.clear();
  running_ = 0;
  doomed.clear();
}

void TaskGroup::reap() {
  auto ended = std::find_if(entries_.begin(), entries_.end(), [](const auto& entry) { return entry->ended; });
  TIDEMILL_CHECK(ended != entries_.end());
  const std::unique_ptr<Entry> gone = std::move(*ended);
  entries_.erase(ended);
  --running_;
  if (running_ == 0 && joiner_ != nullptr) {
    joiner_->cancel();
    loop_.makeReady(*joiner_);
    joiner_ = nullptr;
  }
}

}  // namespace tidemill::rt

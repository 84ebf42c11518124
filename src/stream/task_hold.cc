#include "stream/task_hold.h"

#include <utility>

namespace tidemill::stream {
namespace {

// allow(determinism): set and unset within one try of a task, which nothing interrupts in simulation.
thread_local TaskHold* ofThisThread = nullptr;

}  // namespace

TaskHold::TaskHold() : outer_(std::exchange(ofThisThread, this)) {}

TaskHold::~TaskHold() {
  ofThisThread = outer_;
}

void TaskHold::keep(std::shared_ptr<const void> memory) {
  if (ofThisThread != nullptr) ofThisThread->kept_.push_back(std::move(memory));
}

}  // namespace tidemill::stream

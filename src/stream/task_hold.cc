#include "stream/task_hold.h"

#include <utility>

namespace tidemill::stream {
namespace {

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

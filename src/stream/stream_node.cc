#include "tidemill/stream_node.h"

#include <fmt/format.h>

#include "base/check.h"
#include "stream/context_core.h"
#include "tidemill/dstream.h"
#include "tidemill/error.h"

namespace tidemill::detail {

void GraphRun::begin(BatchContext& batch, TaskRunner& tasks) {
  TIDEMILL_CHECK(batch_ == nullptr);
  batch_ = &batch;
  tasks_ = &tasks;
}

void GraphRun::end() {
  batch_ = nullptr;
  tasks_ = nullptr;
}

BatchContext& GraphRun::batch() const {
  if (batch_ != nullptr) return *batch_;
  throw Error(Code::kUsage, "a stream was asked for an RDD while no batch is worked on",
              "ask inside an output operation or transform()");
}

void GraphRun::run(std::size_t count, const std::function<void(std::size_t)>& task) {
  if (tasks_ == nullptr) {
    throw Error(Code::kUsage, "an RDD of a stream was computed while no batch is worked on",
                "compute it inside the output operation, or keep what collect() gives");
  }
  tasks_->run(count, task);
}

void GraphRun::leftOut(const std::shared_ptr<const void>& step, std::size_t partition,
                       std::int64_t elements) {
  if (tasks_ != nullptr) tasks_->leftOut(step, partition, elements);
}

std::shared_ptr<PartitionSpace> GraphRun::partitionSpace() {
  return tasks_ == nullptr ? nullptr : tasks_->partitionSpace();
}

StreamNodeBase::StreamNodeBase(StreamPlace place, std::string kind,
                               std::vector<std::shared_ptr<StreamNodeBase>> parents, Duration slide)
    : place_(std::move(place)), kind_(std::move(kind)), parents_(std::move(parents)), slide_(slide) {
  TIDEMILL_CHECK(slide_ > Duration(0));
}

void StreamNodeBase::setId(int id) {
  id_ = id;
  uid_ = fmt::format("{}-{}", kind_, id);
}

void StreamNodeBase::setUid(std::string uid) {
  uid_ = std::move(uid);
  uidGiven_ = true;
}

Duration StreamNodeBase::snapshotInterval() const {
  constexpr Duration kDefault = std::chrono::seconds(10);
  if (checkpointInterval_ != Duration(0)) return checkpointInterval_;
  return slide_ * ((kDefault + slide_ - Duration(1)) / slide_);
}

void StreamNodeBase::setCheckpointInterval(const std::shared_ptr<stream::ContextCore>& core,
                                           Duration interval) {
  core->editableGraph();  // Refuses it after the start.
  checkpointInterval_ = interval;
}

void StreamNodeBase::persist(const std::shared_ptr<stream::ContextCore>& core, StorageLevel level) {
  core->editableGraph();
  setLevel(level);
}

void checkSameSlide(const char* kind, Duration one, Duration other) {
  if (one == other) return;
  throw Error(Code::kUsage,
              fmt::format("{}: the streams have slides of {} and {} ms", kind, one.count(), other.count()),
              "bring both to the same slide, for example with window()");
}

void checkSomeStream(std::size_t streams) {
  if (streams > 0) return;
  throw Error(Code::kUsage, "a list of streams is empty", "give at least one stream");
}

void throwStateMisuse(const char* what) {
  throw Error(Code::kUsage, std::string("the function of a StateSpec ") + what,
              "ask exists() and isTimingOut() first");
}

void checkTimeout(Duration timeout) {
  if (timeout > Duration(0)) return;
  throw Error(Code::kUsage, fmt::format("a timeout of {} ms", timeout.count()), "give more than 0");
}

// Sums of a few of them are times, too.
constexpr Duration kWindowMost = std::chrono::hours(24 * 366);

std::string windowText(Duration window) {
  return fmt::format("window={}", window.count());
}

void checkWindow(const StreamNodeBase& parent, Duration window, Duration slide) {
  const auto check = [&parent](const char* what, Duration duration) {
    if (duration > kWindowMost) {
      throw Error(Code::kUsage, fmt::format("a {} of {} ms", what, duration.count()), "give up to a year");
    }
    if (duration > Duration(0) && duration % parent.slide() == Duration(0)) return;
    throw Error(Code::kUsage,
                fmt::format("the {} of {} ms is no multiple of the slide of {} ms of stream {}", what,
                            duration.count(), parent.slide().count(), parent.uid()),
                "choose a multiple; the slide of an input is the batch interval");
  };
  check("window", window);
  check("slide", slide);
}

std::shared_ptr<stream::ContextCore> coreOf(const StreamNodeBase& node) {
  auto core = node.place().core.lock();
  if (core == nullptr) {
    throw Error(Code::kUsage, "the StreamingContext of this stream is gone", "keep it alive");
  }
  return core;
}

}  // namespace tidemill::detail

#include "tidemill/stream_node.h"

#include <fmt/format.h>

#include "base/check.h"
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

std::shared_ptr<stream::ContextCore> coreOf(const StreamNodeBase& node) {
  auto core = node.place().core.lock();
  if (core == nullptr) {
    throw Error(Code::kUsage, "the StreamingContext of this stream is gone", "keep it alive");
  }
  return core;
}

}  // namespace tidemill::detail

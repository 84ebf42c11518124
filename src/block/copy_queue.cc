#include "block/copy_queue.h"

#include <set>
#include <utility>

namespace tidemill::block {
CopyQueue::CopyQueue(rt::Loop& loop, std::shared_ptr<CopyPlace> place, CopyQueueOptions options,
                     OnWritten onWritten)
    : loop_(loop),
      place_(std::move(place)),
      options_(options),
      onWritten_(std::move(onWritten)),
      tasks_(loop) {}

std::shared_ptr<CopyOpening> CopyQueue::open() {
  auto opening = std::make_shared<CopyOpening>(loop_);
  enqueue({nullptr, opening, {}});
  return opening;
}

void CopyQueue::put(std::shared_ptr<CopyWrite> write) {
  ++waiting_;
  waitingBytes_ += write->info->payloadBytes();
  enqueue({std::move(write), nullptr, {}});
}

void CopyQueue::release(std::string id) {
  enqueue({nullptr, nullptr, std::move(id)});
}

void CopyQueue::enqueue(Call call) {
  calls_.push_back(std::move(call));
  if (std::exchange(working_, true)) return;
  tasks_.spawn(work());
}

rt::Task<void> CopyQueue::work() {
  while (!calls_.empty()) {  // Each round takes some.
    const bool isWrite = calls_.front().write != nullptr;
    const bool isOpening = calls_.front().opening != nullptr;
    busySince_ = loop_.now();
    if (isOpening) {
      co_await openFirst();
    } else if (isWrite) {
      co_await writeGroup();
    } else {
      co_await releaseGroup();
    }
    busySince_.reset();
  }
  working_ = false;
}

rt::Task<void> CopyQueue::openFirst() {
  const std::shared_ptr<CopyOpening> opening = std::move(calls_.front().opening);
  calls_.pop_front();
  auto opened = co_await place_->open();
  opening->result = std::move(opened);
  opening->done.release(CopyWrite::kForEver / 2);
}

// From the front: writes only, each id once.
CopyQueue::Group CopyQueue::takeGroup() {
  Group group;
  std::set<std::string> ids;
  std::int64_t bytes = 0;
  while (!calls_.empty() && calls_.front().write != nullptr && group.size() < options_.groupBlocksMax) {
    const std::shared_ptr<CopyWrite>& write = calls_.front().write;
    const std::int64_t more = write->info->payloadBytes();
    if (!group.empty() && (bytes + more > options_.groupBytesMax || ids.contains(write->info->id))) break;
    --waiting_;
    waitingBytes_ -= more;
    if (write->abandoned) {
      finish(*write, fail(Code::kCancelled, "nobody waits for this copy any more"));
    } else {
      bytes += more;
      ids.insert(write->info->id);
      group.push_back(write);
    }
    calls_.pop_front();
  }
  return group;
}

rt::Task<void> CopyQueue::writeGroup() {
  const Group group = takeGroup();
  if (group.empty()) co_return;
  std::vector<CopyJob> jobs;
  for (const auto& write : group) jobs.push_back({write->copy, write->encoding, write->replace});
  auto results = co_await place_->write(std::move(jobs));
  for (std::size_t i = 0; i < group.size(); ++i) finish(*group[i], std::move(results[i]));
}

void CopyQueue::finish(CopyWrite& write, Result<std::shared_ptr<const StoredCopy>> result) {
  write.result = std::move(result);
  onWritten_(write);
  write.copy = {};
  write.done.release(CopyWrite::kForEver / 2);
}

rt::Task<void> CopyQueue::releaseGroup() {
  std::vector<std::string> ids;
  while (!calls_.empty() && calls_.front().write == nullptr && calls_.front().opening == nullptr) {
    ids.push_back(std::move(calls_.front().released));
    calls_.pop_front();
  }
  co_await place_->release(std::move(ids));
}

}  // namespace tidemill::block

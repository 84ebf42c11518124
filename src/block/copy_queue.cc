#include "block/copy_queue.h"

#include <set>
#include <utility>

namespace tidemill::block {
namespace {

using WrittenOne = Result<std::shared_ptr<const StoredCopy>>;

// What one write needs on the other thread.
struct Job {
  MemoryCopy copy;
  BlockEncoding encoding = BlockEncoding::kNone;
  bool replace = false;
};

WrittenOne writeOne(BlockFiles& files, const std::shared_ptr<const Block>& block, const Job& job) {
  if (job.replace) return files.replace(block, job.encoding);
  auto copies = files.put({&block, 1}, job.encoding);
  if (!copies) return fail(copies.error());
  return copies->front();
}

// All with one sync, if they are of one kind; one by one, if that fails: some of them may fit.
std::vector<WrittenOne> writeAll(BlockFiles& files, const std::vector<Job>& jobs) {
  std::vector<std::shared_ptr<const Block>> blocks;
  std::vector<WrittenOne> results;
  bool together = jobs.size() > 1;
  for (const Job& job : jobs) {
    auto block = job.copy.open();
    together = together && block.has_value() && !job.replace && job.encoding == jobs.front().encoding;
    blocks.push_back(block ? *block : nullptr);
    results.push_back(block ? WrittenOne() : WrittenOne(fail(block.error())));
  }
  if (together) {
    auto copies = files.put(blocks, jobs.front().encoding);
    if (copies) return {copies->begin(), copies->end()};
  }
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (blocks[i] != nullptr) results[i] = writeOne(files, blocks[i], jobs[i]);
  return results;
}

}  // namespace

CopyQueue::CopyQueue(rt::Loop& loop, rt::WorkerPool& pool, std::shared_ptr<BlockFiles> files,
                     CopyQueueOptions options, OnWritten onWritten)
    : loop_(loop),
      pool_(pool),
      files_(std::move(files)),
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
  auto call = [files = files_] { return files->open(); };
  opening->result = co_await rt::runOn(pool_, loop_, std::move(call));
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
  std::vector<Job> jobs;
  for (const auto& write : group) jobs.push_back({write->copy, write->encoding, write->replace});
  auto call = [files = files_, jobs = std::move(jobs)] { return writeAll(*files, jobs); };
  auto results = co_await rt::runOn(pool_, loop_, std::move(call));
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
  auto call = [files = files_, ids = std::move(ids)] { return files->release(ids); };
  // Room that does not come back now comes back with a later release, or when the place is opened again.
  co_await rt::runOn(pool_, loop_, std::move(call));
}

}  // namespace tidemill::block

#include "block/copy_place.h"

#include <utility>

namespace tidemill::block {
namespace {

WrittenCopy writeCopy(BlockFiles& files, const std::shared_ptr<const Block>& block, const CopyJob& job) {
  if (job.replace) return files.replace(block, job.encoding);
  auto copies = files.put({&block, 1}, job.encoding);
  if (!copies) return fail(copies.error());
  return copies->front();
}

// All with one sync, if they are of one kind; one by one, if that fails: some of them may fit.
std::vector<WrittenCopy> writeCopies(BlockFiles& files, const std::vector<CopyJob>& jobs) {
  std::vector<std::shared_ptr<const Block>> blocks;
  std::vector<WrittenCopy> results;
  bool together = jobs.size() > 1;
  for (const CopyJob& job : jobs) {
    auto block = job.copy.open();
    together = together && block.has_value() && !job.replace && job.encoding == jobs.front().encoding;
    blocks.push_back(block ? *block : nullptr);
    results.push_back(block ? WrittenCopy() : WrittenCopy(fail(block.error())));
  }
  if (together) {
    auto copies = files.put(blocks, jobs.front().encoding);
    if (copies) return {copies->begin(), copies->end()};
  }
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (blocks[i] != nullptr) results[i] = writeCopy(files, blocks[i], jobs[i]);
  return results;
}

}  // namespace

rt::Task<Result<StoredCopies>> PooledFiles::open() {
  auto call = [files = files_] { return files->open(); };
  co_return co_await rt::runOn(pool_, loop_, std::move(call));
}

rt::Task<std::vector<WrittenCopy>> PooledFiles::write(std::vector<CopyJob> jobs) {
  auto call = [files = files_, jobs = std::move(jobs)] { return writeCopies(*files, jobs); };
  co_return co_await rt::runOn(pool_, loop_, std::move(call));
}

rt::Task<void> PooledFiles::release(std::vector<std::string> ids) {
  auto call = [files = files_, ids = std::move(ids)] { return files->release(ids); };
  co_await rt::runOn(pool_, loop_, std::move(call));
}

}  // namespace tidemill::block

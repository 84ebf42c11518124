#include "rt/parallel_for.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace tidemill::rt {
namespace {

// Shared with work that may start after the call has returned: it finds nothing left and never touches
// `body`.
struct Shared {
  std::mutex mutex;
  std::condition_variable idle;
  std::size_t next = 0;
  std::size_t count = 0;
  std::size_t running = 0;
  std::size_t completed = 0;
  const std::function<bool(std::size_t)>* body = nullptr;

  void work() {
    std::unique_lock lock(mutex);
    while (next < count) {  // Bounded by count.
      const std::size_t index = next++;
      ++running;
      lock.unlock();
      const bool goOn = (*body)(index);
      lock.lock();
      --running;
      ++completed;
      if (!goOn) next = count;
    }
    if (running == 0) idle.notify_all();
  }
};

}  // namespace

bool parallelFor(WorkerPool& pool, std::size_t count, const std::function<bool(std::size_t)>& body) {
  if (count == 0) return true;
  auto shared = std::make_shared<Shared>();
  shared->count = count;
  shared->body = &body;
  const std::size_t helpers = std::min(count - 1, static_cast<std::size_t>(pool.threads()));
  for (std::size_t i = 0; i < helpers; ++i) pool.submit([shared] { shared->work(); });
  shared->work();
  std::unique_lock lock(shared->mutex);
  shared->idle.wait(lock, [&] { return shared->running == 0; });
  return shared->completed == count;
}

}  // namespace tidemill::rt

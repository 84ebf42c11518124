// rt/parallel_for.h: the same function for many indexes, on workers and on the calling thread.
#pragma once

#include <cstddef>
#include <functional>

#include "rt/worker_pool.h"

namespace tidemill::rt {

// Calls body(0) … body(count - 1), each once, and returns when all have returned. The calling thread takes
// part, so this cannot deadlock on a busy pool, a pool of one, or a simulated one. `body` must not throw; it
// may return false to keep indexes that nobody has begun from being begun. True if all were run.
bool parallelFor(WorkerPool& pool, std::size_t count, const std::function<bool(std::size_t)>& body);

}  // namespace tidemill::rt

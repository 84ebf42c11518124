#include "consume/checkpoint_tries.h"

namespace tidemill::consume {
namespace {

constexpr std::uint64_t kPauseBound = 100;  // Milliseconds.

Result<void> guarded(const std::function<Result<void>()>& write) {
  try {
    return write();
  } catch (const Error& error) {
    return fail(Code::kUserCodeFailed, "the checkpointer threw: " + error.message(), error.hint());
  } catch (...) {  // User code may throw anything; this is the edge.
    return fail(Code::kUserCodeFailed, "the checkpointer threw an exception",
                "a checkpointer reports failures by its result");
  }
}

}  // namespace

CheckpointTries tryCheckpoint(int triesMax, base::Random& random, const std::function<void(Duration)>& pause,
                              const std::function<Result<void>()>& write) {
  CheckpointTries done;
  for (;;) {
    done.last = guarded(write);
    ++done.tries;
    if (done.last || !done.last.error().retryable() || done.tries >= triesMax) return done;
    pause(Duration(static_cast<Duration::rep>(random.below(kPauseBound))));
  }
}

}  // namespace tidemill::consume

#include "consume/dead_letter_box.h"

#include <utility>

#include "rt/worker_pool.h"

namespace tidemill::consume {
namespace {

Result<void> callFunction(const DeadLetterFunction& function, const DeadLetters& letters) {
  try {
    return function(letters);
  } catch (const Error& error) {
    return fail(error);
  } catch (...) {  // User code may throw anything; its text may quote records.
    return fail(Code::kUserCodeFailed, "the function for dead letters threw an exception",
                "mend the function; the records are offered to it again");
  }
}

}  // namespace

DeadLetterBox::DeadLetterBox(const rt::Env& env, const ConsumerOptions& options)
    : env_(env),
      function_(options.deadLetters),
      application_(options.applicationName),
      stream_(options.streamName),
      file_(options.deadLetterFile.empty()
                ? nullptr
                : std::make_shared<DeadLetterFile>(env.files, options.deadLetterFile)) {}

rt::Task<Result<void>> DeadLetterBox::keep(DeadLetterParcel parcel) {
  if (file_ != nullptr) {
    auto write = [file = file_, stream = stream_, parcel = std::move(parcel)] {
      std::string lines;
      for (const Record& record : parcel.records) {
        lines += deadLetterLine(record, {stream, parcel.shardId}, parcel.reason);
      }
      return file->append(lines);
    };
    co_return co_await rt::runOn(env_.store, env_.loop, std::move(write));
  }
  auto call = [function = function_, application = application_, stream = stream_,
               parcel = std::move(parcel)]() -> Result<void> {
    if (!function)
      return fail(Code::kUsage, "nothing takes dead letters", "give deadLetterFile or deadLetters");
    return callFunction(function, {application, stream, parcel.shardId, parcel.records, parcel.reason});
  };
  co_return co_await rt::runOn(env_.workers, env_.loop, std::move(call));
}

}  // namespace tidemill::consume

#include "consume/dead_letter_box.h"

#include <fmt/format.h>

#include <utility>

#include "codec/json_writer.h"
#include "rt/worker_pool.h"

namespace tidemill::consume {
namespace {

std::string folderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

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

std::string deadLetterLine(const Record& record, std::string_view shardId, std::string_view reason) {
  codec::JsonWriter json;
  json.beginObject();
  json.key("shard");
  json.text(shardId);
  json.key("sequenceNumber");
  json.text(record.sequenceNumber);
  json.key("subSequenceNumber");
  json.integer(static_cast<std::int64_t>(record.subSequenceNumber));
  json.key("partitionKey");
  json.text(record.partitionKey);
  json.key("data");
  json.blob(record.text());
  json.key("reason");
  json.text(reason);
  json.endObject();
  return json.take() + "\n";
}

// Opened by the first letter and, after a failure, anew by the next one.
class DeadLetterBox::File {
 public:
  File(rt::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  Result<void> append(const DeadLetterParcel& parcel) {
    auto opened = open();
    if (!opened) return opened;
    std::string lines;
    for (const Record& record : parcel.records) {
      lines += deadLetterLine(record, parcel.shardId, parcel.reason);
    }
    // An earlier process may have died in the middle of a line.
    if (std::exchange(fresh_, false)) lines.insert(0, "\n");
    auto written = open_->append(lines);
    if (written) written = open_->sync();
    if (!written) open_.reset();
    return written;
  }

 private:
  Result<void> open() {
    if (open_ != nullptr) return {};
    const std::string folder = folderOf(path_);
    auto made = files_.makeDirectory(folder);
    if (!made) return made;
    auto there = files_.exists(path_);
    if (!there) return fail(there.error());
    auto file = files_.openAppend(path_);
    if (!file) return fail(file.error());
    auto named = files_.syncDirectory(folder);
    if (!named) return named;
    fresh_ = *there;
    open_ = std::move(*file);
    return {};
  }

  rt::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<rt::AppendFile> open_;
  bool fresh_ = false;
};

DeadLetterBox::DeadLetterBox(const rt::Env& env, const ConsumerOptions& options)
    : env_(env),
      function_(options.deadLetters),
      application_(options.applicationName),
      stream_(options.streamName),
      file_(options.deadLetterFile.empty() ? nullptr
                                           : std::make_shared<File>(env.files, options.deadLetterFile)) {}

rt::Task<Result<void>> DeadLetterBox::keep(DeadLetterParcel parcel) {
  if (file_ != nullptr) {
    auto write = [file = file_, parcel = std::move(parcel)] { return file->append(parcel); };
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

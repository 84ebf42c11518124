// stream/checkpoint/checkpoint_store.h: where a checkpoint directory lies: named values that are written
// once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rt/task.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// Names are `name` or `folder/name`, of letters, digits and "-_.%"; a part never starts with a dot, which is
// kept for what a store needs for itself (locks, files that are half written, probes). A value is there
// whole, or not at all, whatever crashes; once a put has succeeded it survives a power cut and everybody sees
// it. Lives on the control lane. Any call may be cut short by destroying its task; what it was to do may
// then happen or not, also later, as after a timeout. Retrying is the caller's business.
//
// Errors of every call: kIo, kDiskFull, kAccessDenied, kUnreachable, kTimeout, kThrottled, kServiceError and
// other answers of a service; each names the url and the name.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  // As configured; never with a secret.
  virtual const std::string& url() const = 0;

  // Before every other call, and again after it failed: makes the place if it is missing, proves that
  // putIfAbsent() keeps its promise there, and takes the lock if the place has one. `holder`: what this
  // process works as, for whoever finds the lock taken. kFenced: another process holds the lock, the message
  // says which. kUnsafeStore: the place replaces what it was asked to keep.
  virtual rt::Task<Result<void>> open(std::string holder) = 0;
  // Whether open() took a lock that dies with its process: then nobody else can be writing.
  virtual bool exclusive() const = 0;

  // kConflict: there is such a name, which keeps its value and survives a power cut. Of several at a time
  // exactly one succeeds. After another failure the value may be there or not, or come later: only the same
  // call again finds out, and then a kConflict may be its own (compare what get() gives).
  virtual rt::Task<Result<void>> putIfAbsent(std::string name, std::string bytes) = 0;
  // kNotFound: no such name.
  virtual rt::Task<Result<std::string>> get(std::string name) = 0;
  // What is in `folder` ("" is the top, where folders count as names): sorted, without the folder's name and
  // without names that start with a dot. A folder that is missing is empty.
  virtual rt::Task<Result<std::vector<std::string>>> list(std::string folder) = 0;
  // Succeeds if there is no such name.
  virtual rt::Task<Result<void>> remove(std::string name) = 0;
};

// Larger values are refused by get() with kIo: what a damaged or foreign place may cost.
constexpr std::size_t kCheckpointValueBytesMax = std::size_t{256} << 20;

// Whether a store takes this name.
bool isCheckpointName(std::string_view name);

}  // namespace tidemill::stream

// tidemill/error.h: what went wrong, in a form that a program can act on and a person can read.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace tidemill {

// One code for each kind of failure that some caller treats differently. The name printed for a code (see
// codeName) is part of the command line's contract and never changes.
enum class Code {
  // The caller's own mistakes: exit code 2.
  kUsage,
  kInvalidConfig,
  // The lease table belongs to another stream, or is not a lease table: exit code 2.
  kForeignTable,
  // The application's fleet runs in a mode that this program does not know: exit code 2.
  kUnsupportedFleet,
  // A checkpoint directory on a store that does not keep what it promises, or a place that holds something
  // else: exit code 2.
  kUnsafeStore,
  kForeignDirectory,
  // The machine under the state directory: exit code 2.
  kDiskFull,
  kIo,
  // AWS refused, or could not be reached: exit code 3.
  kNoCredentials,
  kAccessDenied,
  kInvalidSignature,
  kExpiredToken,
  kUnknownStream,
  kUnknownTable,
  kInvalidArgument,
  kResourceInUse,
  kLimitExceeded,
  kThrottled,
  kExpiredIterator,
  kExpiredNextToken,
  kUnknownOperation,
  kServiceError,
  kUnreachable,
  kTlsFailed,
  kTimeout,
  kMalformedResponse,
  kResponseTooLarge,
  // Records are gone for good: exit code 4.
  kDataLoss,
  // Somebody else owns what this process wanted: exit code 5.
  kWorkerIdInUse,
  // A command of an operator would have taken a lease from an owner that is alive.
  kLeaseInUse,
  kFenced,
  kLeaseLost,
  // A conditional write found another value than expected: an ordinary answer of a LeaseStore.
  kConflict,
  // There is nothing of that name: an ordinary answer of a store. Exit code 1.
  kNotFound,
  // Bytes of a stored block are not those that were written; the records may be read again from Kinesis:
  // exit code 1.
  kDamagedBlock,
  // What a checkpoint directory holds is not what was written, and nothing older can stand in for it: exit
  // code 1.
  kCheckpointUnreadable,
  // The user's own function failed, or a result is not what it should be: exit code 1.
  kUserCodeFailed,
  kWrongResult,
  // Work ended because its owner asked for it: never printed as a failure.
  kCancelled,
};

// The stable text of a code, e.g. "UnknownStream".
std::string_view codeName(Code code);

// The process exit code of the command line for a failure with this code: 1 to 5.
int exitCode(Code code);

// A failure. `what()` says what happened and to which stream, shard, sequence number or key; `hint()` says
// what to try. Neither ever holds a secret or the content of a record. Thrown only for mistakes made while a
// program is put together (configuration, graph); everything that runs returns Result<T> instead.
class Error : public std::exception {
 public:
  Error(Code code, std::string message, std::string hint = {});

  Code code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& hint() const noexcept { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // True if the same call may succeed later: throttling, 5xx, timeouts, unreachable hosts.
  bool retryable() const noexcept;

  // The same error with `context` and ": " before its message, e.g. "stream orders, shard 3".
  Error within(std::string_view context) const;

  // The same error with another hint.
  Error hinting(std::string hint) const;

 private:
  Code code_;
  std::string message_;
  std::string hint_;
};

}  // namespace tidemill

#include "tidemill/error.h"

#include <utility>

namespace tidemill {

std::string_view codeName(Code code) {
  switch (code) {
    case Code::kUsage:
      return "Usage";
    case Code::kInvalidConfig:
      return "InvalidConfig";
    case Code::kForeignTable:
      return "ForeignTable";
    case Code::kUnsupportedFleet:
      return "UnsupportedFleet";
    case Code::kUnsafeStore:
      return "UnsafeStore";
    case Code::kForeignDirectory:
      return "ForeignDirectory";
    case Code::kDiskFull:
      return "DiskFull";
    case Code::kIo:
      return "Io";
    case Code::kNoCredentials:
      return "NoCredentials";
    case Code::kAccessDenied:
      return "AccessDenied";
    case Code::kInvalidSignature:
      return "InvalidSignature";
    case Code::kExpiredToken:
      return "ExpiredToken";
    case Code::kUnknownStream:
      return "UnknownStream";
    case Code::kUnknownTable:
      return "UnknownTable";
    case Code::kInvalidArgument:
      return "InvalidArgument";
    case Code::kResourceInUse:
      return "ResourceInUse";
    case Code::kLimitExceeded:
      return "LimitExceeded";
    case Code::kThrottled:
      return "Throttled";
    case Code::kExpiredIterator:
      return "ExpiredIterator";
    case Code::kExpiredNextToken:
      return "ExpiredNextToken";
    case Code::kUnknownOperation:
      return "UnknownOperation";
    case Code::kServiceError:
      return "ServiceError";
    case Code::kUnreachable:
      return "Unreachable";
    case Code::kTlsFailed:
      return "TlsFailed";
    case Code::kTimeout:
      return "Timeout";
    case Code::kMalformedResponse:
      return "MalformedResponse";
    case Code::kResponseTooLarge:
      return "ResponseTooLarge";
    case Code::kDataLoss:
      return "DataLoss";
    case Code::kWorkerIdInUse:
      return "WorkerIdInUse";
    case Code::kLeaseInUse:
      return "LeaseInUse";
    case Code::kFenced:
      return "Fenced";
    case Code::kLeaseLost:
      return "LeaseLost";
    case Code::kConflict:
      return "Conflict";
    case Code::kNotFound:
      return "NotFound";
    case Code::kDamagedBlock:
      return "DamagedBlock";
    case Code::kCheckpointUnreadable:
      return "CheckpointUnreadable";
    case Code::kUserCodeFailed:
      return "UserCodeFailed";
    case Code::kWrongResult:
      return "WrongResult";
    case Code::kCancelled:
      return "Cancelled";
  }
  return "Unknown";
}

int exitCode(Code code) {
  switch (code) {
    case Code::kUsage:
    case Code::kInvalidConfig:
    case Code::kForeignTable:
    case Code::kUnsupportedFleet:
    case Code::kUnsafeStore:
    case Code::kForeignDirectory:
    case Code::kDiskFull:
    case Code::kIo:
      return 2;
    case Code::kDataLoss:
      return 4;
    case Code::kWorkerIdInUse:
    case Code::kLeaseInUse:
    case Code::kFenced:
    case Code::kLeaseLost:
    case Code::kConflict:
      return 5;
    case Code::kDamagedBlock:
    case Code::kCheckpointUnreadable:
    case Code::kNotFound:
    case Code::kUserCodeFailed:
    case Code::kWrongResult:
    case Code::kCancelled:
      return 1;
    default:
      return 3;
  }
}

Error::Error(Code code, std::string message, std::string hint)
    : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

bool Error::retryable() const noexcept {
  switch (code_) {
    case Code::kThrottled:
    case Code::kServiceError:
    case Code::kUnreachable:
    case Code::kTimeout:
      return true;
    default:
      return false;
  }
}

Error Error::within(std::string_view context) const {
  return Error(code_, std::string(context) + ": " + message_, hint_);
}

Error Error::hinting(std::string hint) const {
  return Error(code_, message_, std::move(hint));
}

}  // namespace tidemill

#include "kinesis/failures.h"

#include <array>

namespace tidemill::kinesis {
namespace {

using aws::NamedFailure;

constexpr aws::FailureKind kPermanent = aws::FailureKind::kPermanent;
constexpr aws::FailureKind kThrottling = aws::FailureKind::kThrottling;

constexpr std::string_view kAskAnew = "ask for a new one; it lives five minutes";
constexpr std::string_view kPermission =
    "the credentials need the permission kinesis:{operation} (and the key's, if the stream is encrypted)";
constexpr std::string_view kKey =
    "the stream is encrypted: its KMS key must be enabled, and the credentials may use it";
constexpr std::string_view kFewerReaders =
    "other readers share the same limits; fewer of them, or more shards, help";

constexpr std::array kFailures = std::to_array<NamedFailure>({
    {"ResourceNotFoundException", Code::kUnknownStream, kPermanent,
     "check the name, and that it exists in region {region}"},
    {"ResourceInUseException", Code::kResourceInUse, kPermanent,
     "the stream is being changed: wait until it is ACTIVE, then try again"},
    {"InvalidArgumentException", Code::kInvalidArgument, kPermanent},
    {"ExpiredIteratorException", Code::kExpiredIterator, kPermanent, kAskAnew},
    {"ExpiredNextTokenException", Code::kExpiredNextToken, kPermanent, kAskAnew},
    {"AccessDeniedException", Code::kAccessDenied, kPermanent, kPermission},
    {"KMSAccessDeniedException", Code::kAccessDenied, kPermanent, kKey},
    {"KMSDisabledException", Code::kAccessDenied, kPermanent, kKey},
    {"KMSInvalidStateException", Code::kAccessDenied, kPermanent, kKey},
    {"KMSNotFoundException", Code::kAccessDenied, kPermanent, kKey},
    {"KMSOptInRequired", Code::kAccessDenied, kPermanent, kKey},
    {"KMSThrottlingException", Code::kThrottled, kThrottling},
    // Also a lasting quota: retried a few times, then shown with its message.
    {"LimitExceededException", Code::kLimitExceeded, kThrottling,
     "too many calls of this operation, or a quota of the account is used up"},
    {"ProvisionedThroughputExceededException", Code::kThrottled, kThrottling, kFewerReaders},
});

}  // namespace

std::span<const NamedFailure> kinesisFailures() {
  return kFailures;
}

}  // namespace tidemill::kinesis

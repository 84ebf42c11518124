#include "dynamo/failures.h"

#include <array>

namespace tidemill::dynamo {
namespace {

using aws::NamedFailure;

constexpr aws::FailureKind kPermanent = aws::FailureKind::kPermanent;
constexpr aws::FailureKind kThrottling = aws::FailureKind::kThrottling;
constexpr aws::FailureKind kTransient = aws::FailureKind::kTransient;

constexpr std::string_view kCapacity =
    "the table's capacity is used up: raise it, or bill the table on demand";
constexpr std::string_view kMissing = "check the name, and that the table exists in region {region}";
constexpr std::string_view kOtherWriter = "another write of the same item was on its way; it is tried again";

// Whatever is throttled here was refused before anything was written.
constexpr std::array kFailures = std::to_array<NamedFailure>({
    {kConditionFailed, Code::kConflict, kPermanent, "another writer came first: read the item again"},
    {"ResourceNotFoundException", Code::kUnknownTable, kPermanent, kMissing},
    {"TableNotFoundException", Code::kUnknownTable, kPermanent, kMissing},
    {"ResourceInUseException", Code::kResourceInUse, kPermanent,
     "the table exists already, or is being changed: wait until it is ACTIVE"},
    {"TableAlreadyExistsException", Code::kResourceInUse, kPermanent},
    {"TableInUseException", Code::kResourceInUse, kPermanent},
    {"ItemCollectionSizeLimitExceededException", Code::kInvalidArgument, kPermanent},
    {"ProvisionedThroughputExceededException", Code::kThrottled, kThrottling, kCapacity},
    {"ThrottlingException", Code::kThrottled, kThrottling, kCapacity},
    {"RequestLimitExceeded", Code::kThrottled, kThrottling,
     "the account's quota of requests in region {region} is used up: ask for a higher one"},
    // Of calls that make or change tables; also a lasting quota: tried a few times, then shown with its
    // message.
    {"LimitExceededException", Code::kThrottled, kThrottling,
     "too many tables are being made or changed at once, or the account may have no more of them"},
    // Somebody's transaction holds the item, or another region wrote it: no answer about the condition.
    {"TransactionConflictException", Code::kThrottled, kTransient, kOtherWriter},
    {"TransactionInProgressException", Code::kThrottled, kTransient, kOtherWriter},
    {"ReplicatedWriteConflictException", Code::kThrottled, kTransient, kOtherWriter},
});

}  // namespace

std::span<const NamedFailure> dynamoFailures() {
  return kFailures;
}

}  // namespace tidemill::dynamo

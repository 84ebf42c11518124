#include "s3/failures.h"

#include <array>

namespace tidemill::s3 {
namespace {

using aws::NamedFailure;

constexpr aws::FailureKind kPermanent = aws::FailureKind::kPermanent;
constexpr aws::FailureKind kThrottling = aws::FailureKind::kThrottling;
constexpr aws::FailureKind kTransient = aws::FailureKind::kTransient;

constexpr std::string_view kOtherRegion = "name the bucket's region as tidemill.s3.region";

constexpr std::array kFailures = std::to_array<NamedFailure>({
    {"NoSuchBucket", Code::kInvalidConfig, kPermanent, "make the bucket, or correct its name in the url"},
    {"InvalidBucketName", Code::kInvalidConfig, kPermanent, "correct the bucket's name in the url"},
    // Redirects: they are explained and never followed, as they could send signed requests anywhere.
    {"PermanentRedirect", Code::kInvalidConfig, kPermanent, kOtherRegion},
    {"TemporaryRedirect", Code::kInvalidConfig, kPermanent, kOtherRegion},
    {"Redirect", Code::kInvalidConfig, kPermanent, kOtherRegion},
    {"AuthorizationHeaderMalformed", Code::kInvalidConfig, kPermanent, kOtherRegion},
    {"IllegalLocationConstraintException", Code::kInvalidConfig, kPermanent, kOtherRegion},
    {"AllAccessDisabled", Code::kAccessDenied, kPermanent},
    {"AccountProblem", Code::kAccessDenied, kPermanent},
    {"InvalidAccessKeyId", Code::kInvalidSignature, kPermanent},
    {"InvalidToken", Code::kExpiredToken, kPermanent, "get new temporary credentials"},
    {"NotImplemented", Code::kUnknownOperation, kPermanent,
     "this store lacks what a checkpoint directory needs"},
    {"EntityTooLarge", Code::kInvalidArgument, kPermanent},
    {"KMS.DisabledException", Code::kInvalidConfig, kPermanent, "enable the key tidemill.s3.kmsKeyId"},
    {"KMS.NotFoundException", Code::kInvalidConfig, kPermanent, "correct tidemill.s3.kmsKeyId"},
    {"SlowDown", Code::kThrottled, kThrottling,
     "S3 asks for fewer requests below one prefix: it makes more room by itself within minutes"},
    {"ServiceUnavailable", Code::kServiceError, kThrottling},
    {"InternalError", Code::kServiceError, kTransient},
    {"OperationAborted", Code::kServiceError, kTransient},
    // Another conditional write of the same key is on its way; this one was not applied.
    {"ConditionalRequestConflict", Code::kServiceError, kTransient},
    // Bytes that changed on their way.
    {"XAmzContentSHA256Mismatch", Code::kServiceError, kTransient},
    {"BadDigest", Code::kServiceError, kTransient},
    {"IncompleteBody", Code::kServiceError, kTransient},
});

}  // namespace

std::span<const NamedFailure> s3Failures() {
  return kFailures;
}

}  // namespace tidemill::s3

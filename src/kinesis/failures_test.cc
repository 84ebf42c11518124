#include "kinesis/failures.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill::kinesis {
namespace {

aws::ServiceFailure decode(std::string_view name) {
  http::Response response;
  response.status = 400;
  response.body = codec::Body::copyOf(R"({"__type":")" + std::string(name) + "\"}");
  return aws::decodeFailure(response, kinesisFailures(), aws::Redaction({}));
}

TEST(KinesisFailures, EachNameHasItsCode) {
  EXPECT_EQ(decode("ResourceNotFoundException").code, Code::kUnknownStream);
  EXPECT_EQ(decode("ResourceInUseException").code, Code::kResourceInUse);
  EXPECT_EQ(decode("InvalidArgumentException").code, Code::kInvalidArgument);
  EXPECT_EQ(decode("ExpiredIteratorException").code, Code::kExpiredIterator);
  EXPECT_EQ(decode("ExpiredNextTokenException").code, Code::kExpiredNextToken);
  EXPECT_EQ(decode("AccessDeniedException").code, Code::kAccessDenied);
  EXPECT_EQ(decode("KMSDisabledException").code, Code::kAccessDenied);
  EXPECT_EQ(decode("KMSThrottlingException").kind, aws::FailureKind::kThrottling);
  EXPECT_EQ(decode("LimitExceededException").code, Code::kLimitExceeded);
  EXPECT_EQ(decode("LimitExceededException").kind, aws::FailureKind::kThrottling);
  EXPECT_EQ(decode("ProvisionedThroughputExceededException").code, Code::kThrottled);
}

TEST(KinesisFailures, NamesOfAllServicesMeanTheSameHere) {
  EXPECT_EQ(decode("ThrottlingException").code, Code::kThrottled);
  EXPECT_EQ(decode("ExpiredTokenException").code, Code::kExpiredToken);
  EXPECT_EQ(decode("ValidationException").code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace tidemill::kinesis

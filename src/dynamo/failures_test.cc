#include "dynamo/failures.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill::dynamo {
namespace {

aws::ServiceFailure decode(std::string_view name, int status = 400) {
  http::Response response;
  response.status = status;
  response.body =
      codec::Body::copyOf(R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + std::string(name) + "\"}");
  return aws::decodeFailure(response, dynamoFailures(), aws::Redaction({}));
}

TEST(DynamoFailures, ThrottlingIsToldApartFromConflicts) {
  for (const std::string_view name :
       {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
        "LimitExceededException", "TransactionConflictException", "ReplicatedWriteConflictException"}) {
    EXPECT_EQ(decode(name).code, Code::kThrottled) << name;
    EXPECT_NE(decode(name).kind, aws::FailureKind::kPermanent) << name;
    EXPECT_FALSE(decode(name).hint.empty()) << name;
  }
  EXPECT_EQ(decode("ConditionalCheckFailedException").code, Code::kConflict);
  EXPECT_EQ(decode("ConditionalCheckFailedException").kind, aws::FailureKind::kPermanent);
}

TEST(DynamoFailures, OtherNamesHaveTheirCodes) {
  EXPECT_EQ(decode("ResourceNotFoundException").code, Code::kUnknownTable);
  EXPECT_EQ(decode("ResourceInUseException").code, Code::kResourceInUse);
  EXPECT_EQ(decode("ItemCollectionSizeLimitExceededException").code, Code::kInvalidArgument);
  EXPECT_EQ(decode("ValidationException").code, Code::kInvalidArgument);
  EXPECT_EQ(decode("AccessDeniedException").code, Code::kAccessDenied);
  EXPECT_EQ(decode("InternalServerError", 500).code, Code::kServiceError);
  EXPECT_EQ(decode("InternalServerError", 500).kind, aws::FailureKind::kTransient);
}

}  // namespace
}  // namespace tidemill::dynamo

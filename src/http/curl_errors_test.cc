#include "http/curl_errors.h"

#include <gtest/gtest.h>

namespace tidemill::http {
namespace {

TEST(TransferError, NamesTheHostAndTellsTimeoutsFromRefusals) {
  const Error timeout = transferError({CURLE_OPERATION_TIMEDOUT, "", "h:1"});
  const Error refused = transferError({CURLE_COULDNT_CONNECT, "Connection refused", "h:1"});
  const Error certificate = transferError({CURLE_PEER_FAILED_VERIFICATION, "expired", "h:1"});

  EXPECT_EQ(timeout.code(), Code::kTimeout);
  EXPECT_EQ(refused.code(), Code::kUnreachable);
  EXPECT_EQ(refused.message(), "h:1: Connection refused");
  EXPECT_EQ(certificate.code(), Code::kTlsFailed);
  EXPECT_NE(certificate.hint().find("AWS_CA_BUNDLE"), std::string::npos);
}

}  // namespace
}  // namespace tidemill::http

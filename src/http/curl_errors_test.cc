#include "http/curl_errors.h"

#include <gtest/gtest.h>

namespace tidemill::http {
namespace {

TEST(HostOf, GivesHostAndPortAndNeverThePassword) {
  EXPECT_EQ(hostOf("https://kinesis.eu-west-1.amazonaws.com/"), "kinesis.eu-west-1.amazonaws.com");
  EXPECT_EQ(hostOf("http://127.0.0.1:4567?x=/"), "127.0.0.1:4567");
  EXPECT_EQ(hostOf("http://user:hunter2@host:1/"), "host:1");
}

TEST(IsLoopbackUrl, TrustsNumbersAndLocalhostOnly) {
  EXPECT_TRUE(isLoopbackUrl("http://localhost:4567"));
  EXPECT_TRUE(isLoopbackUrl("http://LOCALHOST/"));
  EXPECT_TRUE(isLoopbackUrl("http://127.0.0.1"));
  EXPECT_TRUE(isLoopbackUrl("http://127.8.9.10:80/x"));
  EXPECT_TRUE(isLoopbackUrl("http://[::1]:4567/"));
  EXPECT_FALSE(isLoopbackUrl("http://127.evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://127.0.0.1.evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://localhost.evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://127.0.0.1@evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://[::1].evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://128.0.0.1/"));
}

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

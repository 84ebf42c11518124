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

TEST(TransferError, TellsACutHandshakeFromAQuarrel) {
  for (const char* cut :
       {"Recv failure: Connection reset by peer",
        "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to h:1",
        "error:0A000126:SSL routines::unexpected eof while reading", "OpenSSL SSL_connect: Broken pipe"}) {
    const Error error = transferError({CURLE_SSL_CONNECT_ERROR, cut, "h:1"});
    EXPECT_EQ(error.code(), Code::kUnreachable) << cut;
    EXPECT_TRUE(error.retryable());
  }
  for (const char* quarrel : {"error:0A00010B:SSL routines::wrong version number",
                              "error:0A000410:SSL routines::sslv3 alert handshake failure", ""}) {
    EXPECT_EQ(transferError({CURLE_SSL_CONNECT_ERROR, quarrel, "h:1"}).code(), Code::kTlsFailed) << quarrel;
  }
}

}  // namespace
}  // namespace tidemill::http

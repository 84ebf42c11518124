#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "http/curl_transport.h"
#include "http/tls_server.h"

namespace tidemill::http {
namespace {

using namespace std::chrono_literals;

rt::Task<void> sendInto(CurlTransport& transport, const Request& request, SendOptions options,
                        std::optional<Result<Response>>& answer) {
  answer = co_await transport.send(request, options);
}

Result<Response> send(const std::string& url, const std::string& caFile) {
  rt::AsioLoop loop;
  CurlOptions trusting;
  trusting.caFile = caFile;
  CurlTransport transport(loop, trusting);
  Request request;
  request.url = url;
  request.body = "{}";
  std::optional<Result<Response>> answer;
  rt::Waiter ended([](rt::Waiter&) {});
  const SendOptions options{loop.now() + 20s};
  rt::Task<void> task = sendInto(transport, request, options, answer);
  loop.post([&] { task.start(loop, ended); });
  while (!answer) loop.context().run_one();
  return std::move(*answer);
}

TEST(CurlTls, TrustsTheAuthorityOfTheCaFile) {
  const TlsServer server(1h);

  const Result<Response> answer = send(server.urlWith("localhost"), server.caFile());

  ASSERT_TRUE(answer) << answer.error().what();
  EXPECT_EQ(answer->body->view(), "ok");
}

TEST(CurlTls, RefusesAnUnknownAuthority) {
  const TlsServer server(1h);

  const Result<Response> answer = send(server.urlWith("localhost"), "");

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTlsFailed);
  EXPECT_NE(answer.error().hint().find("AWS_CA_BUNDLE"), std::string::npos);
}

TEST(CurlTls, RefusesAnotherHostsCertificate) {
  const TlsServer server(1h);

  EXPECT_EQ(send(server.urlWith("127.0.0.1"), server.caFile()).error().code(), Code::kTlsFailed);
}

TEST(CurlTls, RefusesAnExpiredCertificate) {
  const TlsServer server(-1h);

  EXPECT_EQ(send(server.urlWith("localhost"), server.caFile()).error().code(), Code::kTlsFailed);
}

TEST(CurlTls, RefusesVersionsBefore12) {
  const TlsServer server(1h, TLS1_1_VERSION);

  EXPECT_EQ(send(server.urlWith("localhost"), server.caFile()).error().code(), Code::kTlsFailed);
}

// A load balancer that restarts does so: the next try may succeed.
TEST(CurlTls, AHandshakeThatIsCutMayBeTriedAgain) {
  for (const bool reset : {true, false}) {
    LoopbackServer server([reset](LoopbackConnection& connection) {
      connection.readSome();
      if (reset) connection.reset();
    });

    const Result<Response> answer = send("https" + server.url().substr(4), "");

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::kUnreachable) << reset << answer.error().what();
    EXPECT_TRUE(answer.error().retryable());
  }
}

TEST(CurlTls, AMissingCaFileIsNamed) {
  const TlsServer server(1h);

  const Result<Response> answer = send(server.urlWith("localhost"), "/nonexistent/ca.pem");

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTlsFailed);
  EXPECT_NE(answer.error().message().find("/nonexistent/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace tidemill::http

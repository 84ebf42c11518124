#include "aws/curl_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/call.h"
#include "aws/scripted_transport.h"
#include "http/tls_server.h"

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Environment environmentWith(std::string caBundle) {
  return [caBundle](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_CA_BUNDLE" && !caBundle.empty()) return caBundle;
    return std::nullopt;
  };
}

rt::Task<void> callInto(AwsClient& client, const Operation& operation, std::optional<CallResult>& result) {
  result = co_await client.call(operation);
}

// One call of a service at `url`, over a real connection.
CallResult callOver(const http::CurlOptions& options, const std::string& url) {
  rt::AsioLoop loop;
  http::CurlTransport transport(loop, options);
  base::Random random(1);
  CapturedLog log;
  AwsClientOptions client;
  client.endpoint = {url.substr(0, url.size() - 1), "us-east-1"};
  client.credentials = AwsCredentials("AKID", "a-very-secret-key");
  AwsClient aws(loop, transport, random, log, {"Kinesis", "kinesis", "Kinesis_20131202", "kinesis"}, client);
  const Operation operation{.name = "ListShards"};
  std::optional<CallResult> result;
  rt::Waiter ended([](rt::Waiter&) {});
  rt::Task<void> task = callInto(aws, operation, result);
  loop.post([&] { task.start(loop, ended); });
  while (!result) loop.context().run_one();
  return std::move(*result);
}

TEST(CurlOptionsFrom, TrustsTheAuthoritiesOfAwsCaBundle) {
  const http::TlsServer server(1h);
  const std::string url = server.urlWith("localhost");

  const CallResult trusted = callOver(curlOptionsFrom(environmentWith(server.caFile())), url);
  const CallResult unknown = callOver(curlOptionsFrom(environmentWith("")), url);

  EXPECT_TRUE(trusted) << trusted.error().error.what();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().error.code(), Code::kTlsFailed);
}

TEST(CurlOptionsFrom, AMissingFileIsNamed) {
  const http::TlsServer server(1h);

  const CallResult result =
      callOver(curlOptionsFrom(environmentWith("/no/such/ca.pem")), server.urlWith("localhost"));

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code(), Code::kTlsFailed);
  EXPECT_THAT(result.error().error.message(), HasSubstr("/no/such/ca.pem"));
  EXPECT_THAT(result.error().error.hint(), HasSubstr("AWS_CA_BUNDLE"));
}

}  // namespace
}  // namespace tidemill::aws

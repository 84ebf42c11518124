// sim/workloads/test_account.h: the addresses, the key pair and the settings with which simulated
// programs talk to the fake AWS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "kinesis/kinesis_client.h"

namespace tidemill::sim {

// Where simulated programs find the service, and the stream they read.
inline constexpr char kHost[] = "kinesis.us-east-1.amazonaws.com";
inline constexpr char kEndpoint[] = "https://kinesis.us-east-1.amazonaws.com";
inline constexpr char kStream[] = "lines";

// The fake's default key pair, as environment variables.
inline aws::Environment testEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY") return "test";
    return std::nullopt;
  };
}

inline kinesis::KinesisClientOptions testClient(const std::string& endpoint) {
  kinesis::KinesisClientOptions options;
  options.aws.endpoint = aws::Endpoint{endpoint, "us-east-1"};
  options.aws.credentials = AwsCredentials("test", "test");
  return options;
}

}  // namespace tidemill::sim

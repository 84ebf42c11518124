#include "aws/credentials.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace tidemill::aws {
namespace {

constexpr std::string_view kHint =
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary credentials), or "
    "give "
    "the key pair to the program";

Result<AwsCredentials> checked(AwsCredentials credentials, std::string_view source) {
  // They travel in headers: a line break, typically from a file read whole, would end one.
  const auto broken = [](std::string_view text) {
    return text.find_first_of("\r\n") != std::string_view::npos;
  };
  if (broken(credentials.accessKeyId) || broken(credentials.secretAccessKey.reveal()) ||
      broken(credentials.sessionToken.reveal())) {
    return fail(Code::kNoCredentials, fmt::format("the credentials from {} hold a line break", source),
                "remove the line break at the end of the value");
  }
  return credentials;
}

}  // namespace

Result<AwsCredentials> resolveCredentials(const std::optional<AwsCredentials>& given,
                                          const Environment& environment) {
  if (given) {
    if (given->accessKeyId.empty() || given->secretAccessKey.empty()) {
      return fail(Code::kNoCredentials,
                  fmt::format("the key pair given to the program has no {}",
                              given->accessKeyId.empty() ? "access key id" : "secret access key"),
                  std::string(kHint));
    }
    return checked(*given, "the program's arguments");
  }
  const auto accessKey = environment("AWS_ACCESS_KEY_ID");
  const auto secretKey = environment("AWS_SECRET_ACCESS_KEY");
  if (!accessKey && !secretKey) {
    return fail(
        Code::kNoCredentials,
        "no AWS credentials: none were given, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
        std::string(kHint));
  }
  if (!accessKey || !secretKey) {
    return fail(Code::kNoCredentials,
                fmt::format("half a pair of AWS credentials: {} is set, {} is not",
                            accessKey ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                            accessKey ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"),
                std::string(kHint));
  }
  AwsCredentials credentials(*accessKey, *secretKey, environment("AWS_SESSION_TOKEN").value_or(""));
  return checked(std::move(credentials), "the environment");
}

}  // namespace tidemill::aws

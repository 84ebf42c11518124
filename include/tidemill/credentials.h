// tidemill/credentials.h: the key pair that proves to AWS who asks.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tidemill/secret.h"

namespace tidemill {

// A long-lived key pair, or a temporary one with its session token.
//
//   AwsCredentials credentials("AKIAIOSFODNN7EXAMPLE", secretFromYourVault);
struct AwsCredentials {
  AwsCredentials() = default;
  AwsCredentials(std::string accessKey, std::string_view secretKey, std::string_view token = {})
      : accessKeyId(std::move(accessKey)), secretAccessKey(secretKey), sessionToken(token) {}

  // Not a secret: it appears in every request.
  std::string accessKeyId;
  Secret secretAccessKey;
  // Empty for a long-lived key pair.
  Secret sessionToken;
};

}  // namespace tidemill

// aws/service_failure.h: what a refusal of an AWS service means.
#pragma once

#include <string>
#include <string_view>

#include "aws/redaction.h"
#include "aws/retry_policy.h"
#include "http/http_transport.h"
#include "tidemill/error.h"

namespace tidemill::aws {

// An answer other than 200, from the service or from a proxy in front of it.
struct ServiceFailure {
  int status = 0;
  // "ResourceNotFoundException"; the status as text ("503") if the answer named no error.
  std::string name;
  // The service's own words on one line, safe to print: no control characters, at most 512 bytes.
  std::string message;
  Code code = Code::kServiceError;
  FailureKind kind = FailureKind::kPermanent;
};

// Finds the error's name in the header x-amzn-errortype, else in the body's __type, else in its code. Never
// fails: JSON, CBOR, HTML, plain text and nonsense all give something to say.
ServiceFailure decodeFailure(const http::Response& response, const Redaction& redacted);

// "com.amazonaws.dynamodb.v20120810#FooException:http://…" becomes "FooException".
std::string plainErrorName(std::string_view text);

// The first line of `text` without control characters and secrets, at most 512 bytes. The rest stays out: for
// bad signatures it repeats the signed headers.
std::string plainMessage(std::string_view text, const Redaction& redacted);
// For text that went through the other one before.
std::string plainMessage(std::string_view text);

}  // namespace tidemill::aws

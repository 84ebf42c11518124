// aws/service_failure.h: what a refusal of an AWS service means.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "aws/redaction.h"
#include "aws/retry_policy.h"
#include "http/http_transport.h"
#include "tidemill/error.h"

namespace tidemill::aws {

// What one error name of a service means.
struct NamedFailure {
  std::string_view name;
  Code code;
  FailureKind kind;
  // What to do about it; "{operation}" and "{region}" stand for those of the call. Empty: what the code alone
  // tells.
  std::string_view hint = {};
};

// An answer other than 200, from the service or from a proxy in front of it.
struct ServiceFailure {
  int status = 0;
  // "ResourceNotFoundException"; the status as text ("503") if the answer named no error.
  std::string name;
  // The service's own words on one line, safe to print: no control characters, at most 512 bytes.
  std::string message;
  Code code = Code::kServiceError;
  FailureKind kind = FailureKind::kPermanent;
  // Of the service's table; may be empty.
  std::string_view hint;
};

// Finds the error's name in the header x-amzn-errortype, else in the body's __type, else in its code. Never
// fails: JSON, CBOR, HTML, plain text and nonsense all give something to say. A name means what `own`, the
// service's table, says; else what it means to all of AWS; else what the status says.
ServiceFailure decodeFailure(const http::Response& response, std::span<const NamedFailure> own,
                             const Redaction& redacted);

// The same for a service whose refusals are told in another form: `name` and `message` as its body says them.
// An empty name: the status as text.
ServiceFailure failureNamed(int status, std::string_view name, std::string_view message,
                            std::span<const NamedFailure> own, const Redaction& redacted);

// "com.amazonaws.dynamodb.v20120810#FooException:http://…" becomes "FooException".
std::string plainErrorName(std::string_view text);

// The first line of `text` without control characters and secrets, at most 512 bytes. The rest stays out: for
// bad signatures it repeats the signed headers.
std::string plainMessage(std::string_view text, const Redaction& redacted);

}  // namespace tidemill::aws

// fake/request_auth.h: whether a request proves that it comes from the owner of the key pair.
#pragma once

#include <string_view>

#include "aws/sigv4.h"
#include "fake/fake_options.h"
#include "fake/service_error.h"
#include "http/http_transport.h"
#include "rt/time.h"

namespace tidemill::fake {

// Checks as the service does: form of the header, key, scope, age, signature. Knows one key pair.
class RequestAuth {
 public:
  explicit RequestAuth(const FakeAwsOptions& options) : options_(options), secret_(options.secretKey) {}

  // `service` is the signing name that the credential's scope must hold, e.g. "kinesis".
  Outcome<void> check(const http::Request& request, std::string_view service, rt::WallTime now);

 private:
  Outcome<void> checkSignature(const http::Request& request, const aws::Authorization& authorization,
                               std::string_view service, rt::WallTime now);

  const FakeAwsOptions& options_;
  const Secret secret_;
  aws::SigningKeys keys_;
};

// The first header of that name, without case; empty if there is none.
std::string_view headerOf(const http::Request& request, std::string_view name);

// Path and query of the request's URL.
std::string_view targetOf(const http::Request& request);

}  // namespace tidemill::fake

// aws/sigv4.h: AWS Signature Version 4 of requests with a body in memory, for signing and for checking.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/digest.h"
#include "http/http_transport.h"
#include "rt/time.h"
#include "tidemill/credentials.h"

namespace tidemill::aws {

// What a signature is valid for, besides its day.
struct SigningScope {
  std::string region;   // "eu-west-1"
  std::string service;  // The signing name: "kinesis", "dynamodb", "s3", "monitoring", "sts".

  friend bool operator==(const SigningScope&, const SigningScope&) = default;
};

// "20261122T210000Z". Its first eight characters are the day of the scope.
std::string amzDate(rt::WallTime now);

// Derives signing keys, and remembers the last one, because it serves for a day. One owner; not thread safe.
class SigningKeys {
 public:
  const codec::Sha256& keyFor(const Secret& secret, std::string_view day, const SigningScope& scope);

 private:
  Secret secret_;
  std::string day_;
  SigningScope scope_;
  std::optional<codec::Sha256> key_;
};

// Signs the request as it is: method, url, body and all headers but those that proxies rewrite. Adds Host,
// X-Amz-Date, X-Amz-Security-Token (temporary credentials only) and Authorization; signing a request again
// replaces them. For S3 it adds X-Amz-Content-Sha256 too, and takes the path as it is on the wire: keys may
// hold what other services normalise. The url must be absolute. Signatures are good for 5 minutes around
// `now`.
void sign(http::Request& request, const AwsCredentials& credentials, const SigningScope& scope,
          rt::WallTime now, SigningKeys& keys);

// --- The steps, for a server that checks the signature of any SDK.

// The parts of a header "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…".
struct Authorization {
  std::string accessKeyId;
  std::string day;  // "20261122"
  SigningScope scope;
  std::vector<std::string> signedHeaders;  // Lower case, in the order given.
  std::string signature;                   // Lower-case hexadecimal.
};
// Nothing if the header is of another form. `missing`, if given, then receives the names of the absent parts
// ("Credential", "SignedHeaders", "Signature"), for the service's IncompleteSignatureException.
std::optional<Authorization> parseAuthorization(std::string_view header,
                                                std::vector<std::string>* missing = nullptr);

// A request as it was on the wire. `target` is path and query: "/" or "/a%20b?x=1&y".
struct WireRequest {
  std::string_view method;
  std::string_view target;
  const std::vector<http::Header>& headers;  // Host included.
  std::string_view body;
  // S3's rules: the path is signed as it is on the wire, where all others normalise it and encode it again;
  // and the body enters as its header X-Amz-Content-Sha256 says, which the service checks by itself.
  bool s3Rules = false;
};
// The canonical request over the named headers; a named header that is absent counts as empty.
std::string canonicalRequest(const WireRequest& request, const std::vector<std::string>& signedHeaders);
std::string stringToSign(std::string_view date, const SigningScope& scope, std::string_view canonical);
// The signature that `request` should carry: 64 lower-case hexadecimal digits. `date` is the request's
// X-Amz-Date (or the same moment from its Date header).
std::string expectedSignature(const WireRequest& request, const std::vector<std::string>& signedHeaders,
                              std::string_view date, const SigningScope& scope, const Secret& secret,
                              SigningKeys& keys);

}  // namespace tidemill::aws

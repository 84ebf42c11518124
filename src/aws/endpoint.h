// aws/endpoint.h: which url and which region a service is called at.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "tidemill/result.h"

namespace tidemill::aws {

// Where to send requests, and what to sign them for.
struct Endpoint {
  std::string url;  // "https://kinesis.eu-west-1.amazonaws.com", without a slash at the end.
  std::string region;
};

// What the program's user asked for; the environment fills the gaps.
struct EndpointOptions {
  // An absolute url. Else AWS_ENDPOINT_URL_KINESIS (by service), AWS_ENDPOINT_URL, or the region's own
  // endpoint.
  std::optional<std::string> endpoint;
  // Else AWS_REGION, AWS_DEFAULT_REGION, the region in a custom endpoint's name, and for other custom
  // endpoints us-east-1, as emulators expect.
  std::optional<std::string> region;
  // Plain http to hosts other than this one. Requests are signed, but everybody on the way can read them.
  bool allowPlainHttp = false;
};

// `service` is the endpoint prefix: "kinesis", "dynamodb", "monitoring". kInvalidConfig names the bad value
// and where it came from.
Result<Endpoint> resolveEndpoint(std::string_view service, const EndpointOptions& options,
                                 const Environment& environment);

// True for "eu-west-1", "us-gov-east-1", "cn-north-1", "us-iso-east-1" and the like, known or not.
bool isRegion(std::string_view text);

// The DNS suffix of a region's partition: "amazonaws.com", "amazonaws.com.cn", …; unknown regions belong to
// aws.
std::string_view dnsSuffix(std::string_view region);

}  // namespace tidemill::aws

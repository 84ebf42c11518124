#include "aws/curl_options.h"

namespace tidemill::aws {

http::CurlOptions curlOptionsFrom(const Environment& environment) {
  http::CurlOptions options;
  options.caFile = environment("AWS_CA_BUNDLE").value_or("");
  return options;
}

}  // namespace tidemill::aws

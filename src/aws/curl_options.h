// aws/curl_options.h: what the environment says about connections to AWS.
#pragma once

#include "aws/environment.h"
#include "http/curl_transport.h"

namespace tidemill::aws {

// The defaults, and AWS_CA_BUNDLE: the PEM file of the certificate authorities to trust instead of the
// system's. A file that cannot be read fails every call with kTlsFailed, which names it.
http::CurlOptions curlOptionsFrom(const Environment& environment);

}  // namespace tidemill::aws

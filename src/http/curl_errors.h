// http/curl_errors.h: what libcurl's result codes mean to our callers.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "tidemill/error.h"

namespace tidemill::http {

// A transfer that failed.
struct TransferFailure {
  CURLcode code;
  std::string_view text;  // Libcurl's own words; may be empty.
  std::string_view host;
  std::size_t receivedBytes = 0;
  std::size_t promisedBytes = 0;  // 0: the server promised no length.
};
Error transferError(const TransferFailure& failure);

// Host and port of an absolute url, for messages: "kinesis.eu-west-1.amazonaws.com", "127.0.0.1:4567".
std::string hostOf(std::string_view url);
// True if the url's host is localhost or a loopback address.
bool isLoopbackUrl(std::string_view url);

}  // namespace tidemill::http

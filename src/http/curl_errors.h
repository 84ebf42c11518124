// http/curl_errors.h: what libcurl's result codes mean to our callers.
#pragma once

#include <curl/curl.h>

#include <cstddef>
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

}  // namespace tidemill::http

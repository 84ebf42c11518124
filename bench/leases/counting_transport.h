// bench/leases/counting_transport.h: passes requests on and counts them by operation.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "http/http_transport.h"

namespace tidemill::bench {

// Every request that leaves, attempts that are repeated included. Lives on the lane of what it wraps.
class CountingTransport final : public http::HttpTransport {
 public:
  explicit CountingTransport(http::HttpTransport& inner) : inner_(inner) {}

  rt::Task<Result<http::Response>> send(const http::Request& request, http::SendOptions options) override;

  // By X-Amz-Target, such as "DynamoDB_20120810.UpdateItem".
  const std::map<std::string, std::int64_t>& calls() const { return calls_; }

 private:
  http::HttpTransport& inner_;
  std::map<std::string, std::int64_t> calls_;
};

}  // namespace tidemill::bench

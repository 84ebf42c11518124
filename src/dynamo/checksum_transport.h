// dynamo/checksum_transport.h: a transport that believes only answers whose checksum is right.
#pragma once

#include "http/http_transport.h"

namespace tidemill::dynamo {

// Sends through another transport. An answer, refusals included, whose x-amz-crc32 is not that of its body is
// a failure (kServiceError: as good as lost, and retried as such); one without that header passes. The other
// transport must outlive this one.
class ChecksumTransport final : public http::HttpTransport {
 public:
  explicit ChecksumTransport(http::HttpTransport& transport) : transport_(transport) {}

  rt::Task<Result<http::Response>> send(const http::Request& request, http::SendOptions options) override;

 private:
  http::HttpTransport& transport_;
};

}  // namespace tidemill::dynamo

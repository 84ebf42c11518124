#include "dynamo/checksum_transport.h"

#include <fmt/format.h>

#include "base/text.h"
#include "codec/crc32.h"
#include "http/url.h"

namespace tidemill::dynamo {

rt::Task<Result<http::Response>> ChecksumTransport::send(const http::Request& request,
                                                         http::SendOptions options) {
  Result<http::Response> response = co_await transport_.send(request, options);
  if (!response) co_return std::move(response);
  const std::string_view told = response->header("x-amz-crc32");
  if (told.empty()) co_return std::move(response);
  if (base::parseInteger(told) == std::int64_t{codec::crc32(response->body->view())}) {
    co_return std::move(response);
  }
  co_return fail(Code::kServiceError,
                 fmt::format("{}: an answer of {} bytes came damaged: its checksum is wrong",
                             http::hostOf(request.url), response->body->size()),
                 "it is tried again; if it stays, look for a proxy that changes answers");
}

}  // namespace tidemill::dynamo

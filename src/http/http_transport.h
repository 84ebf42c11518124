// http/http_transport.h: one HTTP request and its answer; the seam to the network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/body.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "tidemill/result.h"

namespace tidemill::http {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method = "POST";
  // Absolute: scheme, host, optional port, path and query. http:// or https://.
  std::string url;
  std::vector<Header> headers;
  std::string body;
};

struct Response {
  int status = 0;
  // Names as the server sent them; compare without case by header().
  std::vector<Header> headers;
  // Never null; may be empty.
  std::shared_ptr<const codec::Body> body;

  // The first header of that name, or an empty view.
  std::string_view header(std::string_view name) const;
};

struct SendOptions {
  // The call ends by then in any case, connecting and a slowly dripping body included.
  rt::TimePoint deadline;
  // A longer body fails the call with kResponseTooLarge; so do headers of more than 64 KiB.
  std::size_t bodyBytesMax = 64u << 20;
};

// Lives on one lane. An answer of any status is a success here. Errors: kUnreachable (name, connection,
// reset), kTimeout, kTlsFailed, kResponseTooLarge; the message names the host. No redirect is ever followed.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // `request` must stay valid until the task ends. Cancelled by destroying the task.
  virtual rt::Task<Result<Response>> send(const Request& request, SendOptions options) = 0;
};

}  // namespace tidemill::http

// http/curl_transport.h: the production HttpTransport, on libcurl.
#pragma once

#include <memory>
#include <string>

#include "http/http_transport.h"
#include "rt/asio_loop.h"

namespace tidemill::http {

struct CurlOptions {
  // PEM file of trusted certificate authorities; empty: the system's. What AWS_CA_BUNDLE names.
  std::string caFile;
  // Connections kept open between calls. More saves handshakes and costs descriptors. Range: 1 to 10,000.
  int idleConnectionsMax = 64;
  // Memory of unused large response buffers kept for the next responses. 0 keeps none.
  std::size_t idleBodyBytesMax = 64u << 20;
  // Connecting (name, TCP and TLS) ends by then, or by the call's deadline if that comes first.
  std::chrono::milliseconds connectTimeout{5'000};
};

// HTTP/1.1 with kept-alive connections; TLS 1.2 at least, host names checked; proxies as HTTPS_PROXY and
// NO_PROXY say, but never towards a loopback address. Blocks SIGPIPE on the lane's thread. Lives on the lane
// of `loop`, which must outlive it; every send() must have ended or been destroyed before.
class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(rt::AsioLoop& loop, CurlOptions options = {});
  ~CurlTransport() override;

  // Beyond the codes of the seam: kInvalidConfig for a url or a header that cannot be sent,
  // kMalformedResponse for an answer that is not HTTP.
  rt::Task<Result<Response>> send(const Request& request, SendOptions options) override;

 private:
  class Core;
  class Call;
  std::unique_ptr<Core> core_;
};

}  // namespace tidemill::http

#include "http/curl_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace tidemill::http {
namespace {

// What libcurl and OpenSSL say when the connection itself ended during the handshake: a load balancer that
// restarts, no quarrel about certificates or versions. They have one result code for all of it.
bool wasCut(std::string_view text) {
  constexpr std::array<std::string_view, 6> kCut = {"Recv failure",         "Send failure",
                                                    "SSL_ERROR_SYSCALL",    "unexpected eof ",
                                                    "Connection reset by ", "Broken pipe"};
  return std::any_of(kCut.begin(), kCut.end(),
                     [text](std::string_view cut) { return text.find(cut) != std::string_view::npos; });
}

Code codeOf(CURLcode code, std::string_view text) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Code::kTimeout;
    case CURLE_SSL_CONNECT_ERROR:
      return wasCut(text) ? Code::kUnreachable : Code::kTlsFailed;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return Code::kTlsFailed;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
      return Code::kInvalidConfig;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9: the url's own scheme was checked before.
    case CURLE_BAD_CONTENT_ENCODING:
      return Code::kMalformedResponse;
    default:
      return Code::kUnreachable;
  }
}

std::string_view hintOf(Code code) {
  switch (code) {
    case Code::kTimeout:
      return "check the network to that host, or allow more time for a call";
    case Code::kTlsFailed:
      return "check the endpoint's certificate; a private authority is named by AWS_CA_BUNDLE";
    case Code::kInvalidConfig:
      return "check the endpoint's url";
    case Code::kMalformedResponse:
      return "check that the endpoint speaks HTTP on that port";
    default:
      return "check the endpoint, the region, and the network to that host";
  }
}

}  // namespace

Error transferError(const TransferFailure& failure) {
  const Code code = codeOf(failure.code, failure.text);
  std::string_view text = base::trim(failure.text);
  if (text.empty()) text = curl_easy_strerror(failure.code);
  std::string message = fmt::format("{}: {}", failure.host, text);
  if (failure.receivedBytes > 0) {
    const std::string promised = failure.promisedBytes == 0 ? std::string("an unknown number of")
                                                            : fmt::to_string(failure.promisedBytes);
    message += fmt::format(" (after {} of {} bytes of the body)", failure.receivedBytes, promised);
  }
  return Error(code, std::move(message), std::string(hintOf(code)));
}

}  // namespace tidemill::http

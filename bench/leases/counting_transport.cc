#include "counting_transport.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace tidemill::bench {
namespace {

bool isTarget(std::string_view name) {
  constexpr std::string_view kTarget = "x-amz-target";
  return std::equal(name.begin(), name.end(), kTarget.begin(), kTarget.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

}  // namespace

rt::Task<Result<http::Response>> CountingTransport::send(const http::Request& request,
                                                         http::SendOptions options) {
  for (const http::Header& header : request.headers) {
    if (isTarget(header.name)) ++calls_[header.value];
  }
  return inner_.send(request, options);
}

}  // namespace tidemill::bench

// Feeds arbitrary refusals to the decoder: a byte that gives the status, a line that is the error's name in
// the header, and a body. Whatever comes, what is shown is short, plain, and holds no secret.
#include "aws/service_failure.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

namespace tidemill::aws {
namespace {

constexpr std::string_view kSecret = "CANARY/of+the=Session0Token1";
constexpr std::size_t kStretch = 12;

void checkShown(std::string_view text, std::size_t sizeMax) {
  TIDEMILL_CHECK(text.size() <= sizeMax);
  TIDEMILL_CHECK(std::none_of(text.begin(), text.end(),
                              [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  for (std::size_t i = 0; i + kStretch <= kSecret.size(); ++i) {
    TIDEMILL_CHECK(text.find(kSecret.substr(i, kStretch)) == std::string_view::npos);
  }
}

}  // namespace
}  // namespace tidemill::aws

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill;
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  http::Response response;
  response.status = 100 + static_cast<unsigned char>(bytes.front()) * 2;
  bytes.remove_prefix(1);
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  response.headers.push_back({"x-amzn-ErrorType", std::string(bytes.substr(0, line))});
  bytes.remove_prefix(std::min(line + 1, bytes.size()));
  response.body = codec::Body::copyOf(bytes);
  const aws::ServiceFailure failure =
      aws::decodeFailure(response, {}, aws::Redaction({Secret(aws::kSecret)}));
  TIDEMILL_CHECK(!failure.name.empty());
  aws::checkShown(failure.name, 128);
  aws::checkShown(failure.message, 512 + std::string_view("…").size());
  return 0;
}

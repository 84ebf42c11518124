#include "codec/records_check.h"

#include <fmt/format.h>

namespace tidemill::codec {

Error malformedRecords(std::string_view format, std::size_t offset, std::size_t size,
                       std::string_view problem) {
  return Error(
      Code::kMalformedResponse,
      fmt::format("the GetRecords answer is malformed {} at byte {} of {}: {}", format, offset, size,
                  problem),
      "check that the endpoint is Kinesis and that no proxy changes its answers; emulators may need the "
      "lenient reader or JSON");
}

}  // namespace tidemill::codec

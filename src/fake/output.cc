#include "fake/output.h"

namespace tidemill::fake {

std::string_view contentType(Wire wire) {
  return wire == Wire::kJson ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

void Output::reserve(std::size_t size) {
  isCbor() ? cbor_.reserve(size) : json_.reserve(size);
}

void Output::timestamp(rt::WallTime value) {
  const std::int64_t ms = value.time_since_epoch().count();
  isCbor() ? cbor_.timestamp(ms) : json_.timestamp(ms);
}

}  // namespace tidemill::fake

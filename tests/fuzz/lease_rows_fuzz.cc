// Feeds arbitrary items to the reader of lease rows.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dynamo/attribute_json.h"
#include "lease/fleet_state.h"
#include "lease/lease_row.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill;
  const auto item = dynamo::parseItem({reinterpret_cast<const char*>(data), size});
  if (!item) return 0;
  lease::purposeOf(*item);
  lease::metricsTime(*item);
  const auto row = lease::readLeaseRow(*item);
  if (!row) {
    TIDEMILL_CHECK(row.error().code() == Code::kForeignTable);
    return 0;
  }
  // What was read can be written, and is read as the same again.
  TIDEMILL_CHECK(!row->lease.leaseKey.empty());
  const auto again = lease::itemOf(*row);
  TIDEMILL_CHECK(again.has_value());
  const auto reread = lease::readLeaseRow(*again);
  TIDEMILL_CHECK(reread && reread->lease == row->lease);
  TIDEMILL_CHECK(reread->stream == row->stream && reread->streamCreated == row->streamCreated);
  return 0;
}

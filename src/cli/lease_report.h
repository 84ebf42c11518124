// cli/lease_report.h: what `tidemill leases` prints of a lease table.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/lease_observation.h"

namespace tidemill::cli {

struct LeaseReport {
  std::string application;
  std::string stream;  // Empty: not known.
  LeaseObservation observation;
  // Milliseconds behind the tip, by lease key; those that are missing are not known.
  std::map<std::string, std::int64_t> lagMilliseconds;
};

// A heading and a line for each lease, in columns; then a line for each row that is no lease. Nothing that a
// row holds can end a line.
std::vector<std::string> leaseTable(const LeaseReport& report);

// One object, with everything that the rows hold but the bytes of a pending checkpoint's state and the values
// of unknown attributes. What a row does not have is left out, but for the sets.
std::string leaseDocument(const LeaseReport& report);

}  // namespace tidemill::cli

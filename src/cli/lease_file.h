// cli/lease_file.h: the format of `tidemill leases APP export`: lines of JSON, one for each row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lease/lease.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// The first line.
struct LeaseFileHead {
  std::string application;
  std::string stream;  // Empty: not known.
  std::int64_t leases = 0;

  bool operator==(const LeaseFileHead&) const = default;
};

std::string writeHead(const LeaseFileHead& head);
// kInvalidConfig for what is no export, or one of another version.
Result<LeaseFileHead> readHead(std::string_view line);

// The whole row, unknown attributes included. kInvalidConfig for a row that would not come back equal.
Result<std::string> writeRow(const lease::Lease& lease);
// Strict: nothing unknown, nothing of another type. kInvalidConfig names the member, never its content.
Result<lease::Lease> readRow(std::string_view line);

// Attributes of the row, by name, that a table in SQLite has no place for: those of Java's fleets.
std::vector<std::string> beyondSqlite(const lease::Lease& lease);

// What importing `rows` into a table that holds `there` comes to.
struct ImportPlan {
  std::vector<lease::Lease> create;
  std::vector<std::string> equal;      // Keys of rows that are there as they are in the file.
  std::vector<std::string> different;  // Keys of rows that are there and differ.
};
ImportPlan importPlan(const std::vector<lease::Lease>& rows, const std::vector<lease::Lease>& there);

}  // namespace tidemill::cli

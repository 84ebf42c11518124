// cli/leases.h: what `tidemill leases` can do, one function for each of its commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/lease_access.h"
#include "cli/output.h"

namespace tidemill::cli {

struct LeasesFlags {
  LeaseTableFlags table;
  // How long owners are watched for signs of life; nothing: what suits the command.
  std::optional<std::int64_t> observeMilliseconds;
  bool json = false;
};

struct RewindFlags {
  std::string to;
  std::string shard;  // Empty: all.
  bool yes = false;
};

// Each prints its result or its error and gives the exit code. On the main thread.
int listLeases(const LeasesFlags& flags);
int releaseLease(const LeasesFlags& flags, const std::string& leaseKey);
int rewindLeases(const LeasesFlags& flags, const RewindFlags& rewind);
// `file` empty: standard output.
int exportLeases(const LeasesFlags& flags, const std::string& file);
// `file` "-": standard input.
int importLeases(const LeasesFlags& flags, const std::string& file);

// Long enough to see each worker of a fleet with the usual lease time renew, when nothing is written.
constexpr std::chrono::milliseconds kGlance{4'000};
// Before a command takes a lease from its owner: longer than the renewal of the slowest usual fleet.
constexpr std::chrono::milliseconds kVigil{12'000};

// What --observe-ms says, else `usual`.
std::chrono::milliseconds patienceOf(const LeasesFlags& flags, std::chrono::milliseconds usual);

}  // namespace tidemill::cli

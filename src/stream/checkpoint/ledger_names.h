// stream/checkpoint/ledger_names.h: the names in a checkpoint directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemill::stream {

// Says that the directory is one of tidemill's, and in which format.
constexpr char kFormatName[] = "tidemill-checkpoint";
constexpr char kLogFolder[] = "log";
constexpr char kMetadataFolder[] = "metadata";
constexpr char kStateFolder[] = "state";

// Numbers have 20 digits, so that names sort as numbers do. Chunks of the log are numbered from 1.
std::string numberName(std::uint64_t number);
std::optional<std::uint64_t> parseNumberName(std::string_view name);
inline std::string logName(std::uint64_t number) {
  return std::string(kLogFolder) + "/" + numberName(number);
}
// Of the metadata checkpoint that holds what the log says up to and with this number.
inline std::string metadataName(std::uint64_t number) {
  return std::string(kMetadataFolder) + "/" + numberName(number);
}

// state/UID.MILLIS-EPOCH.PARTITION: what a snapshot of an operator consists of. Other characters of the uid
// than letters, digits, - and _ are written as %HH.
struct StateName {
  std::string uid;
  std::int64_t batchMillis = 0;
  std::uint64_t epoch = 0;
  std::uint32_t partition = 0;

  friend bool operator==(const StateName&, const StateName&) = default;
};
std::string stateName(const StateName& name);
// Without its folder.
std::optional<StateName> parseStateName(std::string_view name);

}  // namespace tidemill::stream

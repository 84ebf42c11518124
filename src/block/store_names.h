// block/store_names.h: the files of a block store, by name.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rt/file_system.h"

namespace tidemill::block {

// A store is a folder with these files:
//   blocks.lock               held by the process that uses it
//   segment-EPOCH-NUMBER      blocks
//   index-EPOCH-NUMBER        where they lie; the newest counts
//   index-EPOCH-NUMBER.new    an index that was not finished
constexpr std::string_view kStoreLockName = "blocks.lock";

// Each process that opens a store has a greater epoch than all before it; it numbers its files from 1.
struct StoreFile {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  friend auto operator<=>(const StoreFile&, const StoreFile&) = default;
};

std::string segmentName(StoreFile file);
std::string indexName(StoreFile file);
std::string unfinishedIndexName(StoreFile file);
std::optional<StoreFile> parseSegmentName(std::string_view name);
std::optional<StoreFile> parseIndexName(std::string_view name);
std::optional<StoreFile> parseUnfinishedIndexName(std::string_view name);

// What lies in a folder, each list sorted.
struct StoreListing {
  bool lock = false;
  std::vector<StoreFile> segments;
  std::vector<StoreFile> indexes;
  std::vector<StoreFile> unfinished;

  // False: this is no block store.
  bool isStore() const { return lock || !segments.empty() || !indexes.empty() || !unfinished.empty(); }
  // Of any file; 0 if there is none.
  std::uint64_t epochMax() const;
};
Result<StoreListing> listStore(rt::FileSystem& files, const std::string& directory);

}  // namespace tidemill::block

// block/block_index.h: where the blocks of a store lie: the frames of its index.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "block/block_info.h"
#include "block/frame.h"
#include "block/store_names.h"
#include "tidemill/result.h"

namespace tidemill::block {

// The kinds of frames in all files of a store. The numbers lie in files: never change one.
enum FrameKind : std::uint16_t {
  kBlockFrame = 1,    // In a segment: the head and the body of a block.
  kStoredFrame = 2,   // In an index: an IndexEntry as head. It replaces an earlier one of the same id.
  kReleaseFrame = 3,  // In an index: ids that are forgotten, as head.
  kStartFrame = 4,    // The first of an index, so that an empty file is seen to be cut.
};

// The frame of one block.
struct IndexEntry {
  StoreFile segment;
  std::uint64_t offset = 0;
  // Of the whole frame.
  std::uint64_t bytes = 0;
  std::shared_ptr<const BlockInfo> info;

  std::uint64_t end() const { return offset + bytes; }
};

std::string encodeIndexEntry(const IndexEntry& entry);
Result<IndexEntry> readIndexEntry(std::string_view head);
std::string encodeRelease(const std::vector<std::string>& ids);
Result<std::vector<std::string>> readRelease(std::string_view head);

// A place of an index that is not as it was written.
struct IndexDamage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string what;
};

// All that an index says, read past damage.
struct IndexContent {
  // By id, what is stored.
  std::map<std::string, IndexEntry> entries;
  // What was released and not stored again.
  std::set<std::string> released;
  std::vector<IndexDamage> damaged;
  // Where a torn tail starts.
  std::optional<std::uint64_t> tornAt;
};
IndexContent readIndex(std::string_view file);

}  // namespace tidemill::block

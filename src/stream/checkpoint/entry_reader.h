// stream/checkpoint/entry_reader.h: reads the values of a checkpoint directory with every bound checked.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "block/byte_reader.h"
#include "stream/checkpoint/ledger_entry.h"

namespace tidemill::stream {

// A ByteReader that knows what entries consist of.
class EntryReader : public block::ByteReader {
 public:
  using block::ByteReader::ByteReader;

  LedgerInput input();
  lease::Checkpoint checkpoint();
  SnapshotEntry snapshot();
  Time time();
  // A block with its length before it.
  std::shared_ptr<const block::BlockInfo> block();
};

// What is written by the ones above.
void appendInput(const LedgerInput& input, std::string& to);
void appendCheckpoint(const lease::Checkpoint& checkpoint, std::string& to);
void appendSnapshot(const SnapshotEntry& snapshot, std::string& to);
void appendTime(Time time, std::string& to);
void appendBlock(const block::BlockInfo& block, std::string& to);

}  // namespace tidemill::stream

// stream/checkpoint/ledger_entry.h: what the block log says, entry by entry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "block/block_info.h"
#include "lease/checkpoint.h"
#include "tidemill/result.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// An input of the program. What an earlier writer has logged for an application and a stream belongs to the
// input of the same uid that reads them, or to the first one that does. Without an application and a stream:
// nothing comes through it.
struct LedgerInput {
  std::string uid;
  std::string application;
  std::string stream;

  friend bool operator==(const LedgerInput&, const LedgerInput&) = default;
};

// A writer has claimed the directory. Entries of a smaller epoch never come behind it.
struct OpenedEntry {
  std::uint64_t epoch = 0;
  std::string worker;
  std::string incarnation;
  // How often it writes at least.
  std::int64_t heartbeatMillis = 0;
  std::vector<LedgerInput> inputs;

  friend bool operator==(const OpenedEntry&, const OpenedEntry&) = default;
};

// A block was received, and lies in no batch yet. A second one of the same id says nothing. (Spark: D16)
struct AddedEntry {
  std::string input;
  std::shared_ptr<const block::BlockInfo> block;
};

// These blocks, of those that lie in no batch, are the batch of `time`. A batch that is there stays as it is.
struct AllocatedEntry {
  Time time{};
  std::vector<std::string> blocks;

  friend bool operator==(const AllocatedEntry&, const AllocatedEntry&) = default;
};

// The outputs of the batch have succeeded.
struct CompletedEntry {
  Time time{};
  friend bool operator==(const CompletedEntry&, const CompletedEntry&) = default;
};

// Nobody remembers the batch any more.
struct CleanedEntry {
  Time time{};
  friend bool operator==(const CleanedEntry&, const CleanedEntry&) = default;
};

// Reading of a shard begins, or has ended because the lease was lost.
struct SpanEntry {
  enum class Kind : std::uint8_t {
    // Begins anew at `from`: what was read before and is not completed comes again, so it is forgotten.
    kAnew = 1,
    // Goes on behind what was logged, and the lease checkpoint is `from`: what lies before it is done.
    kGoesOn = 2,
    // Somebody else reads on from the lease checkpoint: what is not completed is forgotten.
    kEnded = 3,
  };
  std::string input;
  std::string shard;
  Kind kind = Kind::kAnew;
  lease::Checkpoint from;

  friend bool operator==(const SpanEntry&, const SpanEntry&) = default;
};

// The shard's lease is not there yet: its part of the batch goes back among the blocks without one.
struct PostponedEntry {
  Time time{};
  std::string input;
  std::string shard;

  friend bool operator==(const PostponedEntry&, const PostponedEntry&) = default;
};

// The state of an operator after the batch of `time` is stored whole; an earlier one is forgotten. Without
// partitions: there is none any more.
struct SnapshotEntry {
  std::string uid;
  Time time{};
  // Of the writer: part of the names.
  std::uint64_t epoch = 0;
  // What the state consists of, as the operator names it.
  std::string type;
  std::uint32_t partitions = 0;

  friend bool operator==(const SnapshotEntry&, const SnapshotEntry&) = default;
};

// The writer is alive, and has nothing else to say.
struct AliveEntry {
  friend bool operator==(const AliveEntry&, const AliveEntry&) = default;
};

// The writer has ended, and everything was processed or is to be read again.
struct ClosedEntry {
  friend bool operator==(const ClosedEntry&, const ClosedEntry&) = default;
};

bool operator==(const AddedEntry& a, const AddedEntry& b);

using LedgerEntry = std::variant<OpenedEntry, AddedEntry, AllocatedEntry, CompletedEntry, CleanedEntry,
                                 SpanEntry, PostponedEntry, SnapshotEntry, AliveEntry, ClosedEntry>;

void appendEntry(const LedgerEntry& entry, std::string& to);
// All entries of a chunk, from its first byte to its last. kCheckpointUnreadable says at which byte it goes
// wrong: other bytes than were written, or a kind of entry that a later version writes.
Result<std::vector<LedgerEntry>> readEntries(std::string_view bytes);

}  // namespace tidemill::stream

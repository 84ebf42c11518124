// stream/checkpoint/ledger.h: writes the block log and the metadata checkpoints of a checkpoint directory.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consume/wake_up.h"
#include "rt/env.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "stream/checkpoint/checkpoint_store.h"
#include "stream/checkpoint/ledger_entry.h"
#include "stream/checkpoint/ledger_state.h"
#include "stream/checkpoint/metadata_codec.h"

namespace tidemill::stream {

struct LedgerOptions {
  // Who this process is, and which one had its name before and is certain to have ended; that may be empty.
  std::string worker;
  std::string incarnation;
  std::string previousIncarnation;
  // What the program consists of.
  std::vector<LedgerInput> inputs;
  ProgramShape program;
  // How often something is written at least, where the store has no lock. Whoever finds another writer's
  // directory waits twice as long for a sign of life. Range: 100 ms to 60 s.
  rt::Duration heartbeat = std::chrono::seconds(5);
  // Least time between two metadata checkpoints. Range: >= 100 ms. Larger writes less, and more of the log is
  // read at a restart.
  rt::Duration metadataEvery = std::chrono::seconds(10);
  // Newest metadata checkpoints that are kept. Range: >= 1. (Spark: 10)
  std::size_t metadataKept = 10;
  // A directory that cannot be read is begun anew, behind what lies there.
  bool createOnError = false;
  // Entries of one commit. Range: >= 1.
  std::size_t chunkBytesMax = std::size_t{8} << 20;
};

// Told on the control lane.
class LedgerHost {
 public:
  virtual ~LedgerHost() = default;
  // Everything up to the ticket has survived.
  virtual void onCommitted(std::uint64_t ticket) = 0;
  // kFenced: another process writes this directory. Nothing is committed any more.
  virtual void onLedgerFailed(const Error& error) = 0;
};

// What a directory held when it was opened.
struct LedgerFound {
  // For the inputs of this program.
  LedgerState state;
  LedgerWriter before;
  // Of the program that wrote it; none in a new directory.
  std::optional<ProgramShape> program;
  // What of the metadata could not be read, and what stood in for it; empty: nothing.
  std::string unreadable;
};

// Lives on the control lane. Order: open(), then append() and committed(), then close(). Entries that are
// appended while one group is on its way make up the next one. While the store is out of order nothing is
// committed and everything waits: what does not wait is bounded by whoever appends. Destroying it abandons
// what is on its way.
class Ledger {
 public:
  // References outlive this object.
  Ledger(const rt::Env& env, std::unique_ptr<CheckpointStore> store, LedgerOptions options, LedgerHost& host);
  ~Ledger();

  // Reads what is there and claims the directory. kFenced: another process is writing it. kForeignDirectory:
  // something else lies there. kCheckpointUnreadable: what lies there is damaged beyond what older metadata
  // and the log can stand in for. Else the store's errors.
  rt::Task<Result<LedgerFound>> open();

  // Its ticket is the greater the later it came.
  std::uint64_t append(LedgerEntry entry);
  // Returns when everything up to the ticket has survived; the error is what onLedgerFailed() was told.
  rt::Task<Result<void>> committed(std::uint64_t ticket);
  std::uint64_t committedTicket() const { return committed_; }

  // Stores the partitions of an operator's state, and appends the snapshot's entry: the ticket of that. Then
  // the one before is removed. Retries as commits do.
  rt::Task<Result<std::uint64_t>> putSnapshot(SnapshotEntry snapshot, std::vector<std::string> partitions);
  // The partitions of a snapshot that was found. kCheckpointUnreadable: one is missing or damaged.
  rt::Task<Result<std::vector<std::string>>> readSnapshot(SnapshotEntry snapshot);

  // Commits what was appended, and that this writer has ended; writes the last metadata checkpoint.
  rt::Task<Result<void>> close();

  // As committed.
  const LedgerState& state() const { return state_; }
  std::uint64_t epoch() const { return epoch_; }
  const std::string& url() const { return store_->url(); }

 private:
  struct Pending {
    LedgerEntry entry;
    std::string bytes;
  };
  // ledger_open.cc
  rt::Task<Result<void>> checkFormat();
  // Of what a list has named. A place that fails is asked again a few times, of which each open() has some,
  // before that counts as damage.
  rt::Task<Result<std::string>> readListed(std::string name);
  rt::Task<Result<std::optional<Metadata>>> readMetadata();
  void noteUnreadable(const std::optional<Error>& damage, const std::string& fallback);
  rt::Task<Result<void>> replay();
  rt::Task<Result<void>> applyChunk(std::uint64_t number);
  rt::Task<Result<void>> beginAnew(Error damage);
  rt::Task<Result<void>> watchWriter();
  rt::Task<Result<void>> claim();
  rt::Task<void> removeOrphans();
  bool writerHasEnded() const;
  Error fencedBy(const LedgerWriter& writer) const;

  rt::Task<void> commitLoop();
  rt::Task<Result<void>> commitGroup();
  // Tries until the value is there, or is certain not to be ours.
  rt::Task<Result<void>> putUntilDone(std::string name, std::string bytes);
  rt::Task<Result<bool>> isOurs(std::string name, const std::string& bytes);
  rt::Task<Error> whoTook(std::uint64_t number);
  // Whether the directory has gone on beyond this chunk, which nobody but us has written now: others that had
  // its number were removed.
  rt::Task<Result<bool>> isOutrun(std::uint64_t number);
  rt::Task<Error> whoOutran(std::uint64_t number);
  rt::Task<Result<void>> checkOutrun();
  void commitDone(std::size_t entries);
  void giveUp(const Error& error);
  void wakeAll();
  void writeMetadataIfDue();
  rt::Task<void> writeMetadata(std::uint64_t number, std::string bytes);
  rt::Task<void> prune();
  rt::Task<void> removeSnapshot(SnapshotEntry snapshot);
  void noteOutage(const Error& error);
  void noteRecovery();

  const rt::Env& env_;
  const std::unique_ptr<CheckpointStore> store_;
  const LedgerOptions options_;
  LedgerHost& host_;

  LedgerState state_;
  std::optional<ProgramShape> foundProgram_;
  std::string unreadable_;
  int readsAgain_ = 0;
  std::uint64_t epoch_ = 0;
  // Of the next chunk.
  std::uint64_t next_ = 1;
  // Of the newest metadata checkpoint.
  std::uint64_t metadataAt_ = 0;
  rt::TimePoint metadataDue_{};
  rt::TimePoint wroteAt_{};
  // When the last chunk that has survived was sent first.
  rt::TimePoint sentAt_{};
  std::vector<std::uint64_t> metadataNumbers_;

  std::deque<Pending> queue_;
  std::uint64_t appended_ = 0;
  std::uint64_t committed_ = 0;
  std::optional<Error> failure_;
  bool closed_ = false;
  bool outage_ = false;
  rt::TimePoint outageSince_{};
  std::list<consume::WakeUp*> waiting_;
  consume::WakeUp work_;
  rt::TaskGroup committer_;
  // Beside the commits: metadata, and removals.
  rt::TaskGroup metadata_;
  rt::TaskGroup removals_;
};

}  // namespace tidemill::stream

// sim/workloads/log_view.h: what the block log of a checkpoint directory says, for whoever watches its
// writers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stream/checkpoint/ledger_entry.h"
#include "tidemill/time.h"

namespace tidemill::sim {

// Reads the log chunk by chunk, as they appear. It remembers what was removed since.
class LogView {
 public:
  // The value of a name; nothing: there is no such name.
  using Read = std::function<std::optional<std::string>(const std::string& name)>;
  // The names of the log, sorted, without their folder.
  using List = std::function<std::set<std::string>()>;

  LogView(Read read, List list) : read_(std::move(read)), list_(std::move(list)) {}

  // A process is about to open the directory: what a power cut has taken was never there.
  void begin();
  // Reads what has come since.
  void refresh();

  bool isAllocated(Time batch) const;
  bool isCompleted(Time batch) const;
  // Shards whose records a batch had, until the log said that reading them has ended or begins anew while the
  // batch was not completed: who comes later does not find them in it.
  const std::map<Time, std::set<std::string>>& dropped() const { return dropped_; }
  // Shards of which the log has said since the last call that their lease was lost.
  std::vector<std::string> takeEnded();
  // Up to this batch the state is not computed again.
  Time snapshot() const { return snapshot_; }
  // "" or what must not be: a chunk of a writer that had lost the directory by then.
  const std::string& disorder() const { return disorder_; }

 private:
  void note(const stream::LedgerEntry& entry);

  struct Chunk {
    std::uint64_t epoch = 0;
    std::set<Time> allocated;
    std::set<Time> completed;
  };

  const Read read_;
  const List list_;
  std::map<std::uint64_t, Chunk> chunks_;
  std::map<Time, std::set<std::string>> dropped_;
  // Allocated and not completed.
  std::set<Time> open_;
  std::vector<std::string> ended_;
  Time snapshot_ = Time::min();
  // Lease checkpoints follow the store.
  bool owed_ = false;
  std::uint64_t next_ = 1;
  std::string disorder_;
};

}  // namespace tidemill::sim

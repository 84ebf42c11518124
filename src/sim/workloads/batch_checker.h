// sim/workloads/batch_checker.h: watches the batches that the processes of one checkpoint directory run.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/checker.h"
#include "sim/workloads/log_view.h"
#include "sim/workloads/plain_job.h"

namespace tidemill::sim {

// Knows what each batch delivered, whatever process ran it. Invariants: I3, a batch runs when its blocks are
// logged, and before it is logged as completed; I6, who has lost the directory writes nothing into it; I10,
// windows and state are those of a plain evaluation of all batches, across restarts, and what a completed
// batch has delivered no other one delivers again.
//
// The last holds as long as the shard is read on: a lease that was lost may have been somebody else's
// meanwhile, so that reading begins again at the lease checkpoint. A process that has lost the directory and
// does not know it yet may end the batch that it is running; its batches are left out.
class BatchChecker final : public Checker {
 public:
  // `log` (null: there is no directory, and one process is all that this watches) outlives this.
  BatchChecker(World& world, JobShape job, LogView* log)
      : Checker(world), job_(job), log_(log), plain_(job.timeout), folded_(job.timeout) {}

  // What is logged as completed may be delivered again, by processes that have other directories.
  void setMayRepeat() { mayRepeat_ = true; }
  // Lease checkpoints follow the store: of a lease that is lost everything is delivered that was stored,
  // while whoever has it next reads on from the lease checkpoint, which may lie before that.
  void setAfterStored() { afterStored_ = true; }

  // That process has the directory from now on.
  void onClaimed(std::uint64_t life);
  bool isWriter(std::uint64_t life) const { return writer_ == life; }

  // The batch got all that was stored.
  void onSubmitted(Time time, std::int64_t records);
  // In the order of a job; false: the process has lost the directory.
  bool onBatch(std::uint64_t life, Time time, const std::vector<Delivered>& records);
  void onWindow(std::uint64_t life, Time time, const std::vector<Delivered>& records);
  void onWindow(std::uint64_t life, Time time, const WordCounts& words);
  void onState(std::uint64_t life, Time time, const WordCounts& words);

  void onCompleted(std::uint64_t life, Time time);
  // Reading of the shard may begin anew.
  void onShardLost(const std::string& shardId);
  // Of the log.
  void look();

  // Windows and states that were compared, and those of them that look back at batches of an earlier process.
  std::uint64_t windows() const { return windows_; }
  std::uint64_t states() const { return states_; }
  std::uint64_t across() const { return across_; }

 private:
  static void dropShards(PlainJob& job, Time time, const std::set<std::string>& shards);
  // Whether whoever has the lease next may deliver what that batch has of the shard.
  bool isReadAgain(const std::string& shardId, Time time) const;
  void checkLog(Time time, bool empty);
  void checkRepeats(Time time, const std::vector<Delivered>& records);
  void noteAcross(std::uint64_t life, Time from, Time to);
  void expectSame(const char* what, Time time, const WordCounts& expected, const WordCounts& given);

  const JobShape job_;
  LogView* const log_;
  bool mayRepeat_ = false;
  bool afterStored_ = false;
  std::uint64_t writer_ = 0;
  // What windows look back at, and what went into the state.
  PlainJob plain_;
  PlainJob folded_;
  // Which process ran a batch last.
  std::map<Time, std::uint64_t> ranBy_;
  // The batch that ran last, and the shards that were lost since.
  Time ranLast_ = Time::min();
  std::set<std::string> lostSince_;
  // Of shards that were lost: the last batch that has what was stored by then; Time::max(): it is to come.
  std::map<std::string, Time> storedUpTo_;
  Time submittedLast_ = Time::min();
  // Shard, place, and the completed batch that delivered it.
  std::map<std::string, std::map<std::string, Time>> completed_;
  std::uint64_t windows_ = 0;
  std::uint64_t states_ = 0;
  std::uint64_t across_ = 0;
};

}  // namespace tidemill::sim

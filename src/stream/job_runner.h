// stream/job_runner.h: runs the output operations of one batch on a job thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "rt/env.h"
#include "rt/task.h"
#include "stream/batch.h"
#include "stream/batch_history.h"
#include "stream/graph.h"
#include "stream/handler_outcomes.h"
#include "tidemill/batch_info.h"
#include "tidemill/partition_space.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// What an output operation is told of the batch.
BatchInfo infoOf(const Batch& batch, int attempt);

// Throws Error(kLimitExceeded): what is written and cannot be read again would be no snapshot.
void checkSnapshotSize(const std::string& uid, std::size_t bytes);

// What an operator has kept after a batch.
struct StateSnapshot {
  std::string uid;
  Time time{};
  std::string typeTag;
  std::vector<std::string> partitions;
};

// One try of one batch. It owns what it uses: the batch may be abandoned while user code still runs.
struct OutputRun {
  std::shared_ptr<const Graph> graph;
  std::shared_ptr<const Batch> batch;
  std::shared_ptr<const Views> views;
  // Batches before this one, oldest first.
  std::vector<RememberedBatch> history;
  Duration interval;
  // Held until the last output has ended.
  std::shared_ptr<rt::FileLock> stateLock;
  int attempt;
  // Tries of one task.
  int taskAttemptsMax;
  // Made for this try.
  std::shared_ptr<HandlerOutcomes> outcomes;
  // Uids of operators whose state is wanted when all has succeeded, and where it goes.
  std::set<std::string> snapshotsOf = {};
  std::shared_ptr<std::vector<StateSnapshot>> snapshots = nullptr;
  // Where persisted RDDs are kept.
  std::shared_ptr<detail::PartitionSpace> partitions = nullptr;
};

// Runs the outputs one after the other, in the order in which they were defined, and then computes what later
// batches look back at; the first that throws ends the attempt with kUserCodeFailed, naming the output, or
// with kDamagedBlock.
rt::Task<Result<void>> runOutputs(const rt::Env& env, OutputRun run);

// Whether the calling thread is just now running an output of this graph.
bool runsHere(const Graph& graph);

// What operators have kept when no batch follows any more.
struct LastStates {
  std::shared_ptr<const Graph> graph;
  // The last batch, and the interval of batches.
  Time time{};
  Duration interval{};
  // By uid, what is stored: only newer ones are taken.
  std::map<std::string, Time> stored;
  std::shared_ptr<detail::PartitionSpace> partitions;
  std::shared_ptr<std::vector<StateSnapshot>> taken;
};

// On the job thread. Errors: what the codecs of their types say.
rt::Task<Result<void>> takeLastStates(const rt::Env& env, LastStates work);

}  // namespace tidemill::stream

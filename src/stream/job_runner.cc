#include "stream/job_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "stream/checkpoint/checkpoint_store.h"
#include "stream/receiver_intake.h"
#include "stream/task_retry.h"

namespace tidemill::stream {
namespace {

std::shared_ptr<const detail::InputBatch> inputBatchOf(const Graph& graph, const Views& views,
                                                       HandlerOutcomes& outcomes) {
  auto batch = std::make_shared<detail::InputBatch>();
  for (std::size_t input = 0; input < views.size(); ++input) {
    batch->blocks.emplace_back(views[input].begin(), views[input].end());
    batch->handlerFailures.push_back(outcomes.add(graph.inputs[input], views[input].size()));
  }
  return batch;
}

detail::BatchContext contextOf(const OutputRun& run) {
  detail::BatchContext context;
  context.info = infoOf(*run.batch, run.attempt);
  context.tasks = run.graph->run.get();
  context.interval = run.interval;
  for (const RememberedBatch& before : run.history) {
    // What its handlers threw was told when it was the present batch.
    HandlerOutcomes told(std::numeric_limits<std::int64_t>::max());
    context.batches.emplace(before.whole->time, inputBatchOf(*run.graph, *before.views, told));
  }
  context.batches.emplace(run.batch->time, inputBatchOf(*run.graph, *run.views, *run.outcomes));
  return context;
}

// allow(determinism): an output runs to its end before anything else runs on its thread.
thread_local const Graph* runningHere = nullptr;

// Streams find the batch and its workers for as long as this exists.
class Worked {
 public:
  Worked(const Graph& graph, detail::BatchContext& batch, TaskRunner& tasks) : graph_(graph), batch_(batch) {
    graph_.run->begin(batch_, tasks);
    runningHere = &graph_;
  }
  ~Worked() {
    runningHere = nullptr;
    graph_.endTry(batch_.info.time);
    graph_.run->end();
  }
  Worked(const Worked&) = delete;
  Worked& operator=(const Worked&) = delete;

 private:
  const Graph& graph_;
  detail::BatchContext& batch_;
};

// Runs `body`, which is the user's; what it throws is a failure of `name`.
template <class Body>
Result<void> guarded(const std::string& name, const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return fail(error.within(name));
  } catch (...) {
    return fail(Code::kUserCodeFailed, fmt::format("{}: {}", name, describeCurrentException()),
                "mend the output operation; the batch is tried again with the same records");
  }
  return {};
}

// Nothing where it has no state of that time.
std::optional<StateSnapshot> snapshotOf(detail::StatefulStream& stream, Time time) {
  const std::string& uid = stream.node().uid();
  auto partitions = stream.snapshot(time);
  if (!partitions || partitions->empty()) return std::nullopt;
  for (const std::string& bytes : *partitions) checkSnapshotSize(uid, bytes.size());
  return StateSnapshot{uid, time, stream.typeTag(), std::move(*partitions)};
}

void takeSnapshots(const OutputRun& run) {
  if (run.snapshotsOf.empty()) return;
  run.snapshots->clear();
  for (detail::StatefulStream* stream : run.graph->stateful()) {
    if (!run.snapshotsOf.contains(stream->node().uid())) continue;
    auto snapshot = snapshotOf(*stream, run.batch->time);
    if (snapshot) run.snapshots->push_back(std::move(*snapshot));
  }
}

void takeLast(const LastStates& work) {
  for (detail::StatefulStream* stream : work.graph->stateful()) {
    const detail::StreamNodeBase& node = stream->node();
    const auto stored = work.stored.find(node.uid());
    Time after = work.time - node.snapshotInterval();
    if (stored != work.stored.end()) after = std::max(after, stored->second);
    // Its batches may be rarer than those of the graph.
    std::optional<StateSnapshot> snapshot;
    for (Time time = work.time; time > after && !snapshot; time -= work.interval)
      snapshot = snapshotOf(*stream, time);
    if (snapshot) work.taken->push_back(std::move(*snapshot));
  }
}

Result<void> runOn(const OutputRun& run, TaskRunner& tasks) {
  std::vector<Time> renewed;
  for (const RememberedBatch& before : run.history) {
    if (before.renewed) renewed.push_back(before.whole->time);
  }
  run.graph->beginTry(run.batch->time, renewed);
  detail::BatchContext context = contextOf(run);
  const Worked worked(*run.graph, context, tasks);
  for (std::size_t i = 0; i < run.graph->outputs.size(); ++i) {
    const OutputOperation& output = run.graph->outputs[i];
    auto done = guarded(fmt::format("output {} ({})", i, output.name), [&] { output.body(context); });
    if (!done) return done;
  }
  return guarded("what later batches look back at", [&] {
    run.graph->settle(context);
    takeSnapshots(run);
  });
}

}  // namespace

void checkSnapshotSize(const std::string& uid, std::size_t bytes) {
  // With the frame around it.
  constexpr std::size_t kMost = kCheckpointValueBytesMax - 1024;
  if (bytes <= kMost) return;
  throw Error(
      Code::kLimitExceeded,
      fmt::format("stream {}: a partition of its state has {} bytes, and a checkpoint directory takes "
                  "{} of one",
                  uid, bytes, kMost),
      "divide the state into more partitions (numPartitions), or let keys go");
}

BatchInfo infoOf(const Batch& batch, int attempt) {
  BatchInfo info;
  info.time = batch.time;
  info.records = batch.records();
  info.attempt = attempt;
  batch.timing.describe(info);
  std::set<FencingToken> tokens;
  for (const BlockInfoList& blocks : batch.inputs) {
    StreamInputInfo input{static_cast<int>(info.inputs.size()), 0};
    for (const auto& block : blocks) {
      input.records += block->recordCount();
      for (const block::SliceInfo& slice : block->slices) {
        // A receiver of the program counts anew in each process: its numbers tell a sink nothing.
        if (slice.token == kNoLease) continue;
        info.ranges.push_back(slice.range);
        tokens.insert({slice.range.streamName, slice.range.shardId, slice.token});
      }
    }
    info.inputs.push_back(input);
  }
  info.tokens.assign(tokens.begin(), tokens.end());
  return info;
}

bool runsHere(const Graph& graph) {
  return runningHere == &graph;
}

rt::Task<Result<void>> runOutputs(const rt::Env& env, OutputRun run) {
  auto work = [workers = &env.workers, run = std::move(run)]() -> Result<void> {
    RetryingTaskRunner tasks(*workers, run.taskAttemptsMax, run.partitions);
    auto done = runOn(run, tasks);
    run.outcomes->setLeftOut(tasks.elementsLeftOut());
    return done;
  };
  co_return co_await rt::runOn(env.jobs, env.loop, std::move(work));
}

rt::Task<Result<void>> takeLastStates(const rt::Env& env, LastStates work) {
  auto call = [workers = &env.workers, work = std::move(work)]() -> Result<void> {
    RetryingTaskRunner tasks(*workers, 1, work.partitions);
    detail::BatchContext context;
    context.info.time = work.time;
    context.tasks = work.graph->run.get();
    context.interval = work.interval;
    const Worked worked(*work.graph, context, tasks);
    return guarded("the last state", [&] { takeLast(work); });
  };
  co_return co_await rt::runOn(env.jobs, env.loop, std::move(call));
}

}  // namespace tidemill::stream

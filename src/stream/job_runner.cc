#include "stream/job_runner.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "stream/task_retry.h"

namespace tidemill::stream {
namespace {

detail::BatchContext contextOf(const OutputRun& run, TaskRunner& tasks) {
  detail::BatchContext context;
  context.info = infoOf(*run.batch, run.attempt);
  context.tasks = &tasks;
  for (const auto& views : run.views) {
    context.blocks.emplace_back(views.begin(), views.end());
    const KinesisSource& source = run.graph->inputs[context.handlerFailures.size()];
    context.handlerFailures.push_back(run.outcomes->add(source, views.size()));
  }
  return context;
}

Result<void> runOn(const OutputRun& run, TaskRunner& tasks) {
  detail::BatchContext context = contextOf(run, tasks);
  for (std::size_t i = 0; i < run.graph->outputs.size(); ++i) {
    const OutputOperation& output = run.graph->outputs[i];
    try {
      output.body(context);
    } catch (const Error& error) {
      return fail(error.within(fmt::format("output {} ({})", i, output.name)));
    } catch (...) {
      return fail(Code::kUserCodeFailed,
                  fmt::format("output {} ({}): {}", i, output.name, describeCurrentException()),
                  "mend the output operation; the batch is tried again with the same records");
    }
  }
  return {};
}

}  // namespace

BatchInfo infoOf(const Batch& batch, int attempt) {
  BatchInfo info;
  info.time = batch.time;
  info.records = batch.records();
  info.attempt = attempt;
  std::set<FencingToken> tokens;
  for (const BlockInfoList& blocks : batch.inputs) {
    for (const auto& block : blocks) {
      for (const block::SliceInfo& slice : block->slices) {
        info.ranges.push_back(slice.range);
        tokens.insert({slice.range.streamName, slice.range.shardId, slice.token});
      }
    }
  }
  info.tokens.assign(tokens.begin(), tokens.end());
  return info;
}

rt::Task<Result<void>> runOutputs(const rt::Env& env, OutputRun run) {
  auto work = [workers = &env.workers, run = std::move(run)]() -> Result<void> {
    RetryingTaskRunner tasks(*workers, run.taskAttemptsMax);
    return runOn(run, tasks);
  };
  co_return co_await rt::runOn(env.jobs, env.loop, std::move(work));
}

}  // namespace tidemill::stream

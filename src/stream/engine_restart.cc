// What an earlier process has left in the checkpoint directory comes back before the first batch.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/engine.h"
#include "stream/short_windows.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kShardsCheckEvery = 50ms;

// Batches of the time in which no process ran, at most: more of them are left out.
constexpr std::int64_t kDownTimeBatchesMax = 10'000;

// What is restored before the first batch, on the job thread.
struct RestoredState {
  detail::StatefulStream* stream = nullptr;
  Time time{};
  std::vector<std::string> partitions;
};

Result<void> restoreAll(const std::vector<RestoredState>& states) {
  try {
    for (const RestoredState& state : states) state.stream->restore(state.time, state.partitions);
  } catch (const Error& error) {
    return fail(error);
  } catch (const std::exception& error) {
    return fail(Code::kUserCodeFailed, fmt::format("state could not be restored: {}", error.what()),
                "see Codec<T> of the operator's types");
  }
  return {};
}

// `restored`: of each state, by its uid.
void tellOfShortWindows(const Graph& graph, const std::map<std::string, Time>& restored, Time first,
                        base::LogSink& log) {
  for (const ShortWindow& window : shortWindows(graph, restored, first)) {
    log.warning(
        "window_after_restart_short",
        {{"window", window.window},
         {"state", window.state},
         {"until", window.until.time_since_epoch().count()},
         {"reason",
          "of a state only the newest is kept: windows that end before that time lack those before"}});
  }
}

}  // namespace

// Batches that are run again wait a while for the leases of their shards, which a dead worker's take to
// expire.
rt::Task<Result<void>> Engine::restart() {
  if (ledger_ == nullptr) co_return Result<void>();
  const Duration failover = conf_.getDuration("tidemill.leases.failover");
  const rt::TimePoint patience = env_.loop.now() + failover + failover / 2;
  while (ledger_->awaitsShards() && env_.loop.now() < patience)
    co_await env_.loop.sleepFor(kShardsCheckEvery);
  awaitedUntil_ = env_.loop.now() + 5 * failover;

  RestartWork work = ledger_->takeRestart();
  if (work.lastAllocated) lastAllocated_ = multipleFrom(*work.lastAllocated, interval_);
  work.pending = atMultiplesOf(interval_, std::move(work.pending));
  if (!work.pending.empty())
    lastAllocated_ = std::max(lastAllocated_.value_or(Time::min()), work.pending.back().time);
  std::optional<Time> first;
  if (!work.pending.empty()) first = work.pending.front().time;
  if (!work.history.empty() && (!first || work.history.front().time < *first))
    first = work.history.front().time;
  if (first) sinceStart_ = *first - interval_;
  for (Batch& batch : work.pending) {
    for (std::size_t input = 0; input < batch.inputs.size(); ++input) {
      for (const auto& block : batch.inputs[input]) receivers_[input]->takesOver(*block);
    }
    again_.push_back(std::move(batch));
  }
  for (std::size_t input = 0; input < work.unallocated.size(); ++input)
    takeLeft(input, work.unallocated[input]);
  if (!graph_->resumes || !graph_->looksBack()) {
    forgetState();
    for (const Batch& batch : again_) restoreFiles(batch);
    co_return co_await storePositions();
  }
  std::vector<std::shared_ptr<const Batch>> past;
  for (Batch& batch : work.history) {
    auto whole = std::make_shared<const Batch>(std::move(batch));
    past.push_back(whole);
    history_.add({whole, whole});
  }
  auto restored = co_await restoreState();
  if (!restored) co_return std::move(restored);
  if (lastAllocated_) {
    const Time next = again_.empty() ? *lastAllocated_ + interval_ : again_.front().time;
    tellOfShortWindows(*graph_, snapshots_, next, env_.log);
  }
  // On top of what had been seen at the last snapshot.
  for (const auto& batch : past) restoreFiles(*batch);
  for (const Batch& batch : again_) restoreFiles(batch);
  co_return co_await storePositions();
}

// A batch without files had none, and gets none.
void Engine::restoreFiles(const Batch& batch) {
  if (env_.faults.planted("file-choices-forgotten")) return;
  for (const FileInput& input : graph_->files) {
    const auto found = batch.files.find(input.uid());
    input.choices->restore(batch.time,
                           found == batch.files.end() ? std::vector<std::string>() : found->second);
  }
}

// Where inputs begin is known before they are read: what they took in a first batch that is never completed
// would else count as old. Before the first batch nobody but this lane asks them.
rt::Task<Result<void>> Engine::storePositions() {
  const Duration sinceEpoch = env_.loop.wall().time_since_epoch();
  const Time before = lastAllocated_.value_or(Time(sinceEpoch - sinceEpoch % interval_));
  for (detail::StatefulStream* stream : graph_->stateful()) {
    const std::string& uid = stream->node().uid();
    if (!stream->isPosition() || snapshots_.contains(uid)) continue;
    auto partitions = stream->snapshot(before);
    if (!partitions) continue;
    SnapshotEntry entry{uid, before, 0, stream->typeTag(), 0};
    std::vector<std::string> bytes = std::move(*partitions);
    auto ticket = co_await ledger_->ledger().putSnapshot(std::move(entry), std::move(bytes));
    if (!ticket) co_return fail(ticket.error());
    const std::uint64_t number = *ticket;
    auto done = co_await ledger_->ledger().committed(number);
    if (!done) co_return std::move(done);
    snapshots_[uid] = before;
  }
  co_return Result<void>();
}

// Nothing of the earlier program's windows and state is used: the next one must not find it either.
void Engine::forgetState() {
  ledger_->cleanUpTo(Time::max());
  for (const auto& [uid, snapshot] : ledger_->ledger().state().snapshots())
    ledger_->ledger().append(SnapshotEntry{uid, snapshot.time, 0, {}, 0});
}

rt::Task<Result<void>> Engine::restoreState() {
  std::vector<RestoredState> states;
  const std::map<std::string, SnapshotEntry> snapshots = ledger_->ledger().state().snapshots();
  for (const auto& group : graph_->states) {
    detail::StatefulStream* const stream = group.get();
    const auto found = snapshots.find(stream->node().uid());
    if (found == snapshots.end() || found->second.type != stream->typeTag()) {
      // State begins anew, so that what it was made of must come again, be it with what is older.
      for (detail::StatefulStream* member : group->members()) {
        if (member->isPosition() && lastAllocated_) states.push_back({member, *lastAllocated_, {}});
      }
      continue;
    }
    auto partitions = co_await ledger_->ledger().readSnapshot(found->second);
    if (!partitions) {
      if (!graph_->createOnError || partitions.error().code() != Code::kCheckpointUnreadable)
        co_return fail(partitions.error());
      env_.log.warning("checkpoint_unreadable",
                       {{"directory", ledger_->ledger().url()},
                        {"reason", partitions.error().message()},
                        {"fallback", "nothing: the state of " + found->first + " begins anew"}});
      continue;
    }
    snapshots_[found->first] = found->second.time;
    states.push_back({stream, found->second.time, std::move(*partitions)});
  }
  if (states.empty()) co_return Result<void>();
  env_.log.info("state_restored", {{"directory", ledger_->ledger().url()}, {"operators", states.size()}});
  // The nodes live as long as the graph.
  auto work = [graph = graph_, states = std::move(states)] { return restoreAll(states); };
  co_return co_await rt::runOn(env_.jobs, env_.loop, std::move(work));
}

// What was pending, in order, and then the times at which no process ran: all that may see data through a
// window, and the last for the sake of state.
void Engine::pushRestart() {
  for (Batch& batch : again_) submit(std::move(batch));
  again_.clear();
  if (!lastAllocated_ || !graph_->resumes || !graph_->looksBack()) return;
  const Time next = times_->tick(ticks_).time;
  const Time lastWithData = *lastAllocated_ + graph_->rememberDuration();
  std::vector<Time> missed;
  for (Time time = *lastAllocated_ + interval_; time < next; time += interval_) {
    if (time <= lastWithData || time + interval_ >= next) missed.push_back(time);
    if (time > lastWithData) time = std::max(time, next - 2 * interval_);
  }
  const auto surplus = static_cast<std::int64_t>(missed.size()) - kDownTimeBatchesMax;
  if (surplus > 0) {
    env_.log.warning("down_time_batches_left_out",
                     {{"batches", surplus},
                      {"first", missed.front().time_since_epoch().count()},
                      {"reason",
                       "a restart makes up for 10,000 batches at most; what windows that end at these "
                       "times would have shown is never shown"}});
    missed.erase(missed.begin(), missed.begin() + surplus);
  }
  for (const Time time : missed) {
    Batch batch{time, std::vector<BlockInfoList>(graph_->inputs.size()), {}};
    restoreFiles(batch);
    ledger_->allocated(batch);
    submit(std::move(batch));
  }
  if (!missed.empty()) env_.log.info("down_time_batches", {{"batches", missed.size()}});
}

}  // namespace tidemill::stream

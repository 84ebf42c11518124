// What an engine does with a checkpoint directory.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/checkpoint/program_match.h"
#include "stream/checkpoint_after.h"
#include "stream/checkpoint_conf.h"
#include "stream/engine.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// The last word of a directory that a restart can do without.
constexpr rt::Duration kDirectoryPatience = 2s;

std::vector<LedgerInput> inputsOf(const Graph& graph) {
  std::vector<LedgerInput> inputs;
  for (std::size_t input = 0; input < graph.inputs.size(); ++input) {
    const KinesisSource& source = graph.inputs[input];
    LedgerInput named{BatchLedger::uidOf(input), {}, {}};
    if (source.readsFor > 0) {  // Else nothing is logged of it, and nothing that was logged is its.
      named.application = source.applicationName;
      named.stream = source.streamName;
    }
    inputs.push_back(std::move(named));
  }
  return inputs;
}

ProgramShape programOf(const Graph& graph, Duration interval) {
  ProgramShape program{interval, {}};
  for (const OperatorShape& shape : graph.shape())
    program.nodes.push_back(
        {shape.uid, shape.kind, shape.parents, shape.slide, shape.parameters, shape.typeTag});
  return program;
}

std::string listed(const std::vector<std::string>& uids) {
  return fmt::format("{}", fmt::join(uids, " "));
}

// Windows and state find a batch by its time.
Result<void> checkTimes(const std::map<Time, LedgerBatch>& batches, Duration interval,
                        const std::string& directory) {
  const bool between = std::any_of(batches.begin(), batches.end(), [&](const auto& entry) {
    return !entry.second.blocks.empty() && multipleFrom(entry.first, interval) != entry.first;
  });
  if (!between) return {};
  return fail(
      Code::kInvalidConfig,
      fmt::format("checkpoint directory {} holds batches that windows and state look back at, of times "
                  "that are no multiples of the batch interval of {} ms",
                  directory, interval.count()),
      "keep the batch interval, or one of which the earlier one is a multiple; or begin a new "
      "checkpoint directory with empty windows and state");
}

}  // namespace

rt::Task<Result<void>> Engine::openLedger() {
  const std::string url = conf_.getText("spark.streaming.checkpoint.directory");
  if (url.empty()) co_return Result<void>();
  auto store = seams_.checkpoints == nullptr ? checkpointStoreOf(env_, url, conf_, seams_.environment)
                                             : seams_.checkpoints(url);
  if (!store) co_return fail(store.error());
  LedgerOptions options;
  options.worker = conf_.getText("tidemill.worker.id");
  options.incarnation = life_.incarnation;
  options.previousIncarnation = life_.previousIncarnation;
  options.inputs = inputsOf(*graph_);
  options.program = programOf(*graph_, interval_);
  options.createOnError = graph_->createOnError;
  options.heartbeat = conf_.getDuration("tidemill.checkpoint.heartbeat");
  options.metadataEvery = conf_.getDuration("tidemill.checkpoint.interval");
  options.metadataKept = static_cast<std::size_t>(conf_.getInteger("tidemill.checkpoint.kept"));
  const bool afterStored = checkpointAfter(conf_) == CheckpointAfter::kStored;
  BatchLedgerHost& host = *this;
  ledger_ = std::make_unique<BatchLedger>(env_, std::move(*store), std::move(options), afterStored,
                                          graph_->looksBack(), host);
  auto opened = co_await ledger_->open();
  if (!opened) co_return std::move(opened);
  const std::string& unreadable = ledger_->found().unreadable;
  for (StreamingListener* listener : listeners_) {
    if (!unreadable.empty()) listener->onCheckpointUnreadable(unreadable);
  }
  co_return matchProgram();
}

Result<void> Engine::matchProgram() {
  const LedgerFound& found = ledger_->found();
  if (found.before.epoch == 0) return {};
  const std::string& directory = ledger_->ledger().url();
  if (!graph_->resumes) {
    env_.log.warning(
        "checkpoint_metadata_ignored",
        {{"directory", directory},
         {"reason",
          "the context was made anew: reading goes on from the lease table, windows and state begin empty"},
         {"hint", "StreamingContext::getOrCreate(directory, factory) resumes what the directory holds"}});
    return {};
  }
  if (graph_->looksBack()) {
    auto fit = checkTimes(found.state.batches(), interval_, directory);
    if (!fit) return fit;
  }
  if (!found.program) return {};  // That process ended before it wrote what it was.
  const ProgramShape now = programOf(*graph_, interval_);
  auto readable = checkState(*found.program, now, directory);
  if (!readable) return readable;
  const ProgramMatch match = matchPrograms(*found.program, now);
  if (!match.same()) {
    env_.log.warning("program_changed", {{"directory", directory},
                                         {"gone", listed(match.gone)},
                                         {"added", listed(match.added)},
                                         {"changed", listed(match.changed)},
                                         {"other_batch_interval", match.otherInterval ? 1 : 0}});
  }
  std::vector<std::string> positional;
  for (const OperatorShape& shape : graph_->shape()) {
    if (!shape.typeTag.empty() && !shape.uidGiven) positional.push_back(shape.uid);
  }
  if (!positional.empty()) {
    env_.log.warning(
        "state_without_uid",
        {{"operators", listed(positional)},
         {"reason", "their names go by position, and change when operators are added before them"},
         {"hint", "name them by uid()"}});
  }
  return {};
}

consume::ShardStart Engine::onShardStarted(std::size_t input, const std::string& streamName,
                                           const consume::ShardStart& start) {
  consume::ShardStart begin = start;
  if (ledger_ != nullptr) {
    const ShardBegin found = ledger_->shardBegins(input, start);
    if (found.readAfter != start.from) {
      begin.from = found.readAfter;
      begin.position.type = kinesis::IteratorPosition::Type::kAtSequenceNumber;
      begin.position.sequenceNumber = found.readAfter.sequenceNumber();
    }
    if (found.completed > start.from) receivers_[input]->completedUpTo(start, found.completed);
    takeLeft(input, found.late);
  }
  for (StreamingListener* listener : listeners_) {
    listener->onShardStarted(streamName, begin.shardId, begin.from.text(), begin.from.sequenceNumber());
  }
  return begin;
}

void Engine::onShardLost(std::size_t input, const consume::ShardStop& stop) {
  if (ledger_ != nullptr) ledger_->shardLost(input, stop.shardId, stop.token);
}

void Engine::onBlockLogged(std::size_t input, std::shared_ptr<const block::BlockInfo> block) {
  receivers_[input]->logged(std::move(block));
}

void Engine::onLedgerFailed(const Error& error) {
  events_.pushNow({Event::Kind::kFailed, error});
}

// In front of what was read meanwhile, which lies behind it.
void Engine::takeLeft(std::size_t input, const BlockInfoList& blocks) {
  for (const auto& block : blocks) receivers_[input]->takesOver(*block);
  plan_.addFirst(input, blocks);
}

std::set<std::string> Engine::snapshotsDue(Time time) const {
  std::set<std::string> due;
  if (ledger_ == nullptr || snapshotting_.running() > 0) return due;
  for (detail::StatefulStream* stream : graph_->stateful()) {
    const detail::StreamNodeBase& node = stream->node();
    const bool isDue =
        stream->isPosition() || time.time_since_epoch() % node.snapshotInterval() == Duration(0);
    if (isDue) due.insert(node.uid());
  }
  return due;
}

rt::Task<void> Engine::storeSnapshots(std::shared_ptr<std::vector<StateSnapshot>> taken) {
  for (StateSnapshot& one : *taken) {
    SnapshotEntry entry{one.uid, one.time, 0, one.typeTag, 0};
    std::vector<std::string> partitions = std::move(one.partitions);
    auto ticket = co_await ledger_->ledger().putSnapshot(std::move(entry), std::move(partitions));
    if (!ticket) co_return;  // The engine hears of it from the ledger.
    const std::uint64_t number = *ticket;
    auto done = co_await ledger_->ledger().committed(number);
    if (!done) co_return;
    snapshots_[one.uid] = one.time;
  }
}

// The group with the blocks and the batch has survived before anything is done with it.
rt::Task<Result<void>> Engine::logAllocated() {
  if (ledger_ == nullptr) co_return Result<void>();
  co_return co_await ledger_->committed();
}

rt::Task<Result<void>> Engine::logCompleted(std::shared_ptr<const Batch> whole,
                                            std::shared_ptr<const Batch> delivered) {
  if (ledger_ == nullptr) co_return Result<void>();
  co_return co_await ledger_->completed(std::move(whole), std::move(delivered));
}

// As a graceful stop leaves it, so that the next process reads nothing again to compute it. Whatever goes
// wrong with that: the log has what it is made of.
rt::Task<void> Engine::storeLastState() {
  if (ledger_ == nullptr || !lastCompleted_ || graph_->states.empty()) co_return;
  co_await snapshotting_.join(rt::Duration::max());
  auto taken = std::make_shared<std::vector<StateSnapshot>>();
  LastStates work{graph_, *lastCompleted_, interval_, snapshots_, partitions_, taken};
  auto done = co_await takeLastStates(env_, std::move(work));
  if (!done) {
    env_.log.warning("last_state_not_stored", {{"reason", done.error().message()}});
    co_return;
  }
  // The rest of the time is for the last commit.
  const rt::Duration patience = std::max(rt::Duration(0), (graceEnds_ - env_.loop.now()) / 2);
  snapshotting_.spawn(storeSnapshots(taken));
  co_await snapshotting_.join(patience);
  snapshotting_.cancel();
  cleanLedger(*lastCompleted_);
}

// After the batch was released: rides on a later commit.
void Engine::cleanLedger(Time completed) {
  lastCompleted_ = completed;
  if (ledger_ == nullptr) return;
  if (!sinceStart_) sinceStart_ = completed - interval_;
  ledger_->cleanUpTo(graph_->historyAfter(completed, snapshots_, *sinceStart_));
  if (takenSnapshots_ != nullptr && !takenSnapshots_->empty())
    snapshotting_.spawn(storeSnapshots(std::exchange(takenSnapshots_, nullptr)));
}

rt::Task<Result<void>> Engine::closeLedger() {
  if (ledger_ == nullptr) co_return Result<void>();
  co_await snapshotting_.join(rt::Duration::max());
  ledger_->giveUpAwaited();
  co_return co_await ledger_->close();
}

// Without grace: what was appended is tried for a moment.
rt::Task<void> Engine::abandonLedger() {
  if (ledger_ == nullptr) co_return;
  snapshotting_.cancel();
  rt::TaskGroup closing(env_.loop);
  closing.spawn(tryToCloseLedger());
  co_await closing.join(kDirectoryPatience);
  closing.cancel();  // It works on the ledger.
  ledger_.reset();
}

rt::Task<void> Engine::tryToCloseLedger() {
  auto closed = co_await ledger_->close();
  if (!closed && closed.error().code() != Code::kFenced)
    env_.log.warning("checkpoint_directory_not_closed", {{"reason", closed.error().message()}});
}

}  // namespace tidemill::stream

#include "stream/batch_ledger.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "stream/block_number.h"

namespace tidemill::stream {
namespace {

constexpr std::string_view kInputUid = "input-";

// What a stream of files reads in a batch is logged as a block of an input of this name and its uid: a slice
// for each file, whose path stands where others have a shard.
constexpr std::string_view kFilesUid = "files:";

std::shared_ptr<const block::BlockInfo> filesBlockOf(const std::string& uid, Time time,
                                                     const std::vector<std::string>& paths) {
  auto info = std::make_shared<block::BlockInfo>();
  info->id = std::to_string(time.time_since_epoch().count()) + "-" + uid;
  info->owedTo = kFilesUid;  // No lease says whether they are read.
  for (const std::string& path : paths) {
    block::SliceInfo slice;
    slice.range = {uid, path, "1", "1", 0};
    info->slices.push_back(std::move(slice));
  }
  return info;
}

// Streams of files are inputs as others are: what an earlier program logged of one is its successor's.
LedgerOptions withFiles(LedgerOptions options) {
  for (const NodeShape& node : options.program.nodes) {
    if (node.kind == "textFileStream")
      options.inputs.push_back({std::string(kFilesUid) + node.uid, "files", node.uid});
  }
  return options;
}

void takeFiles(const LedgerBlock& block, Batch& to) {
  if (!block.input.starts_with(kFilesUid)) return;
  std::vector<std::string>& paths = to.files[block.input.substr(kFilesUid.size())];
  for (const block::SliceInfo& slice : block.info->slices) paths.push_back(slice.range.shardId);
}

// Nothing: an input of an earlier program, which this one does not have.
std::optional<std::size_t> inputOf(const std::string& uid) {
  if (!uid.starts_with(kInputUid)) return std::nullopt;
  const auto number = base::parseInteger(std::string_view(uid).substr(kInputUid.size()));
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

std::shared_ptr<const block::BlockInfo> withSlices(const block::BlockInfo& block,
                                                   std::vector<block::SliceInfo> slices) {
  return std::make_shared<const block::BlockInfo>(
      block::BlockInfo{block.id, std::move(slices), {}, block.owedTo});
}

Batch emptyBatch(Time time, std::size_t inputs) {
  return Batch{time, std::vector<BlockInfoList>(inputs), {}};
}

// A part of a batch that was read under one lease.
using Read = std::pair<ShardKey, std::int64_t>;

std::set<Read> readsOf(const Batch& batch) {
  std::set<Read> reads;
  for (std::size_t input = 0; input < batch.inputs.size(); ++input) {
    for (const auto& info : batch.inputs[input]) {
      if (!info->owedTo.empty()) continue;
      for (const block::SliceInfo& slice : info->slices)
        reads.insert({{BatchLedger::uidOf(input), slice.range.shardId}, slice.token});
    }
  }
  return reads;
}

}  // namespace

std::string BatchLedger::uidOf(std::size_t input) {
  return std::string(kInputUid) + std::to_string(input);
}

BatchLedger::BatchLedger(const rt::Env& env, std::unique_ptr<CheckpointStore> store, LedgerOptions options,
                         bool afterStored, bool looksBack, BatchLedgerHost& host)
    : env_(env),
      afterStored_(afterStored),
      looksBack_(looksBack),
      host_(host),
      ledger_(env, std::move(store), withFiles(std::move(options)), *this) {}

rt::Task<Result<void>> BatchLedger::open() {
  auto found = co_await ledger_.open();
  if (!found) co_return fail(found.error());
  found_ = std::move(*found);
  awaited_ = found_.state.pendingShards();
  for (const auto& [time, batch] : found_.state.batches()) batches_[time] = batch.completed;
  noteFates();
  co_return Result<void>();
}

// Parts of one block may be in several batches, and in none.
void BatchLedger::noteFates() {
  for (const auto& [time, batch] : found_.state.batches()) {
    for (const LedgerBlock& block : batch.blocks) {
      BlockFate& fate = fates_.try_emplace(block.info->id, BlockFate::kDone).first->second;
      if (!batch.completed || looksBack_) fate = BlockFate::kNeeded;
    }
  }
  for (const LedgerBlock& block : found_.state.unallocated()) fates_[block.info->id] = BlockFate::kNeeded;
}

BlockFate BatchLedger::fateOf(const std::string& blockId) const {
  const auto found = fates_.find(blockId);
  return found == fates_.end() ? BlockFate::kUnknown : found->second;
}

bool BatchLedger::isLogged(std::size_t input, const block::SliceInfo& slice) const {
  if (env_.faults.planted("stored-not-compared")) return false;
  return found_.state.isLogged(uidOf(input), slice);
}

std::uint64_t BatchLedger::firstBlock() const {
  std::uint64_t most = 0;
  const auto note = [&most](const LedgerBlock& block) {
    // The name of a stream of files may end with a number of any size.
    if (block.info->owedTo != kFilesUid) most = std::max(most, blockNumberOf(block.info->id));
  };
  std::for_each(found_.state.unallocated().begin(), found_.state.unallocated().end(), note);
  for (const auto& [time, batch] : found_.state.batches())
    std::for_each(batch.blocks.begin(), batch.blocks.end(), note);
  return most + 1;
}

// The second time in a process nothing is known of what another owner has done meanwhile; blocks of the lease
// before are not delivered, and the lease checkpoint says where reading goes on.
ShardBegin BatchLedger::shardBegins(std::size_t input, const consume::ShardStart& start) {
  const ShardKey key{uidOf(input), start.shardId};
  const bool first = tokens_.insert_or_assign(key, start.token).second;
  ShardResume resume{{key.input, key.shard, SpanEntry::Kind::kAnew, start.from}, start.from, start.from};
  if (first) resume = resumeOf(found_.state, key, start.from, afterStored_);
  found_.state.apply(resume.entry);
  append(resume.entry);
  ShardBegin begin{resume.readAfter, resume.completed, {}};
  if (env_.faults.planted("span-not-kept")) begin.readAfter = start.from;
  if (awaited_.erase(key) == 0 || !restarted_) return begin;

  const bool keep = resume.entry.kind == SpanEntry::Kind::kGoesOn;
  std::vector<LedgerBlock> others;
  for (const LedgerBlock& block : late_) {
    std::vector<block::SliceInfo> ours;
    std::vector<block::SliceInfo> rest;
    for (const block::SliceInfo& slice : block.info->slices) {
      const bool isOurs = block.input == key.input && slice.range.shardId == key.shard;
      if (!isOurs) rest.push_back(slice);
      if (isOurs && keep && lastOf(slice) > start.from) ours.push_back(slice);
    }
    for (block::SliceInfo& slice : ours) slice.token = start.token;
    if (!ours.empty()) begin.late.push_back(withSlices(*block.info, std::move(ours)));
    if (!rest.empty()) others.push_back({block.input, withSlices(*block.info, std::move(rest))});
  }
  late_ = std::move(others);
  return begin;
}

void BatchLedger::shardLost(std::size_t input, const std::string& shardId, std::int64_t token) {
  const ShardKey key{uidOf(input), shardId};
  const auto held = tokens_.find(key);
  if (held == tokens_.end() || held->second != token) return;
  // From now on its blocks are not logged; a token is never 0.
  held->second = 0;
  append(SpanEntry{key.input, key.shard, SpanEntry::Kind::kEnded, {}});
}

std::shared_ptr<const block::BlockInfo> BatchLedger::deliverable(const LedgerBlock& block) const {
  if (!block.info->owedTo.empty()) return withSlices(*block.info, block.info->slices);
  std::vector<block::SliceInfo> slices;
  for (block::SliceInfo slice : block.info->slices) {
    const auto held = tokens_.find({block.input, slice.range.shardId});
    if (held == tokens_.end() || held->second == 0) continue;
    slice.token = held->second;
    slices.push_back(std::move(slice));
  }
  return slices.empty() ? nullptr : withSlices(*block.info, std::move(slices));
}

RestartWork BatchLedger::takeRestart() {
  restarted_ = true;
  fates_.clear();
  const auto& known = found_.state.inputs();
  const auto inputs = static_cast<std::size_t>(std::count_if(
      known.begin(), known.end(), [](const auto& one) { return inputOf(one.first).has_value(); }));
  RestartWork work;
  work.lastAllocated = found_.state.lastAllocated();
  work.unallocated.resize(inputs);
  // The part of a batch whose lease is not there goes into a later one.
  for (const auto& [time, batch] : std::map(found_.state.batches())) {
    if (batch.completed) continue;
    for (const ShardKey& key : awaited_) {
      const PostponedEntry postponed{time, key.input, key.shard};
      found_.state.apply(postponed);
      append(postponed);
    }
  }
  for (const auto& [time, batch] : found_.state.batches()) {
    Batch part = emptyBatch(time, inputs);
    for (const LedgerBlock& block : batch.blocks) {
      takeFiles(block, part);
      const auto input = inputOf(block.input);
      if (!input || *input >= inputs) continue;
      auto info = batch.completed ? withSlices(*block.info, block.info->slices) : deliverable(block);
      if (info != nullptr) part.inputs[*input].push_back(std::move(info));
    }
    (batch.completed ? work.history : work.pending).push_back(std::move(part));
  }
  for (const LedgerBlock& block : found_.state.unallocated()) {
    const auto input = inputOf(block.input);
    if (!input || *input >= inputs) continue;
    auto info = deliverable(block);
    if (info != nullptr) work.unallocated[*input].push_back(std::move(info));
    std::vector<block::SliceInfo> waiting;
    for (const block::SliceInfo& slice : block.info->slices) {
      if (awaited_.contains({block.input, slice.range.shardId})) waiting.push_back(slice);
    }
    if (block.info->owedTo.empty() && !waiting.empty())
      late_.push_back({block.input, withSlices(*block.info, std::move(waiting))});
  }
  if (awaited_.empty()) found_.state.dropBlocks();
  return work;
}

void BatchLedger::giveUpAwaited() {
  for (const ShardKey& key : awaited_) {
    const SpanEntry ended{key.input, key.shard, SpanEntry::Kind::kEnded, {}};
    // A lease that comes all the same begins at its checkpoint: what was pending is not completed.
    found_.state.apply(ended);
    append(ended);
  }
  awaited_.clear();
  late_.clear();
  found_.state.dropBlocks();
}

void BatchLedger::added(std::size_t input, const std::shared_ptr<const block::BlockInfo>& block) {
  const std::string uid = uidOf(input);
  std::vector<block::SliceInfo> slices;
  for (const block::SliceInfo& slice : block->slices) {
    const auto held = tokens_.find({uid, slice.range.shardId});
    const bool ours = held != tokens_.end() && held->second == slice.token;
    if (ours || !block->owedTo.empty()) slices.push_back(slice);
  }
  // Ends are met again: reading goes on behind what was logged.
  if (!slices.empty()) append(AddedEntry{uid, withSlices(*block, std::move(slices))});
  if (last_ <= ledger_.committedTicket()) {
    host_.onBlockLogged(input, block);
  } else {
    logged_.push_back({last_, input, block});
  }
}

void BatchLedger::onCommitted(std::uint64_t ticket) {
  while (!logged_.empty() && logged_.front().ticket <= ticket) {
    const Logged logged = std::move(logged_.front());
    logged_.pop_front();
    host_.onBlockLogged(logged.input, logged.block);
  }
}

// An empty batch that nobody looks back at leaves no trace.
bool BatchLedger::isLogged(const Batch& batch) const {
  return looksBack_ || batch.records() > 0;
}

void BatchLedger::allocated(const Batch& batch) {
  if (!isLogged(batch)) return;
  std::vector<std::string> ids = batch.blockIds();
  for (const auto& [uid, paths] : batch.files) {
    auto files = filesBlockOf(uid, batch.time, paths);
    ids.push_back(files->id);
    append(AddedEntry{std::string(kFilesUid) + uid, std::move(files)});
  }
  append(AllocatedEntry{batch.time, std::move(ids)});
  batches_[batch.time] = false;
  postponeAwaited(batch.time);
}

// A block whose other part was allocated is known by one id.
void BatchLedger::postponeAwaited(Time time) {
  for (const ShardKey& key : awaited_) append(PostponedEntry{time, key.input, key.shard});
}

rt::Task<Result<void>> BatchLedger::committed() {
  if (env_.faults.planted("log-after-job")) co_return Result<void>();
  const std::uint64_t ticket = last_;
  co_return co_await ledger_.committed(ticket);
}

rt::Task<Result<void>> BatchLedger::completed(std::shared_ptr<const Batch> whole,
                                              std::shared_ptr<const Batch> delivered) {
  std::vector<Time> times = whole->logged;
  if (times.empty()) times.push_back(whole->time);
  std::erase_if(times, [this](Time time) { return !batches_.contains(time); });
  if (times.empty()) co_return Result<void>();
  const std::set<Read> done = readsOf(*delivered);
  for (const Read& read : readsOf(*whole)) {
    // The lease was lost, and the batch says so before anybody else does.
    const auto input = inputOf(read.first.input);
    if (!done.contains(read) && input) shardLost(*input, read.first.shard, read.second);
  }
  for (const Time time : times) {
    batches_[time] = true;
    append(CompletedEntry{time});
  }
  const std::uint64_t ticket = last_;
  co_return co_await ledger_.committed(ticket);
}

void BatchLedger::cleanUpTo(Time time) {
  for (auto batch = batches_.begin(); batch != batches_.end() && batch->first <= time;) {
    if (!batch->second) {
      ++batch;
      continue;
    }
    append(CleanedEntry{batch->first});
    batch = batches_.erase(batch);
  }
}

}  // namespace tidemill::stream

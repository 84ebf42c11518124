#include "sim/workloads/log_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"

namespace tidemill::sim {

void LogView::begin() {
  const std::set<std::string> names = list_();
  const auto isGone = [&](const std::string& name) {
    // What lies before the first one was removed, and had been there.
    return !names.contains(name) && (names.empty() || name > *names.begin());
  };
  while (!chunks_.empty() && isGone(stream::numberName(chunks_.rbegin()->first))) {
    const Chunk& gone = chunks_.rbegin()->second;
    open_.insert(gone.completed.begin(), gone.completed.end());
    for (const Time batch : gone.allocated) open_.erase(batch);
    next_ = chunks_.rbegin()->first;
    chunks_.erase(next_);
  }
  refresh();
}

void LogView::refresh() {
  for (;;) {  // Bounded by the chunks that are there.
    const auto bytes = read_(stream::logName(next_));
    if (!bytes) {
      // Metadata may stand for what is missing.
      const std::set<std::string> names = list_();
      const auto later = names.upper_bound(stream::numberName(next_));
      if (later == names.end()) return;
      next_ = stream::parseNumberName(*later).value_or(next_ + 1);
      continue;
    }
    const auto read = stream::readChunk(next_, *bytes);
    if (!read) return;
    Chunk chunk{read->epoch, {}, {}};
    for (const stream::LedgerEntry& entry : read->entries) {
      if (const auto* allocated = std::get_if<stream::AllocatedEntry>(&entry))
        chunk.allocated.insert(allocated->time);
      if (const auto* completed = std::get_if<stream::CompletedEntry>(&entry))
        chunk.completed.insert(completed->time);
      note(entry);
    }
    if (!chunks_.empty() && chunks_.rbegin()->second.epoch > chunk.epoch) {
      disorder_ = fmt::format("chunk {} of the log is of epoch {}, the one before of epoch {}", next_,
                              chunk.epoch, chunks_.rbegin()->second.epoch);
    }
    chunks_.emplace(next_, std::move(chunk));
    ++next_;
  }
}

void LogView::note(const stream::LedgerEntry& entry) {
  if (const auto* allocated = std::get_if<stream::AllocatedEntry>(&entry)) open_.insert(allocated->time);
  if (const auto* completed = std::get_if<stream::CompletedEntry>(&entry)) open_.erase(completed->time);
  if (const auto* added = std::get_if<stream::AddedEntry>(&entry))
    owed_ = owed_ || !added->block->owedTo.empty();
  if (const auto* snapshot = std::get_if<stream::SnapshotEntry>(&entry)) snapshot_ = snapshot->time;
  const auto* span = std::get_if<stream::SpanEntry>(&entry);
  if (span != nullptr && span->kind == stream::SpanEntry::Kind::kEnded) ended_.push_back(span->shard);
  // What is owed stays, whoever reads on.
  if (owed_ || span == nullptr || span->kind == stream::SpanEntry::Kind::kGoesOn) return;
  for (const Time batch : open_) dropped_[batch].insert(span->shard);
}

std::vector<std::string> LogView::takeEnded() {
  return std::exchange(ended_, {});
}

bool LogView::isAllocated(Time batch) const {
  return std::any_of(chunks_.begin(), chunks_.end(),
                     [&](const auto& chunk) { return chunk.second.allocated.contains(batch); });
}

bool LogView::isCompleted(Time batch) const {
  return std::any_of(chunks_.begin(), chunks_.end(),
                     [&](const auto& chunk) { return chunk.second.completed.contains(batch); });
}

}  // namespace tidemill::sim

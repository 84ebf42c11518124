#include "sim/workloads/batch_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tidemill::sim {
namespace {

std::int64_t millisOf(Time time) {
  return time.time_since_epoch().count();
}

std::string textOf(const WordCounts& words) {
  std::string text;
  for (const auto& [word, count] : words) text += fmt::format(" {}={}", word, count);
  return text.empty() ? " nothing" : text;
}

}  // namespace

void BatchChecker::look() {
  if (log_ == nullptr) return;
  log_->refresh();
  for (const std::string& shard : log_->takeEnded()) onShardLost(shard);
  if (!log_->disorder().empty()) violation("I6", log_->disorder());
}

void BatchChecker::dropShards(PlainJob& job, Time time, const std::set<std::string>& shards) {
  const std::vector<Delivered>* records = job.batch(time);
  if (records == nullptr) return;
  std::vector<Delivered> rest;
  for (const Delivered& record : *records) {
    if (!shards.contains(record.shardId)) rest.push_back(record);
  }
  if (rest.size() != records->size()) job.setBatch(time, std::move(rest));
}

// The batch that was running when a lease was lost has delivered what it had of the shard; whoever has the
// lease next delivers that again, so that the log does not count it. A snapshot of the state does.
void BatchChecker::onClaimed(std::uint64_t life) {
  writer_ = life;
  look();
  if (log_ == nullptr) return;
  for (const auto& [time, shards] : log_->dropped()) {
    dropShards(plain_, time, shards);
    if (time > log_->snapshot()) dropShards(folded_, time, shards);
  }
}

bool BatchChecker::onBatch(std::uint64_t life, Time time, const std::vector<Delivered>& records) {
  look();
  if (!isWriter(life)) return false;
  checkLog(time, records.empty());
  checkRepeats(time, records);
  plain_.setBatch(time, records);
  folded_.setBatch(time, records);
  ranBy_[time] = life;
  ranLast_ = time;
  lostSince_.clear();
  return true;
}

void BatchChecker::checkLog(Time time, bool empty) {
  if (log_ == nullptr) return;
  // An empty batch that nobody looks back at leaves no trace.
  if (!log_->isAllocated(time) && (job_.looksBack() || !empty))
    violation("I3", fmt::format("batch {} ran before its blocks were logged", millisOf(time)));
  if (log_->isCompleted(time))
    violation("I3", fmt::format("batch {} ran after it was logged as completed", millisOf(time)));
}

void BatchChecker::checkRepeats(Time time, const std::vector<Delivered>& records) {
  if (log_ == nullptr || mayRepeat_) return;
  for (const Delivered& record : records) {
    const auto& shard = completed_[record.shardId];
    const auto before = shard.find(placeOf(record));
    if (before == shard.end()) continue;
    violation("I10", fmt::format("{} was delivered by batch {}, which is completed, and again by batch {}",
                                 placeOf(record), millisOf(before->second), millisOf(time)));
    return;
  }
}

void BatchChecker::onCompleted(std::uint64_t life, Time time) {
  look();
  const std::vector<Delivered>* records = plain_.batch(time);
  if (!isWriter(life) || records == nullptr) return;
  // Of a lease that was lost while the batch was worked on, before its outputs ran or since, somebody
  // delivers all again.
  std::set<std::string> lost;
  if (time == ranLast_) lost = lostSince_;
  if (log_ != nullptr && log_->dropped().contains(time)) {
    const std::set<std::string>& dropped = log_->dropped().at(time);
    lost.insert(dropped.begin(), dropped.end());
  }
  for (const Delivered& record : *records) {
    if (lost.contains(record.shardId) || isReadAgain(record.shardId, time)) continue;
    completed_[record.shardId].emplace(placeOf(record), time);
  }
}

void BatchChecker::onShardLost(const std::string& shardId) {
  completed_.erase(shardId);
  lostSince_.insert(shardId);
  if (afterStored_) storedUpTo_[shardId] = Time::max();
}

// Empty batches may be those of the time in which no process ran.
void BatchChecker::onSubmitted(Time time, std::int64_t records) {
  look();  // A chunk of the log may be gone before the batch runs.
  if (records == 0 || time <= submittedLast_) return;
  submittedLast_ = time;
  for (auto& [shard, upTo] : storedUpTo_) {
    if (upTo == Time::max()) upTo = time;
  }
}

bool BatchChecker::isReadAgain(const std::string& shardId, Time time) const {
  const auto found = storedUpTo_.find(shardId);
  return found != storedUpTo_.end() && time <= found->second;
}

void BatchChecker::noteAcross(std::uint64_t life, Time from, Time to) {
  for (auto batch = ranBy_.upper_bound(from); batch != ranBy_.end() && batch->first <= to; ++batch) {
    if (batch->second == life || plain_.batch(batch->first)->empty()) continue;
    ++across_;
    return;
  }
}

void BatchChecker::onWindow(std::uint64_t life, Time time, const std::vector<Delivered>& records) {
  if (!isWriter(life)) return;
  ++windows_;
  noteAcross(life, time - job_.length, time);
  std::vector<std::string> places;
  for (const Delivered& record : records) places.push_back(placeOf(record));
  std::sort(places.begin(), places.end());
  const std::vector<std::string> expected = plain_.placesOfWindow(time, job_.length);
  if (places == expected) return;
  std::vector<std::string> missing;
  std::vector<std::string> surplus;
  std::set_difference(expected.begin(), expected.end(), places.begin(), places.end(),
                      std::back_inserter(missing));
  std::set_difference(places.begin(), places.end(), expected.begin(), expected.end(),
                      std::back_inserter(surplus));
  violation(
      "I10",
      fmt::format("the window of batch {} has {} records, not {}; first missing: {}, too many: {}",
                  millisOf(time), places.size(), expected.size(), missing.empty() ? "none" : missing.front(),
                  surplus.empty() ? "none" : surplus.front()));
}

void BatchChecker::onWindow(std::uint64_t life, Time time, const WordCounts& words) {
  if (!isWriter(life)) return;
  ++windows_;
  noteAcross(life, time - job_.length, time);
  expectSame("the window", time, plain_.wordsOfWindow(time, job_.length), words);
}

void BatchChecker::onState(std::uint64_t life, Time time, const WordCounts& words) {
  if (!isWriter(life)) return;
  ++states_;
  noteAcross(life, Time::min(), time);
  expectSame("the state", time, folded_.totals(time), words);
}

void BatchChecker::expectSame(const char* what, Time time, const WordCounts& expected,
                              const WordCounts& given) {
  if (expected == given) return;
  violation("I10", fmt::format("{} of batch {} is{}, and should be{}", what, millisOf(time), textOf(given),
                               textOf(expected)));
}

}  // namespace tidemill::sim

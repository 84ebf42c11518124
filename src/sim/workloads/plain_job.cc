#include "sim/workloads/plain_job.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tidemill::sim {

std::vector<std::string> wordsOf(const std::string& line) {
  std::vector<std::string> words;
  for (const std::string_view word : base::split(line, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

std::string placeOf(const Delivered& record) {
  return record.shardId + "/" + record.sequenceNumber + "/" + std::to_string(record.part);
}

void PlainJob::setBatch(Time time, std::vector<Delivered> records) {
  batches_.insert_or_assign(time, std::move(records));
  if (time <= folded_.upTo) folded_ = {};
}

const std::vector<Delivered>* PlainJob::batch(Time time) const {
  const auto found = batches_.find(time);
  return found == batches_.end() ? nullptr : &found->second;
}

std::vector<std::string> PlainJob::placesOfWindow(Time end, Duration length) const {
  std::vector<std::string> places;
  for (auto batch = batches_.upper_bound(end - length); batch != batches_.end() && batch->first <= end;
       ++batch) {
    for (const Delivered& record : batch->second) places.push_back(placeOf(record));
  }
  std::sort(places.begin(), places.end());
  return places;
}

WordCounts PlainJob::wordsOfWindow(Time end, Duration length) const {
  WordCounts counts;
  for (auto batch = batches_.upper_bound(end - length); batch != batches_.end() && batch->first <= end;
       ++batch) {
    for (const Delivered& record : batch->second) {
      for (const std::string& word : wordsOf(record.text)) ++counts[word];
    }
  }
  return counts;
}

const WordCounts& PlainJob::totals(Time upTo) {
  if (upTo < folded_.upTo) folded_ = {};
  for (auto batch = batches_.upper_bound(folded_.upTo); batch != batches_.end() && batch->first <= upTo;
       ++batch) {
    fold(batch->first, batch->second);
  }
  return folded_.counts;
}

void PlainJob::fold(Time time, const std::vector<Delivered>& records) {
  folded_.upTo = time;
  for (const Delivered& record : records) {
    for (const std::string& word : wordsOf(record.text)) {
      ++folded_.counts[word];
      folded_.touched[word] = time;
    }
  }
  if (!timeout_) return;
  for (const auto& [word, last] : folded_.touched) {
    if (last < time - *timeout_) folded_.counts.erase(word);
  }
}

}  // namespace tidemill::sim

#include "stream/handler_outcomes.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <typeinfo>
#include <utility>

#include "base/text.h"
#include "consume/dead_letter_file.h"
#include "stream/task_retry.h"
#include "tidemill/error.h"

namespace tidemill::stream {
namespace {

// What the exception that is being handled is called: its text may quote the record, its type does not.
std::string exceptionType() {
  constexpr std::size_t kMost = 100;
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "something";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  const std::string name = status == 0 ? plain.get() : type->name();
  return name.substr(0, kMost);
}

std::string numberOf(const Record& record) {
  if (record.aggregation != Aggregation::kPart) return std::string(record.sequenceNumber);
  return fmt::format("{}/{}", record.sequenceNumber, record.subSequenceNumber);
}

std::string keyOf(const Record& record) {
  constexpr std::size_t kMost = 256;
  const bool taken = !record.partitionKey.empty() && record.partitionKey.size() <= kMost;
  return std::string(taken ? record.partitionKey : record.shardId);
}

}  // namespace

InputOutcomes::InputOutcomes(std::string streamName, HandlerPolicy policy,
                             std::shared_ptr<std::atomic<std::int64_t>> room, std::int64_t roomMax,
                             std::size_t partitions)
    : streamName_(std::move(streamName)),
      policy_(std::move(policy)),
      room_(std::move(room)),
      roomMax_(roomMax),
      partitions_(partitions) {}

void InputOutcomes::failed(std::size_t partition, std::size_t index, const Record& record) {
  switch (policy_.kind()) {
    case HandlerPolicy::Kind::kDeadLetterFile:
    case HandlerPolicy::Kind::kDeadLetterStream:
      return keepLetter(partitions_[partition], index, record);
    case HandlerPolicy::Kind::kSkipCounted:
      return skip(partitions_[partition], index, record);
    case HandlerPolicy::Kind::kFailBatch:
      throw Error(Code::kUserCodeFailed,
                  fmt::format("{}: the messageHandler threw {}", where(record), exceptionType()),
                  "mend the handler, or give the stream a HandlerPolicy (docs/STREAMS.md)");
  }
}

void InputOutcomes::keepLetter(Partition& partition, std::size_t index, const Record& record) {
  if (partition.letters.contains(index)) return;
  DeadLetter letter{
      consume::deadLetterLine(record, {streamName_, record.shardId}, describeCurrentException()),
      keyOf(record), where(record)};
  const auto bytes = static_cast<std::int64_t>(letter.line.size() + letter.partitionKey.size());
  if (room_->fetch_sub(bytes) < bytes) {
    throw Error(Code::kUserCodeFailed,
                fmt::format("{}: the dead letters of one batch take more than {} bytes "
                            "(tidemill.handler.deadLetterBytes)",
                            where(record), roomMax_),
                "if all these records are bad, raise the bound; else mend the handler");
  }
  partition.letters.emplace(index, std::move(letter));
}

void InputOutcomes::skip(Partition& partition, std::size_t index, const Record& record) const {
  if (partition.skipped.size() <= index) partition.skipped.resize(index + 1);
  if (partition.skipped[index]) return;
  partition.skipped[index] = true;
  const std::string shardId(record.shardId);
  Skipped& shard = partition.byShard[shardId];
  const bool only = ++shard.records.count == 1;
  // A task that is tried again may skip what it did not skip before.
  if (only || index < shard.first) {
    shard.first = index;
    shard.records.first = numberOf(record);
  }
  if (only || index > shard.last) {
    shard.last = index;
    shard.records.last = numberOf(record);
  }
}

std::string InputOutcomes::where(const Record& record) const {
  return fmt::format("stream {}, shard {}, sequence number {}, sub-sequence number {}",
                     base::quoteIfNeeded(streamName_), record.shardId, record.sequenceNumber,
                     record.subSequenceNumber);
}

std::vector<DeadLetter> InputOutcomes::takeLetters() {
  std::vector<DeadLetter> letters;
  for (Partition& partition : partitions_) {
    for (auto& [index, letter] : partition.letters) letters.push_back(std::move(letter));
    partition.letters.clear();
  }
  return letters;
}

std::vector<SkippedRecords> InputOutcomes::skipped() const {
  std::map<std::string, SkippedRecords> all;
  for (const Partition& partition : partitions_) {  // In the order of each shard.
    for (const auto& [shardId, one] : partition.byShard) {
      const SkippedRecords none{shardId, 0, one.records.first, {}};
      SkippedRecords& shard = all.try_emplace(shardId, none).first->second;
      shard.count += one.records.count;
      shard.last = one.records.last;
    }
  }
  std::vector<SkippedRecords> sorted;
  for (auto& [shardId, shard] : all) sorted.push_back(std::move(shard));
  return sorted;
}

std::shared_ptr<InputOutcomes> HandlerOutcomes::add(const KinesisSource& source, std::size_t partitions) {
  inputs_.push_back(std::make_shared<InputOutcomes>(source.streamName,
                                                    source.handlerPolicy.value_or(HandlerPolicy::failBatch()),
                                                    room_, roomMax_, partitions));
  return inputs_.back();
}

}  // namespace tidemill::stream

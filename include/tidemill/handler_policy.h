// tidemill/handler_policy.h: what becomes of a record for which the messageHandler throws.
#pragma once

#include <string>
#include <utility>

namespace tidemill {

// One for each stream. Nothing is skipped silently: the default is failBatch(), and what is left out of a
// batch is kept elsewhere or counted under a name. It decides record by record: all others go on.
//
//   HandlerPolicy::deadLetterToFile("letters/orders.jsonl").withAttempts(3)
//
// Functions that throw refuse their argument with Error(kInvalidConfig).
class HandlerPolicy {
 public:
  enum class Kind { kFailBatch, kDeadLetterFile, kDeadLetterStream, kSkipCounted };

  // The task fails, is tried again as often as any task (`spark.task.maxFailures`), and then the batch fails
  // with kUserCodeFailed naming stream, shard and sequence number; the batch is tried again.
  static HandlerPolicy failBatch() { return HandlerPolicy(Kind::kFailBatch, {}); }
  // The record is appended to a file of JSON lines (docs/STREAMS.md), synced after the outputs of the batch
  // have succeeded and before the batch counts as processed. The folder is made if it is missing.
  static HandlerPolicy deadLetterToFile(std::string path);
  // The same line is put into a Kinesis stream, by the endpoint, region and credentials of the stream that is
  // read, under the record's own partition key. A line is about 4/3 of the record; the stream must take it.
  static HandlerPolicy deadLetterToStream(std::string streamName);
  // The record is left out. Counted in StreamingTotals::skipped and told by the event `records_skipped` under
  // `reason`: up to 100 characters, not empty, nothing of a record.
  static HandlerPolicy skipCounted(std::string reason);

  // Calls of the handler for one record, one right after the other, before the above happens: 1 (the default)
  // to 1000. Larger rides out failures that pass, and keeps the task busy longer.
  HandlerPolicy withAttempts(int attempts) const;

  Kind kind() const { return kind_; }
  // The path, the stream or the reason.
  const std::string& target() const { return target_; }
  int attempts() const { return attempts_; }

 private:
  HandlerPolicy(Kind kind, std::string target) : kind_(kind), target_(std::move(target)) {}

  Kind kind_;
  std::string target_;
  int attempts_ = 1;
};

}  // namespace tidemill

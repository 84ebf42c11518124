// stream/handler_outcomes.h: what became of the records for which a handler threw, in one try of one batch.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stream/graph.h"
#include "tidemill/handler_policy.h"
#include "tidemill/streaming_context.h"

namespace tidemill::stream {

// A record on its way to the dead letters.
struct DeadLetter {
  std::string line;  // As consume::deadLetterLine.
  // A key that PutRecords takes: the record's own, else its shard.
  std::string partitionKey;
  // Which record it is, for errors.
  std::string name;
};

// Records of one shard that were skipped.
struct SkippedRecords {
  std::string shardId;
  std::int64_t count = 0;
  // Sequence numbers, with the sub-sequence number of a part of an aggregate: "495…82/3".
  std::string first;
  std::string last;
};

// Of one input. The tasks write, each into its own partition; a record counts once, however often its
// partition is computed. All else is for the time after the tasks.
class InputOutcomes final : public detail::HandlerFailures {
 public:
  // `room`: bytes that dead letters of all inputs may still take, of `roomMax`.
  InputOutcomes(std::string streamName, HandlerPolicy policy, std::shared_ptr<std::atomic<std::int64_t>> room,
                std::int64_t roomMax, std::size_t partitions);

  int attemptsMax() const override { return policy_.attempts(); }
  void failed(std::size_t partition, std::size_t index, const Record& record) override;

  const std::string& streamName() const { return streamName_; }
  const HandlerPolicy& policy() const { return policy_; }
  // In the order of the batch.
  std::vector<DeadLetter> takeLetters();
  // In the order of shard ids.
  std::vector<SkippedRecords> skipped() const;

 private:
  // By the index of the record in its partition.
  struct Skipped {
    SkippedRecords records;
    std::size_t first = 0;
    std::size_t last = 0;
  };
  struct Partition {
    std::map<std::size_t, DeadLetter> letters;
    std::vector<bool> skipped;
    std::map<std::string, Skipped> byShard;
  };

  void keepLetter(Partition& partition, std::size_t index, const Record& record);
  void skip(Partition& partition, std::size_t index, const Record& record) const;
  std::string where(const Record& record) const;

  const std::string streamName_;
  const HandlerPolicy policy_;
  const std::shared_ptr<std::atomic<std::int64_t>> room_;
  const std::int64_t roomMax_;
  std::vector<Partition> partitions_;
};

// Made for one try and filled on its job thread and its workers; read on the control lane when it has
// succeeded, forgotten when it has not.
class HandlerOutcomes {
 public:
  // `letterBytesMax` bounds the dead letters of all inputs together; the batch fails above it.
  explicit HandlerOutcomes(std::int64_t letterBytesMax)
      : room_(std::make_shared<std::atomic<std::int64_t>>(letterBytesMax)), roomMax_(letterBytesMax) {}

  // The inputs in their order, each once.
  std::shared_ptr<InputOutcomes> add(const KinesisSource& source, std::size_t partitions);

  const std::vector<std::shared_ptr<InputOutcomes>>& inputs() const { return inputs_; }

  // Elements that tryMap has left out.
  void setLeftOut(std::int64_t elements) { leftOut_ = elements; }
  std::int64_t leftOut() const { return leftOut_; }

 private:
  const std::shared_ptr<std::atomic<std::int64_t>> room_;
  const std::int64_t roomMax_;
  std::vector<std::shared_ptr<InputOutcomes>> inputs_;
  std::int64_t leftOut_ = 0;
};

}  // namespace tidemill::stream

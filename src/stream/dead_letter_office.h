// stream/dead_letter_office.h: keeps the dead letters of a batch for good, and tells what was skipped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "consume/dead_letter_file.h"
#include "kinesis/kinesis_api.h"
#include "rt/env.h"
#include "rt/task.h"
#include "stream/handler_outcomes.h"

namespace tidemill::stream {

// Lives on the control lane; files are written on the store thread.
class DeadLetterOffice {
 public:
  // The client of an input.
  using ApiOf = std::function<kinesis::KinesisApi&(std::size_t input)>;

  // `env` outlives this object.
  DeadLetterOffice(const rt::Env& env, ApiOf api) : env_(env), api_(std::move(api)) {}

  // Returns when every letter is kept; only then the batch may count as processed. After an error some may
  // have been kept, and are kept again with the next try of the batch. Errors name the file or the stream:
  // kIo, kDiskFull, kThrottled, or what PutRecords gave.
  rt::Task<Result<void>> settle(std::shared_ptr<HandlerOutcomes> outcomes);

  // Since the start of the context; a batch counts when it has been settled.
  std::int64_t skipped() const { return skipped_; }
  std::int64_t deadLettered() const { return deadLettered_; }
  std::int64_t leftOut() const { return leftOut_; }

 private:
  rt::Task<Result<void>> keep(const HandlerPolicy& policy, std::size_t input,
                              std::vector<DeadLetter> letters);
  rt::Task<Result<void>> append(const std::string& path, std::vector<DeadLetter> letters);
  rt::Task<Result<void>> put(std::string stream, kinesis::KinesisApi& api, std::vector<DeadLetter> letters);
  rt::Task<Result<void>> putAll(std::string stream, kinesis::KinesisApi& api,
                                std::vector<kinesis::PutEntry> entries);
  void tellSkipped(const InputOutcomes& input);

  const rt::Env& env_;
  const ApiOf api_;
  // By path: inputs may share one. Of the store thread.
  std::map<std::string, std::shared_ptr<consume::DeadLetterFile>> files_;
  std::int64_t skipped_ = 0;
  std::int64_t deadLettered_ = 0;
  std::int64_t leftOut_ = 0;
};

}  // namespace tidemill::stream
